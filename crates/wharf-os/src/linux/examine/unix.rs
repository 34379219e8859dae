//! A Unix socket by its path: what lies there, who listens, and what connect(2) says; unix(7), proc_net(5).
//!
//! Not here: what is said on it.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::errno::Errno;

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Whether it is a socket.
    pub is_socket: bool,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A Unix socket in the kernel's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Inode in sockfs.
    pub inode: u64,
    /// Whether it listens.
    pub listens: bool,
    /// Whether it is of type SOCK_STREAM.
    pub stream: bool,
}

/// Returns what lies at `path`.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR … of stat(2).
pub fn node(path: &Path) -> Result<Node, Errno> {
    let metadata = fs::metadata(path).map_err(|error| Errno::of(&error).unwrap_or(Errno::INVAL))?;
    Ok(Node {
        is_socket: metadata.file_type().is_socket(),
        is_directory: metadata.is_dir(),
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
    })
}

/// Returns the innermost part of `path` that is there.
#[must_use]
pub fn innermost(path: &Path) -> PathBuf {
    let is_there = |part: &&Path| part.as_os_str().is_empty() || part.symlink_metadata().is_ok();
    path.ancestors().skip(1).find(is_there).unwrap_or(Path::new("/")).to_owned()
}

/// Connects to the stream socket at `path` (an abstract one begins with `@`), and never waits: a full queue is EAGAIN.
///
/// # Errors
/// What connect(2) said.
pub fn connect(path: &Path) -> Result<OwnedFd, Errno> {
    let told = |errno: rustix::io::Errno| Errno(errno.raw_os_error());
    let address = match path.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddrUnix::new_abstract_name(name),
        None => SocketAddrUnix::new(path),
    };
    let address = address.map_err(told)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(told)?;
    rustix::net::connect(socket.as_fd(), &address).map_err(told)?;
    Ok(socket)
}

/// Returns the sockets of this network namespace that were bound to `path`, as the kernel lists it.
#[must_use]
pub fn bound_to(path: &Path) -> Vec<Bound> {
    let table = fs::read("/proc/thread-self/net/unix").unwrap_or_default();
    table.split(|&byte| byte == b'\n').filter_map(|line| row(line, path.as_os_str().as_bytes())).collect()
}

/// Returns inode and path of every stream socket of this network namespace that listens and has a path.
#[must_use]
pub fn listening() -> Vec<(u64, String)> {
    let table = fs::read("/proc/thread-self/net/unix").unwrap_or_default();
    String::from_utf8_lossy(&table).lines().filter_map(listener).collect()
}

fn listener(line: &str) -> Option<(u64, String)> {
    let mut fields = line.split_whitespace().skip(3);
    let flags = u32::from_str_radix(fields.next()?, 16).ok()?;
    let kind = fields.next()?;
    let inode = fields.nth(1)?.parse().ok()?;
    let (_, path) = line.split_once(" /")?;
    (flags & ACCEPTS != 0 && kind == "0001").then(|| (inode, format!("/{path}")))
}

/// Reads `Num RefCount Protocol Flags Type St Inode Path`, if the path is `path`.
fn row(line: &[u8], path: &[u8]) -> Option<Bound> {
    let text = line.strip_suffix(path)?;
    let text = std::str::from_utf8(text).ok()?;
    let mut fields = text.strip_suffix(' ')?.split_whitespace().skip(3);
    let flags = u32::from_str_radix(fields.next()?, 16).ok()?;
    let kind = fields.next()?;
    let inode = fields.nth(1)?.parse().ok()?;
    if fields.next().is_some() {
        // The path is longer, and only ends so.
        return None;
    }
    Some(Bound { inode, listens: flags & ACCEPTS != 0, stream: kind == "0001" })
}

/// `__SO_ACCEPTCON` of `linux/net.h`.
const ACCEPTS: u32 = 0x1_0000;

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::{Bound, bound_to, connect, innermost, node, row};
    use crate::examine::errno::Errno;

    #[test]
    fn a_row_is_read_by_its_path() {
        let line = b"0000000000000000: 00000002 00000000 00010000 0001 01 23456 /run/x y.sock";
        assert_eq!(row(line, b"/run/x y.sock"), Some(Bound { inode: 23456, listens: true, stream: true }));
        assert_eq!(row(line, b"y.sock"), None);
        assert_eq!(row(b"", b"/x"), None);
    }

    #[test]
    fn a_listener_a_stale_file_and_nothing_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        assert_eq!(connect(&path).unwrap_err(), Errno::NOENT);
        assert_eq!(innermost(&folder.path().join("b/c/d.sock")), folder.path());
        let listener = UnixListener::bind(&path).unwrap();
        assert!(node(&path).unwrap().is_socket);
        assert!(connect(&path).is_ok());
        assert!(bound_to(&path).iter().any(|bound| bound.listens && bound.stream));
        drop(listener);
        assert_eq!(connect(&path).unwrap_err(), Errno::CONNREFUSED);
        assert!(bound_to(&path).is_empty());
    }
}
