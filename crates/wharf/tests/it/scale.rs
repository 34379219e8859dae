//! None, and ten thousand.

use std::collections::{BTreeMap, BTreeSet};

use wharf_model::owner::HeldBy;
use wharf_testkit::sandbox;

use crate::support::{detail, ls, only_detail, owned_by, text};

#[test]
fn no_listener_is_an_empty_document_and_a_plain_word() {
    let sandbox = sandbox!();
    let snapshot = ls(&sandbox, &[]);
    assert!(snapshot.endpoints.is_empty() && snapshot.connections.is_empty());
    assert!(snapshot.warnings.is_empty(), "{snapshot:#?}");
    assert!(text(&sandbox, &["ls"]).to_lowercase().contains("nothing listens"));
}

#[test]
fn ten_thousand_listeners_are_ten_thousand_owned_rows() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("many.py", &["10000", "10000"]);
    let mut expect = BTreeMap::new();
    for owner in scene.told["owners"].as_array().expect("a list") {
        let [pid, first, end] = [0, 1, 2].map(|i| owner[i].as_u64().expect("a number"));
        for port in first..end {
            expect.insert(u16::try_from(port).expect("a port"), u32::try_from(pid).expect("a pid"));
        }
    }
    let snapshot = ls(&sandbox, &[]);
    let seen: BTreeSet<u16> = snapshot.endpoints.iter().map(|endpoint| endpoint.port).collect();
    assert_eq!(seen, listening_by_proc(&sandbox.program(&["cat", "/proc/net/tcp"]).output().text()));
    assert_eq!(snapshot.endpoints.len(), 10_000);
    for endpoint in &snapshot.endpoints {
        assert_eq!(endpoint.owner.held_by, HeldBy::Processes, "{endpoint:#?}");
        assert_eq!(endpoint.owner.processes.len(), 1, "{endpoint:#?}");
        assert_eq!(Some(&endpoint.owner.processes[0].pid), expect.get(&endpoint.port), "{endpoint:#?}");
    }
    let one = detail(sandbox.wharf(&["show", "19999", "--json"]));
    owned_by(&only_detail(&one).endpoint, &[expect[&19999]]);
    assert_eq!(text(&sandbox, &["ls"]).lines().filter(|line| line.contains("python3")).count(), 10_000);
}

/// Returns the local ports of the sockets in LISTEN that /proc/net/tcp lists.
fn listening_by_proc(table: &str) -> BTreeSet<u16> {
    let port = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, state) = (fields.next()?, fields.nth(1)?);
        (state == "0A").then(|| u16::from_str_radix(local.split_once(':')?.1, 16).ok())?
    };
    table.lines().filter_map(port).collect()
}
