//! A process as a client: user, environment, limits, sandbox; and what keeps wharf itself from connecting, by calls that
//! no network sees; proc_pid_status(5), proc_pid_limits(5), seccomp(2), landlock(7).
//!
//! Not here: putting oneself in its place (`stand`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use wharf_sys::linux::proc_dir::ProcDir;

use super::errno::Errno;
use super::programs;

/// What is known of a process as a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientProcess {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its environment, as it was started; `None` where it may not be read.
    pub environment: Option<BTreeMap<String, String>>,
    /// How many files it has open; `None` where that may not be read.
    pub open_files: Option<u64>,
    /// How many it may have open.
    pub files_limit: Option<u64>,
    /// Whether system calls of it are filtered (seccomp), and by how many filters where that is told.
    pub filters: Option<u32>,
    /// Directory of its control group (cgroup v2).
    pub cgroup: Option<PathBuf>,
    /// Its root directory, as seen from here.
    pub root: PathBuf,
    /// What its security module calls it, where one has a say: `unconfined` is none.
    pub confined_by: Option<String>,
}

/// Returns what is known of process `pid`.
///
/// # Errors
/// `NotFound` if there is none.
pub fn process(pid: u32) -> io::Result<ClientProcess> {
    let place = PathBuf::from(format!("/proc/{pid}"));
    let status = fs::read_to_string(place.join("status"))?;
    let environment = fs::read(place.join("environ")).ok().map(|text| variables(&text));
    let (uid, gid) = (second(&status, "Uid"), second(&status, "Gid"));
    // Since Linux 6.2 the size of the folder is how many there are.
    let counted = || fs::read_dir(place.join("fd")).ok().map(|entries| entries.count() as u64);
    let told = fs::metadata(place.join("fd")).ok().map(|folder| folder.size()).filter(|size| *size > 0);
    let limits = fs::read_to_string(place.join("limits")).unwrap_or_default();
    let filtered = field(&status, "Seccomp") == Some("2");
    Ok(ClientProcess {
        pid,
        name: field(&status, "Name").unwrap_or_default().to_owned(),
        uid: uid.unwrap_or_default(),
        gid: gid.unwrap_or_default(),
        environment,
        open_files: told.or_else(counted),
        files_limit: files_limit(&limits),
        filters: filtered
            .then(|| field(&status, "Seccomp_filters").and_then(|count| count.parse().ok()).unwrap_or(1)),
        cgroup: programs::cgroup_of(pid),
        root: place.join("root"),
        confined_by: confined_by(fs::read_to_string(place.join("attr/current")).ok()),
    })
}

/// Returns whether wharf may trace packets: CAP_NET_ADMIN of the user namespace it is in.
#[must_use]
pub fn may_trace() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let capabilities = field(&status, "CapEff").and_then(|text| u64::from_str_radix(text, 16).ok());
    capabilities.unwrap_or_default() & CAP_NET_ADMIN != 0
}

/// Returns whether the calling thread is in another network namespace than the first process of this machine, or of this
/// container: `None` where that cannot be seen.
#[must_use]
pub fn is_apart() -> Option<bool> {
    Some(!is_with(1)?)
}

/// Returns whether process `pid` is in the calling thread's network namespace: by the number of `net/tcp`, which each
/// namespace has of its own and everybody may read.
#[must_use]
pub fn is_with(pid: u32) -> Option<bool> {
    let proc = ProcDir::open().ok()?;
    let own = proc.inode("thread-self/net/tcp").ok()?;
    Some(proc.inode(&format!("{pid}/net/tcp")).ok()? == own)
}

/// Returns whether process `pid` is in the network namespace of the machine's first process; `None` where that cannot be
/// seen.
#[must_use]
pub fn is_outside(pid: u32) -> Option<bool> {
    let proc = ProcDir::open().ok()?;
    let first = proc.inode("1/net/tcp").ok()?;
    Some(proc.inode(&format!("{pid}/net/tcp")).ok()? == first)
}

/// What answers to calls that no network sees, and that have one answer unless something forbids them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forbidden {
    /// What socket(2) says for want of a family, or by a filter.
    pub socket: Option<Errno>,
    /// What connect(2) says of something that is no socket: only a filter of system calls sees that before the kernel does.
    pub connect: Option<Errno>,
    /// Whether Landlock has a say on TCP connections: it compares families before the kernel does, and says so otherwise.
    pub by_landlock: bool,
    /// What a security module calls wharf itself.
    pub confined_by: Option<String>,
    /// How many filters of system calls there are.
    pub filters: Option<u32>,
}

/// Finds out what forbids wharf itself a connection to `to`.
#[must_use]
pub fn forbidden(to: SocketAddr) -> Forbidden {
    let own = process(std::process::id()).unwrap_or_default();
    Forbidden {
        socket: unlike(socket_without_type(to), Errno::INVAL),
        connect: unlike(connect_without_socket(to), Errno::NOTSOCK),
        by_landlock: is_under_landlock(to),
        confined_by: own.confined_by,
        filters: own.filters,
    }
}

fn unlike(said: Option<Errno>, expected: Errno) -> Option<Errno> {
    said.filter(|errno| *errno != expected)
}

/// A type that no socket has: EINVAL, before the family is looked at.
fn socket_without_type(to: SocketAddr) -> Option<Errno> {
    let made = rustix::net::socket_with(family(to), SocketType::from_raw(15), SocketFlags::CLOEXEC, None);
    made.err().map(|errno| Errno(errno.raw_os_error()))
}

/// A file that is no socket: ENOTSOCK, before the address is looked at.
fn connect_without_socket(to: SocketAddr) -> Option<Errno> {
    let file = File::open("/dev/null").ok()?;
    rustix::net::connect(&file, &to).err().map(|errno| Errno(errno.raw_os_error()))
}

/// An address of the other family: EAFNOSUPPORT of TCP itself, EINVAL of Landlock, which comes before it
/// (`current_check_access_socket` in security/landlock/net.c).
fn is_under_landlock(to: SocketAddr) -> bool {
    let other: SocketAddr = if to.is_ipv4() {
        (Ipv6Addr::LOCALHOST, to.port()).into()
    } else {
        (Ipv4Addr::LOCALHOST, to.port()).into()
    };
    let Ok(socket) = rustix::net::socket_with(family(to), SocketType::STREAM, SocketFlags::CLOEXEC, None)
    else {
        return false;
    };
    // An IPv6 socket takes addresses of IPv4 for other reasons, and an address too short for it is EINVAL anyway.
    to.is_ipv4() && rustix::net::connect(&socket, &other) == Err(rustix::io::Errno::INVAL)
        || to.is_ipv6() && is_under_landlock((Ipv4Addr::LOCALHOST, to.port()).into())
}

fn family(to: SocketAddr) -> AddressFamily {
    if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 }
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Returns the effective one of four numbers.
fn second(status: &str, name: &str) -> Option<u32> {
    field(status, name)?.split_whitespace().nth(1)?.parse().ok()
}

fn files_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn confined_by(text: Option<String>) -> Option<String> {
    let text = text?;
    let label = text.trim_end_matches(['\n', '\0']).trim();
    let is_free =
        label.is_empty() || label == "unconfined" || label.contains("unconfined_t") || label == "kernel";
    (!is_free).then(|| label.to_owned())
}

fn variables(text: &[u8]) -> BTreeMap<String, String> {
    let one = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    text.split(|byte| *byte == 0).filter_map(one).collect()
}

/// Number 12 of `linux/capability.h`.
const CAP_NET_ADMIN: u64 = 1 << 12;

#[cfg(test)]
mod tests {
    use super::{confined_by, field, files_limit, forbidden, is_with, process, second, variables};

    #[test]
    fn this_process_is_known() {
        let own = process(std::process::id()).unwrap();
        assert!(own.open_files.unwrap() >= 3 && own.files_limit.unwrap() >= own.open_files.unwrap());
        assert_eq!(own.uid, rustix::process::geteuid().as_raw());
        assert!(own.environment.unwrap().contains_key("PATH"));
        assert_eq!(is_with(std::process::id()), Some(true));
        assert!(process(u32::MAX).is_err());
    }

    #[test]
    fn nothing_forbids_a_test_to_connect() {
        for to in ["127.0.0.1:1", "[::1]:1"] {
            let found = forbidden(to.parse().unwrap());
            assert_eq!((found.connect, found.by_landlock), (None, false), "{to}");
        }
    }

    #[test]
    fn what_the_kernel_writes_is_read() {
        let status = "Name:\tx y\nUid:\t1\t2\t3\t4\nSeccomp:\t2\n";
        assert_eq!((field(status, "Name"), second(status, "Uid")), (Some("x y"), Some(2)));
        assert_eq!(
            files_limit("Max open files            1024                 4096        files\n"),
            Some(1024)
        );
        assert_eq!(
            confined_by(Some("docker-default (enforce)\n".to_owned())).as_deref(),
            Some("docker-default (enforce)")
        );
        assert_eq!(confined_by(Some("unconfined\n".to_owned())), None);
        assert_eq!(variables(b"a=b=c\0d\0e=\0").len(), 2);
    }
}
