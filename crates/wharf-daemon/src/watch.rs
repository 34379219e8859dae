//! What others do, as it happens: leases that change in the file, runs that begin and end. Nothing wakes up meanwhile.
//!
//! Not here: what follows from it ([`crate::house`]).

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use wharf_os::folder::Folders;
use wharf_os::state;

use crate::house::House;

/// Hears changes of leases and runs from now on, in a thread that waits in the kernel.
pub(crate) fn hear(house: &Arc<House>) -> io::Result<()> {
    // The file of leases is in the one, those of runs in the other.
    let folders = Folders::watch(&[&state::directory()?, &state::subdirectory("runs")?])?;
    let house = Arc::clone(house);
    thread::spawn(move || {
        while folders.wait(None).is_ok() {
            // A run is struck off before its process has ended and let go of its ports, so some are tried again. What cannot
            // be read now is read after the next change.
            for pause in PAUSES {
                let has_all = house.sync().unwrap_or(true);
                // A change comes as several events, and seldom alone.
                thread::sleep(Duration::from_millis(pause));
                if has_all {
                    break;
                }
            }
        }
    });
    Ok(())
}

/// Milliseconds between one try and the next.
const PAUSES: [u64; 5] = [20, 40, 80, 160, 320];
