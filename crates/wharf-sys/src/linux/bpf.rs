//! BPF programs that are attached to a control group, an interface or a network namespace, and what one says of a packet;
//! bpf(2), `linux/bpf.h`.
//!
//! Not here: loading or attaching any, and what they mean.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Where a program is attached (`enum bpf_attach_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// Packets that come in for sockets of the group.
    CgroupIngress = 0,
    /// Packets that sockets of the group send.
    CgroupEgress = 1,
    /// socket(2).
    CgroupSocketCreate = 2,
    /// bind(2), IPv4.
    CgroupBind4 = 8,
    /// bind(2), IPv6.
    CgroupBind6 = 9,
    /// connect(2), IPv4.
    CgroupConnect4 = 10,
    /// connect(2), IPv6.
    CgroupConnect6 = 11,
    /// Packets that come in by an interface (TCX, since Linux 6.6).
    InterfaceIngress = 46,
    /// Packets that go out by an interface (TCX).
    InterfaceEgress = 47,
    /// The look-up of the listener of a connection, of a network namespace.
    SkLookup = 36,
}

/// Returns the ids of the programs that are attached to `target`, the directory of a control group (cgroup v2) or a
/// network namespace, itself.
///
/// # Errors
/// `EPERM` without CAP_NET_ADMIN in the initial user namespace; `EINVAL` where the kernel knows no such place.
pub fn attached(target: impl AsFd, attach: Attach) -> io::Result<Vec<u32>> {
    query(target.as_fd().as_raw_fd(), attach)
}

/// Returns the ids of the programs that are attached to interface `index` of the thread's network namespace.
///
/// # Errors
/// As [`attached`].
pub fn attached_to_interface(index: u32, attach: Attach) -> io::Result<Vec<u32>> {
    query(index.cast_signed(), attach)
}

fn query(target: RawFd, attach: Attach) -> io::Result<Vec<u32>> {
    let mut ids = [0_u32; PROGRAMS_AT_MOST];
    let mut query = Query {
        target,
        attach: attach as u32,
        ids: ids.as_mut_ptr() as u64,
        count: PROGRAMS_AT_MOST as u32,
        ..Query::default()
    };
    // SAFETY: the kernel reads and writes the query, and writes at most `count` numbers to `ids`; both outlive the call,
    // and a number that is no descriptor, or no interface, is an error.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_QUERY, &raw mut query, size_of::<Query>() as u32) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(ids[..(query.count as usize).min(PROGRAMS_AT_MOST)].to_vec())
}

/// Returns the name of program `id`, at most 15 bytes of it: empty if it has none.
///
/// # Errors
/// `EPERM` without CAP_BPF or CAP_SYS_ADMIN; `NotFound` if there is none.
pub fn name(id: u32) -> io::Result<String> {
    let program = program(id)?;
    let mut info = [0_u64; INFO / 8];
    let mut query =
        InfoQuery { program: program.as_raw_fd(), length: INFO as u32, info: info.as_mut_ptr() as u64 };
    // SAFETY: the kernel writes at most `length` bytes to `info`, which is that long; both outlive the call, and the
    // descriptor is open.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &raw mut query, size_of::<InfoQuery>() as u32)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let bytes: Vec<u8> = info.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let name = bytes[INFO_NAME..INFO_NAME + 16].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// Returns what program `id` says of `packet`, an Ethernet frame, without anything being sent (BPF_PROG_TEST_RUN).
///
/// # Errors
/// `EPERM` without CAP_BPF and CAP_NET_ADMIN; `ENOTSUPP` for a type of program that cannot be tried.
pub fn verdict(id: u32, packet: &[u8]) -> io::Result<u32> {
    let program = program(id)?;
    let mut query = TestRun {
        program: program.as_raw_fd(),
        size_in: packet.len() as u32,
        data_in: packet.as_ptr() as u64,
        ..TestRun::default()
    };
    // SAFETY: the kernel reads `size_in` bytes of `packet`, writes no data where there is no room for any, and writes to the
    // query; all outlive the call, and the descriptor is open.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, BPF_PROG_TEST_RUN, &raw mut query, size_of::<TestRun>() as u32)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(query.verdict) }
}

fn program(id: u32) -> io::Result<OwnedFd> {
    let query = [id, 0, 0];
    // SAFETY: the kernel reads 12 bytes of `query`, which outlives the call.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, BPF_PROG_GET_FD_BY_ID, query.as_ptr(), size_of_val(&query) as u32)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the result is a new descriptor (close-on-exec), which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(result as RawFd) })
}

/// The part `query` of `union bpf_attr`, as long as it has been since Linux 4.15.
#[repr(C)]
#[derive(Default)]
struct Query {
    target: RawFd,
    attach: u32,
    flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
}

/// The part `info` of `union bpf_attr`.
#[repr(C)]
struct InfoQuery {
    program: RawFd,
    length: u32,
    info: u64,
}

/// The part `test` of `union bpf_attr`, as long as it has been since Linux 4.12.
#[repr(C)]
#[derive(Default)]
struct TestRun {
    program: RawFd,
    verdict: u32,
    size_in: u32,
    size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
}

const BPF_PROG_TEST_RUN: libc::c_int = 10;
const BPF_PROG_GET_FD_BY_ID: libc::c_int = 13;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const BPF_PROG_QUERY: libc::c_int = 16;
/// Bytes of `struct bpf_prog_info` that are asked for, and where in it the name is.
const INFO: usize = 96;
const INFO_NAME: usize = 64;
/// The kernel allows as many at one place (BPF_CGROUP_MAX_PROGS).
const PROGRAMS_AT_MOST: usize = 64;

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::{Attach, attached, name, verdict};

    #[test]
    fn a_namespace_without_programs_has_none() {
        let namespace = File::open("/proc/self/ns/net").unwrap();
        // Without privilege the answer is an error.
        if let Ok(programs) = attached(&namespace, Attach::SkLookup) {
            assert!(programs.len() < 64);
        }
    }

    #[test]
    fn what_is_no_group_and_no_program_is_an_error() {
        let file = File::open("/dev/null").unwrap();
        assert!(attached(&file, Attach::CgroupEgress).is_err());
        assert!(name(u32::MAX).is_err());
        assert!(verdict(u32::MAX, &[0; 60]).is_err());
    }
}
