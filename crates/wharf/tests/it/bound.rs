//! Ports that are taken though nobody listens: bound sockets, and outgoing connections.

use wharf_model::endpoint::EndpointState;
use wharf_testkit::{sandbox, skip};

use crate::support::{at, ls, only, only_detail, owned_by, says, show, text};

#[test]
fn a_bound_socket_that_does_not_listen_is_only_in_all_and_in_show() {
    let sandbox = sandbox!();
    if !kernel_lists_bound_sockets() {
        skip!("this kernel does not list bound sockets: it takes Linux 6.8");
    }
    let scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000,bound", "tcp:127.0.0.1:4000"]);
    let pid = scene.pid("pid");
    let plain = ls(&sandbox, &[]);
    assert!(at(&plain, 3000).is_empty(), "{plain:#?}");
    owned_by(only(&plain, 4000), &[pid]);

    let all = ls(&sandbox, &["--all"]);
    assert_eq!(only(&all, 3000).state, EndpointState::Bound);
    owned_by(only(&all, 3000), &[pid]);

    let detail = show(&sandbox, "3000");
    assert_eq!(only_detail(&detail).endpoint.state, EndpointState::Bound);
    owned_by(&only_detail(&detail).endpoint, &[pid]);
    assert!(detail.availability.is_none_or(|availability| !availability.free), "it is taken");
    let listed = text(&sandbox, &["ls", "--all"]);
    assert_eq!(listed.matches("bound, not listening").count(), 1, "it is said, and said once:\n{listed}");
    says(&text(&sandbox, &["show", "3000"]), &["bound", &format!("{pid}")]);
}

#[test]
fn an_outgoing_connection_holds_its_own_port() {
    let sandbox = sandbox!();
    let server = sandbox.scene("listen.py", &["tcp:127.0.0.1:5432"]);
    let client = sandbox.scene("connect.py", &["127.0.0.1:7777", "127.0.0.1:5432"]);
    let detail = show(&sandbox, "7777");
    assert!(detail.endpoints.is_empty(), "nobody listens: {detail:#?}");
    let [holding] = detail.holding.as_slice() else { panic!("one connection holds it: {detail:#?}") };
    assert_eq!(holding.local.to_string(), "127.0.0.1:7777");
    assert_eq!(holding.remote.to_string(), "127.0.0.1:5432");
    assert_eq!(holding.process.as_ref().map(|process| process.pid), Some(client.pid("pid")), "{detail:#?}");
    assert_eq!(only(&ls(&sandbox, &[]), 5432).owner.processes[0].pid, server.pid("pid"));
    assert!(at(&ls(&sandbox, &[]), 7777).is_empty());
    let client_pid = client.pid("pid").to_string();
    says(&text(&sandbox, &["show", "7777"]), &[&client_pid, "127.0.0.1:5432"]);
}

#[test]
fn a_free_port_is_proved_by_binding_it() {
    let sandbox = sandbox!();
    let detail = show(&sandbox, "62893");
    assert!(detail.endpoints.is_empty() && detail.holding.is_empty(), "{detail:#?}");
    let availability = detail.availability.expect("it was tried");
    assert!(availability.free, "{availability:#?}");
    assert!(availability.tried.iter().any(|trial| trial.address.ip().is_loopback()), "{availability:#?}");
    let number = detail.number.expect("a port was named");
    let ephemeral = number.ephemeral.expect("this kernel has a range");
    assert_eq!(
        (number.port, ephemeral.handed_out),
        (62893, (ephemeral.first..=ephemeral.last).contains(&62893))
    );
    assert_eq!(number.ephemeral_by_default_on, ["macos", "windows", "freebsd"].map(str::to_owned));
    says(&text(&sandbox, &["show", "62893"]), &["62893", "free"]);
}

fn kernel_lists_bound_sockets() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc is mounted");
    let mut numbers = release.split(['.', '-']).map_while(|word| word.trim().parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(8))
}
