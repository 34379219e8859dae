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
            // What cannot be read now is read after the next change.
            let _ = house.sync();
            // A change comes as several events, and seldom alone.
            thread::sleep(PAUSE);
        }
    });
    Ok(())
}

const PAUSE: Duration = Duration::from_millis(20);
