//! Facts of the network made up for tests of rules.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::counters::Counters;
use wharf_os::examine::errno::Errno;
use wharf_os::examine::firewall::{How, Probe, Rule, Stopped};
use wharf_os::examine::links::Link;
use wharf_os::examine::routes::{Route, Way};

use crate::facts::Facts;

/// Returns one more connection to 127.0.0.1:7777 that nothing came of.
pub(crate) fn probe() -> Probe {
    Probe {
        to: "127.0.0.1:7777".parse().expect("an address"),
        outcome: Outcome::TimedOut,
        way: Vec::new(),
        untraced: None,
        stopped: None,
        redirected: None,
        queues: Vec::new(),
        counters: Counters::default(),
    }
}

/// Returns a rule of nftables.
pub(crate) fn rule() -> Rule {
    Rule {
        family: "inet".to_owned(),
        table: "fw".to_owned(),
        chain: "input".to_owned(),
        handle: Some(4),
        text: Some("tcp dport 7777 drop".to_owned()),
        comment: Some("corp baseline".to_owned()),
        ..Rule::default()
    }
}

/// A rule stops the connection.
pub(crate) fn stopped_by(rule: Rule, how: How) -> impl FnOnce(&mut Facts) {
    move |facts| {
        let mut probe = probe();
        if how == How::Rejected {
            probe.outcome = Outcome::Failed(Errno::CONNREFUSED);
        }
        probe.stopped = Some(Stopped { rule, reply: false, how });
        facts.network.probe = Some(probe);
    }
}

/// Returns the loopback interface.
pub(crate) fn lo(is_up: bool, addresses: &[(&str, u8)]) -> Link {
    let addresses = addresses.iter().map(|(ip, length)| (ip.parse().expect("an address"), *length)).collect();
    Link { index: 1, name: "lo".to_owned(), is_up, is_loopback: true, xdp: None, addresses }
}

/// Returns the answer of the kernel on the way to `to`.
pub(crate) fn way(to: &str, route: Result<Route, Errno>) -> Way {
    let to = to.parse().expect("an address");
    Way { to, route, denying_rules: Vec::new(), denying_routes: Vec::new() }
}
