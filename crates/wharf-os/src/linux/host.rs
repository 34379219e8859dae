//! Users, limits, names and the clock of a Linux machine.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::sync::{Mutex, OnceLock};
use std::time::SystemTime;

use wharf_model::timestamp::Timestamp;
use wharf_sys::linux::{proc_dir::ProcDir, user};
use wharf_sys::text::{net_table, passwd};

use crate::facts::{EphemeralRange, Namespace};
use crate::traits::{Clock, Host};

/// This machine.
#[derive(Debug, Default)]
pub(crate) struct LinuxHost {
    users: OnceLock<HashMap<u32, String>>,
    looked_up: Mutex<HashMap<u32, Option<String>>>,
}

impl Host for LinuxHost {
    fn user_name(&self, uid: u32) -> Option<String> {
        let users = self.users.get_or_init(|| {
            let text = fs::read("/etc/passwd").unwrap_or_default();
            let mut users = HashMap::new();
            for (uid, name) in passwd::users(&text) {
                users.entry(uid).or_insert(name);
            }
            users
        });
        if let Some(name) = users.get(&uid) {
            return Some(name.clone());
        }
        let mut looked_up = self.looked_up.lock().expect("no holder of this lock panics");
        looked_up.entry(uid).or_insert_with(|| user::name(uid)).clone()
    }

    fn own_uid(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn boot_id(&self) -> Option<String> {
        Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
    }

    fn ephemeral_range(&self) -> Option<EphemeralRange> {
        let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
        let mut numbers = range.split_ascii_whitespace().map(|word| word.parse().ok());
        let (first, last) = (numbers.next()??, numbers.next()??);
        let reserved = fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default();
        Some(EphemeralRange { first, last, reserved: ranges(&reserved) })
    }

    fn unprivileged_port_start(&self) -> Option<u16> {
        fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok()?.trim().parse().ok()
    }

    fn addresses_in(&self, namespace: &Namespace) -> Vec<IpAddr> {
        let Ok(proc) = ProcDir::open() else { return Vec::new() };
        let mut text = Vec::new();
        for pid in &namespace.pids {
            if proc.read(&format!("{pid}/net/fib_trie"), &mut text).is_err() {
                continue;
            }
            let v4 = net_table::local_v4_addresses(&String::from_utf8_lossy(&text));
            let mut addresses: Vec<IpAddr> = v4.into_iter().map(IpAddr::V4).collect();
            if proc.read(&format!("{pid}/net/if_inet6"), &mut text).is_ok() {
                let v6 = net_table::local_v6_addresses(&String::from_utf8_lossy(&text));
                addresses.extend(v6.into_iter().map(IpAddr::V6));
            }
            return addresses;
        }
        Vec::new()
    }
}

/// Parses `8080,9000-9010`.
fn ranges(text: &str) -> Vec<(u16, u16)> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    text.trim().split(',').filter_map(range).collect()
}

/// The clock of the machine.
#[derive(Debug)]
pub(crate) struct LinuxClock;

impl Clock for LinuxClock {
    fn now(&self) -> Timestamp {
        now_ms().and_then(Timestamp::from_unix_ms).expect("a clock within the years of RFC 3339")
    }
}

/// Returns the milliseconds since 1970; `None` for a clock beyond the years of RFC 3339.
pub(crate) fn now_ms() -> Option<i64> {
    #[expect(clippy::disallowed_methods, reason = "this is the seam: the clock is asked here")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::{LinuxHost, ranges};
    use crate::traits::Host;

    #[test]
    fn reserved_ports_are_single_numbers_and_ranges() {
        assert_eq!(ranges("8080,9000-9010\n"), [(8080, 8080), (9000, 9010)]);
        assert!(ranges("\n").is_empty());
    }

    #[test]
    fn this_machine_has_an_ephemeral_range_and_a_root() {
        let range = LinuxHost::default().ephemeral_range().unwrap();
        assert!(range.first < range.last);
        assert_eq!(LinuxHost::default().user_name(0).as_deref(), Some("root"));
    }
}
