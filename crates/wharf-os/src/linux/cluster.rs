//! Clusters of Node, whose workers take no port but the one that they ask for: each compares it with what getsockname(2)
//! says (`checkBindError` of Node's lib/net.js).
//!
//! Not here: which sockets were moved, and from where.

use std::io;

use wharf_sys::linux::proc_dir::ProcDir;
use wharf_sys::linux::process_memory;

/// Returns whether the process of thread `tid` is the primary of a cluster or one of its workers.
pub(crate) fn is_member(tid: u32) -> bool {
    let Ok(proc) = ProcDir::open() else { return false };
    let mut text = Vec::new();
    let mut is_worker = |pid: &str| {
        let read = proc.read(&format!("{pid}/environ"), &mut text);
        // What a process was started with, even if it has deleted the variable since, as Node does.
        read.is_ok() && text.split(|byte| *byte == 0).any(|variable| variable.starts_with(WORKER))
    };
    if is_worker(&tid.to_string()) {
        return true;
    }
    let mut children = Vec::new();
    proc.threads(tid).unwrap_or_default().into_iter().any(|thread| {
        // A worker lives while its primary asks for it.
        proc.read(&format!("{tid}/task/{thread}/children"), &mut children).is_ok()
            && String::from_utf8_lossy(&children).split_ascii_whitespace().any(&mut is_worker)
    })
}

/// Writes `address` where a getsockname(2) of thread `tid` wants it, and its length. False if the kernel is to say what
/// is wrong with these places.
///
/// # Errors
/// EPERM if that may not be.
pub(crate) fn tell(tid: u32, address: &[u8], [place, length_place]: [u64; 2]) -> io::Result<bool> {
    let whole = |outcome: io::Result<usize>, length: usize| match outcome {
        Ok(count) => Ok(count == length),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        Err(_) => Ok(false),
    };
    let mut room = [0; size_of::<i32>()];
    if !whole(process_memory::read(tid, length_place, &mut room), room.len())? {
        return Ok(false);
    }
    // A negative one is EINVAL.
    let Ok(room) = usize::try_from(i32::from_ne_bytes(room)) else { return Ok(false) };
    let written = &address[..address.len().min(room)];
    let length = (address.len() as u32).to_ne_bytes();
    Ok(whole(process_memory::write(tid, place, written), written.len())?
        && whole(process_memory::write(tid, length_place, &length), length.len())?)
}

/// The variable in which a primary tells a worker its number.
const WORKER: &[u8] = b"NODE_UNIQUE_ID=";

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::is_member;

    #[test]
    fn a_worker_and_whoever_has_one_are_a_cluster() {
        assert!(!is_member(u32::MAX));
        let alone = Command::new("sleep").arg("30").spawn().unwrap();
        let mut primary = Command::new("sh");
        // The worker ends with its input.
        primary.args(["-c", "exec 3<&0; NODE_UNIQUE_ID=1 cat <&3 & wait"]).stdin(Stdio::piped());
        let primary = primary.spawn().unwrap();
        let worker = Command::new("sleep").arg("30").env("NODE_UNIQUE_ID", "2").spawn().unwrap();
        let begin = Instant::now();
        // Between fork and execve they have still the environment of their parent.
        while !(is_member(primary.id()) && is_member(worker.id())) {
            assert!(begin.elapsed() < Duration::from_secs(10));
        }
        assert!(!is_member(alone.id()));
        for mut child in [alone, primary, worker] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
