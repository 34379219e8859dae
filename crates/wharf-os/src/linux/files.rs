//! Files that tell of projects, read with bounds: of size always, of time on network file systems.
//!
//! A server's working directory may lie on a file server that is down, and a stat(2) there would hang
//! for minutes. So what lies on such a mount is read by a thread that nobody waits for longer than
//! [`PATIENCE`], and a mount that once did not answer is not asked again.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::traits::Files;

/// The files of Linux.
#[derive(Debug, Default)]
pub(crate) struct LinuxFiles {
    network_mounts: OnceLock<Vec<PathBuf>>,
    silent: Mutex<Vec<PathBuf>>,
}

impl Files for LinuxFiles {
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        self.patiently(path, move |path| read(path, limit))
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.patiently(path, |path| path.is_dir().then_some(())).is_some()
    }

    fn list(&self, directory: &Path, limit: usize) -> Option<Vec<OsString>> {
        self.patiently(directory, move |directory| {
            let entries = fs::read_dir(directory).ok()?.take(limit + 1);
            let names: io::Result<Vec<OsString>> = entries.map(|entry| Ok(entry?.file_name())).collect();
            names.ok().filter(|names| names.len() <= limit)
        })
    }

    fn exists(&self, path: &Path) -> bool {
        self.patiently(path, |path| path.exists().then_some(())).is_some()
    }
}

impl LinuxFiles {
    fn patiently<T: Send + 'static>(
        &self,
        path: &Path,
        look: impl FnOnce(&Path) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let mounts = self.network_mounts.get_or_init(network_mounts);
        let Some(mount) = mounts.iter().find(|mount| path.starts_with(mount)) else { return look(path) };
        if self.silent.lock().expect("no holder of this lock panics").contains(mount) {
            return None;
        }
        let (send, receive) = mpsc::channel();
        let path = path.to_owned();
        std::thread::spawn(move || send.send(look(&path)));
        receive.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            self.silent.lock().expect("no holder of this lock panics").push(mount.clone());
            None
        })
    }
}

fn read(path: &Path, limit: usize) -> Option<Vec<u8>> {
    // Looked at before it is opened: to open a FIFO would wait for its writer.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    File::open(path).ok()?.take(limit as u64 + 1).read_to_end(&mut content).ok()?;
    (content.len() <= limit).then_some(content)
}

/// Returns where file systems are mounted that need another machine, or another program, to answer.
fn network_mounts() -> Vec<PathBuf> {
    let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(network_mount).collect()
}

fn network_mount(line: &str) -> Option<PathBuf> {
    let (left, right) = line.split_once(" - ")?;
    let kind = right.split(' ').next()?;
    let slow =
        matches!(kind, "nfs" | "nfs4" | "cifs" | "smb3" | "afs" | "ceph" | "autofs" | "glusterfs" | "lustre")
            || kind.starts_with("fuse.")
            || kind == "fuse";
    let point = left.split(' ').nth(4)?;
    slow.then(|| PathBuf::from(point.replace("\\040", " ")))
}

/// How long a file on a network file system is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{LinuxFiles, network_mount};
    use crate::traits::Files;

    #[test]
    fn only_file_systems_behind_another_machine_or_program_are_read_with_patience() {
        let nfs = "40 26 0:40 / /home/a\\040b rw - nfs4 server:/home rw";
        assert_eq!(network_mount(nfs), Some(PathBuf::from("/home/a b")));
        assert_eq!(network_mount("41 26 0:41 / /m rw - fuse.sshfs host: rw"), Some(PathBuf::from("/m")));
        assert_eq!(network_mount("42 26 8:1 / / rw - ext4 /dev/sda1 rw"), None);
        assert_eq!(network_mount("nonsense"), None);
    }

    #[test]
    fn a_file_over_the_limit_and_a_fifo_are_as_good_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("package.json");
        std::fs::write(&file, b"{}").unwrap();
        let files = LinuxFiles::default();
        assert_eq!(files.read(&file, 2).as_deref(), Some(&b"{}"[..]));
        assert_eq!(files.read(&file, 1), None);
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert_eq!(files.read(&fifo, 100), None);
        assert!(files.exists(&fifo) && !files.is_dir(&fifo) && files.is_dir(folder.path()));
    }

    #[test]
    fn a_mount_that_does_not_answer_is_given_up_once_and_for_all() {
        let files =
            LinuxFiles { network_mounts: vec![PathBuf::from("/dead")].into(), silent: Default::default() };
        let hang = |_: &Path| -> Option<()> {
            std::thread::park();
            None
        };
        assert_eq!(files.patiently(Path::new("/dead/a"), hang), None);
        let reached = files.patiently(Path::new("/dead/b"), |_: &Path| Some(()));
        assert_eq!(reached, None);
        assert_eq!(files.patiently(Path::new("/alive"), |_: &Path| Some(())), Some(()));
    }
}
