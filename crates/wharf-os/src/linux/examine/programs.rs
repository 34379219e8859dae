//! BPF programs that decide on connections: those of control groups (systemd's IPAddressDeny= and the like are such) and of
//! the network namespace; bpf(2), cgroups(7).
//!
//! Asking takes CAP_NET_ADMIN. Not here: what they would say of a packet, which only trying tells.

use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use wharf_sys::linux::bpf;
pub use wharf_sys::linux::bpf::Attach;
use wharf_sys::text::cgroup::{memberships, mounts};

/// A program that is attached to a control group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupProgram {
    /// Path of the group in its hierarchy.
    pub group: String,
    /// Where in the group.
    pub attach: Attach,
    /// Its id.
    pub id: u32,
    /// Its name; empty if it has none, or may not be told.
    pub name: String,
}

/// Returns the programs of one of `places` that hold for processes of the group whose directory is `directory`: its own and
/// those of groups above it. `None` where they may not be asked for.
#[must_use]
pub fn of_group(directory: &Path, places: &[Attach]) -> Option<Vec<GroupProgram>> {
    let (root, _) = mounted()?;
    let mut found = Vec::new();
    let mut may_ask = false;
    for group in directory.ancestors().take_while(|group| group.starts_with(&root)) {
        let Ok(opened) = File::open(group) else { continue };
        for &attach in places {
            let Ok(ids) = bpf::attached(&opened, attach) else { continue };
            may_ask = true;
            let path = Path::new("/").join(group.strip_prefix(&root).unwrap_or(group));
            found.extend(ids.into_iter().map(|id| GroupProgram {
                group: path.to_string_lossy().into_owned(),
                attach,
                id,
                name: bpf::name(id).unwrap_or_default(),
            }));
        }
    }
    may_ask.then_some(found)
}

/// Returns the programs that look up listeners in this network namespace: ids and names. `None` where they may not be asked
/// for.
#[must_use]
pub fn of_namespace() -> Option<Vec<(u32, String)>> {
    let namespace = File::open("/proc/thread-self/ns/net").ok()?;
    let ids = bpf::attached(&namespace, Attach::SkLookup).ok()?;
    Some(ids.into_iter().map(|id| (id, bpf::name(id).unwrap_or_default())).collect())
}

/// Returns whether program `id`, one of a control group's packets, lets `packet` through; `None` where it cannot be tried.
#[must_use]
pub fn lets_through(id: u32, packet: &[u8]) -> Option<bool> {
    bpf::verdict(id, packet).ok().map(|verdict| verdict & 1 == 1)
}

/// Returns whether XDP program `id` drops `packet`; `None` where it cannot be tried.
#[must_use]
pub fn xdp_drops(id: u32, packet: &[u8]) -> Option<bool> {
    // XDP_ABORTED and XDP_DROP
    bpf::verdict(id, packet).ok().map(|verdict| verdict <= 1)
}

/// Returns the programs on interface `index` that need no queue (TCX): their ids; none where they may not be asked for.
#[must_use]
pub fn of_interface(index: u32) -> Vec<u32> {
    let of = |attach| bpf::attached_to_interface(index, attach).unwrap_or_default();
    [of(Attach::InterfaceIngress), of(Attach::InterfaceEgress)].concat()
}

/// Returns whether program `id` of tc(8) drops `packet`; `None` where it cannot be tried.
#[must_use]
pub fn tc_drops(id: u32, packet: &[u8]) -> Option<bool> {
    // TC_ACT_SHOT
    bpf::verdict(id, packet).ok().map(|verdict| verdict == 2)
}

/// Returns the first packet of a connection, as an Ethernet frame of the loopback interface: for programs to be tried on.
#[must_use]
pub fn first_packet(from: SocketAddr, to: SocketAddr, is_answer: bool) -> Vec<u8> {
    let mut packet = vec![0; 12];
    let flags = if is_answer { 0x12 } else { 0x02 };
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend([0x08, 0, 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
        }
        (from, to) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            packet.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64]);
            packet.extend(octets(from));
            packet.extend(octets(to));
        }
    }
    packet.extend(from.port().to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend([0, 0, 0, 1, 0, 0, 0, u8::from(is_answer), 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet
}

/// Returns the name of a program; `None` where it may not be asked for.
#[must_use]
pub fn name(id: u32) -> Option<String> {
    bpf::name(id).ok()
}

/// Returns the directory of the control group (cgroup v2) of process `pid`; `None` where there is none.
#[must_use]
pub fn cgroup_of(pid: u32) -> Option<PathBuf> {
    directory(&fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?)
}

/// Returns the directory of the control group of that path.
#[must_use]
pub fn cgroup_at(path: &str) -> Option<PathBuf> {
    let (point, root) = mounted()?;
    // In a container only a part of the hierarchy is mounted, and paths are told from that part's root.
    let below = path.strip_prefix(root.trim_end_matches('/')).unwrap_or(path);
    Some(point.join(below.trim_start_matches('/')))
}

pub(super) fn own_cgroup() -> Option<PathBuf> {
    directory(&fs::read_to_string("/proc/self/cgroup").ok()?)
}

fn directory(text: &str) -> Option<PathBuf> {
    let member = memberships(text).find(|member| member.hierarchy == 0)?;
    cgroup_at(member.path)
}

/// Returns where the unified hierarchy is mounted, and which part of it: of several mounts, the last may hide the others.
fn mounted() -> Option<(PathBuf, String)> {
    let text = fs::read("/proc/self/mountinfo").ok()?;
    let unified = mounts(&String::from_utf8_lossy(&text)).into_iter().filter(|mount| mount.unified);
    let seen = unified.rev().find(|mount| mount.point.join("cgroup.procs").exists());
    seen.map(|mount| (mount.point, mount.root))
}

#[cfg(test)]
mod tests {
    use super::{Attach, cgroup_of, first_packet, of_group, of_namespace, own_cgroup};

    #[test]
    fn first_packets_have_their_headers() {
        let packet =
            |from: &str, to: &str| first_packet(from.parse().unwrap(), to.parse().unwrap(), false).len();
        assert_eq!(packet("127.0.0.1:1", "127.0.0.1:2"), 14 + 20 + 20);
        assert_eq!(packet("[::1]:1", "[::1]:2"), 14 + 40 + 20);
    }

    #[test]
    fn ones_own_group_is_asked() {
        let Some(own) = own_cgroup() else { return };
        assert_eq!(cgroup_of(std::process::id()), Some(own.clone()));
        // Without privilege there is no answer.
        if let Some(programs) = of_group(&own, &[Attach::CgroupConnect4]) {
            assert!(programs.iter().all(|program| program.group.starts_with('/')));
        }
        let _ = of_namespace();
    }
}
