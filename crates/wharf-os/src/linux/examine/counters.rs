//! The counters of a network namespace: /proc/net/snmp, snmp6 and netstat, proc_pid_net(5).
//!
//! They are the namespace's, not one connection's: a difference tells of everybody's traffic meanwhile.

use std::collections::BTreeMap;
use std::fs;

/// Counters by protocol and name as nstat(8) writes them: `TcpOutRsts`, `TcpExtListenOverflows`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// Reads those of the calling thread's network namespace; none where /proc has none.
    #[must_use]
    pub fn read() -> Self {
        let mut counters = BTreeMap::new();
        for file in ["/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat"] {
            parse(&fs::read_to_string(file).unwrap_or_default(), &mut counters);
        }
        // One a line: `Ip6OutTransmits 7`.
        let v6 = fs::read_to_string("/proc/thread-self/net/snmp6").unwrap_or_default();
        counters.extend(v6.lines().filter_map(|line| {
            let (name, number) = line.split_once(char::is_whitespace)?;
            Some((name.to_owned(), number.trim().parse().ok()?))
        }));
        Self(counters)
    }

    /// Returns counters as given, for tests of rules.
    #[must_use]
    pub fn of(counters: &[(&str, u64)]) -> Self {
        Self(counters.iter().map(|&(name, count)| (name.to_owned(), count)).collect())
    }

    /// Returns by how much each counter is above that of `earlier`; those that did not rise are left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let rise = |(name, &now): (&String, &u64)| {
            let rise = now.saturating_sub(earlier.get(name));
            (rise > 0).then(|| (name.clone(), rise))
        };
        Self(self.0.iter().filter_map(rise).collect())
    }

    /// Returns one counter; 0 if there is none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Returns whether nothing was counted, or nothing could be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Adds what a file of two lines a protocol has: names, then numbers. Numbers that are negative (`MaxConn`) are left out.
fn parse(text: &str, counters: &mut BTreeMap<String, u64>) {
    let mut lines = text.lines();
    while let (Some(names), Some(numbers)) = (lines.next(), lines.next()) {
        let (Some((protocol, names)), Some((_, numbers))) = (names.split_once(':'), numbers.split_once(':'))
        else {
            continue;
        };
        for (name, number) in names.split_whitespace().zip(numbers.split_whitespace()) {
            if let Ok(number) = number.parse() {
                counters.insert(format!("{protocol}{name}"), number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, parse};

    #[test]
    fn names_and_numbers_are_paired() {
        let mut counters = std::collections::BTreeMap::new();
        parse("Tcp: MaxConn OutRsts\nTcp: -1 7\nTcpExt: ListenDrops\nTcpExt: 3\nbad\n", &mut counters);
        let read = Counters(counters);
        assert_eq!((read.get("TcpOutRsts"), read.get("TcpExtListenDrops")), (7, 3));
        assert_eq!(read.get("TcpMaxConn"), 0);
        assert_eq!(
            read.since(&Counters::of(&[("TcpOutRsts", 5)])),
            Counters::of(&[("TcpExtListenDrops", 3), ("TcpOutRsts", 2)])
        );
    }

    #[test]
    fn this_kernel_counts() {
        assert!(!Counters::read().is_empty());
    }
}
