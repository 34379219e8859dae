//! Which sockets are one endpoint, and who can reach it.

use wharf_model::endpoint::{Exposure, Protocol};
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::Sandbox;

use crate::support::{at, ls, only, only_detail, owned_by, places, says, show, text};

/// Checks how the sockets that one process opens at port 3000 are folded, and who can reach each row.
#[track_caller]
fn check(sandbox: &Sandbox, specs: &[&str], expect: &[(&str, Exposure)]) {
    let scene = sandbox.scene("listen.py", specs);
    let snapshot = ls(sandbox, &[]);
    let rows: Vec<&str> = expect.iter().map(|(place, _)| *place).collect();
    assert_eq!(places(&snapshot, 3000), rows, "{specs:?}: {snapshot:#?}");
    for (place, exposure) in expect {
        let row = places_and_exposures(sandbox).into_iter().find(|(own, _)| own == place);
        assert_eq!(row.map(|(_, exposure)| exposure), Some(*exposure), "{specs:?}: {place}");
    }
    for endpoint in at(&snapshot, 3000) {
        owned_by(endpoint, &[scene.pid("pid")]);
    }
    scene.end();
}

fn places_and_exposures(sandbox: &Sandbox) -> Vec<(String, Exposure)> {
    let snapshot = ls(sandbox, &[]);
    let row = |place: &String| {
        let one = |endpoint: &&wharf_model::endpoint::Endpoint| {
            let addresses: Vec<String> = endpoint.addresses.iter().map(ToString::to_string).collect();
            *place == format!("{} {}", endpoint.protocol.as_str(), addresses.join(" "))
        };
        at(&snapshot, 3000).into_iter().find(one).map(|endpoint| endpoint.exposure)
    };
    let places = places(&snapshot, 3000);
    places.iter().filter_map(|place| Some((place.clone(), row(place)?))).collect()
}

#[test]
fn dual_stack_is_one_row_for_all_interfaces() {
    check(&sandbox!(), &["tcp:[::]:3000,v6only=0"], &[("tcp ::", Exposure::AllInterfaces)]);
}

#[test]
fn v6_only_says_so() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:[::]:3000,v6only=1", "tcp:[::]:4000,v6only=0"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(only(&snapshot, 3000).listeners[0].v6_only, Some(true), "{snapshot:#?}");
    assert_eq!(only(&snapshot, 4000).listeners[0].v6_only, Some(false), "{snapshot:#?}");
}

#[test]
fn both_loopbacks_of_one_owner_are_one_row() {
    let expect = [("tcp 127.0.0.1 ::1", Exposure::Loopback)];
    check(&sandbox!(), &["tcp:127.0.0.1:3000", "tcp:[::1]:3000"], &expect);
}

#[test]
fn both_wildcards_of_one_owner_are_reachable_from_everywhere() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000", "tcp:[::]:3000,v6only=1"]);
    let snapshot = ls(&sandbox, &[]);
    let endpoints = at(&snapshot, 3000);
    assert_eq!(endpoints.iter().map(|endpoint| endpoint.listeners.len()).sum::<usize>(), 2, "{endpoints:#?}");
    for endpoint in endpoints {
        assert_eq!(endpoint.exposure, Exposure::AllInterfaces);
        owned_by(endpoint, &[scene.pid("pid")]);
    }
}

#[test]
fn both_loopbacks_of_two_owners_are_two_rows() {
    let sandbox = sandbox!();
    let four = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let six = sandbox.scene("listen.py", &["tcp:[::1]:3000"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(places(&snapshot, 3000), ["tcp 127.0.0.1", "tcp ::1"]);
    for endpoint in at(&snapshot, 3000) {
        owned_by(endpoint, &[if endpoint.addresses[0].is_ipv4() { four.pid("pid") } else { six.pid("pid") }]);
    }
}

#[test]
fn a_wildcard_and_a_specific_address_are_two_rows_of_two_owners() {
    let sandbox = sandbox!();
    let wide = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000,reuseport"]);
    let narrow = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000,reuseport"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(places(&snapshot, 3000), ["tcp 0.0.0.0", "tcp 127.0.0.1"]);
    for endpoint in at(&snapshot, 3000) {
        let is_wide = endpoint.addresses[0].is_unspecified();
        owned_by(endpoint, &[if is_wide { wide.pid("pid") } else { narrow.pid("pid") }]);
        let expect = if is_wide { Exposure::AllInterfaces } else { Exposure::Loopback };
        assert_eq!(endpoint.exposure, expect);
    }
    let detail = show(&sandbox, "127.0.0.1:3000");
    assert!(
        detail.endpoints.iter().any(|one| one.endpoint.owner.processes[0].pid == narrow.pid("pid")),
        "who a client of 127.0.0.1:3000 reaches is shown: {detail:#?}"
    );
}

#[test]
fn every_loopback_address_is_only_this_machine() {
    check(&sandbox!(), &["tcp:127.0.0.2:3000"], &[("tcp 127.0.0.2", Exposure::Loopback)]);
}

#[test]
fn an_ipv4_address_in_ipv6_form_is_as_far_to_reach_as_itself() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["tcp:[::ffff:127.0.0.1]:3000"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(only(&snapshot, 3000).exposure, Exposure::Loopback, "{snapshot:#?}");
    owned_by(only(&snapshot, 3000), &[scene.pid("pid")]);
    // It is what a client of 127.0.0.1 reaches.
    owned_by(&only_detail(&show(&sandbox, "127.0.0.1:3000")).endpoint, &[scene.pid("pid")]);
}

#[test]
fn a_wildcard_bound_to_the_loopback_device_is_only_this_machine() {
    let sandbox = sandbox!();
    check(&sandbox, &["tcp:0.0.0.0:3000,device=lo"], &[("tcp 0.0.0.0", Exposure::Loopback)]);
    let _scene = sandbox.scene("listen.py", &["tcp:[::]:3000,device=lo"]);
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    assert_eq!(endpoint.exposure, Exposure::Loopback);
    assert_eq!(endpoint.listeners[0].device.as_deref(), Some("lo"));
    says(&text(&sandbox, &["ls"]), &["lo only"]);
}

#[test]
fn an_address_of_an_interface_is_exposed_there() {
    let sandbox = sandbox!();
    let add = ["ip", "address", "add", "192.0.2.7/32", "dev", "lo"];
    let _ = sandbox.program(&add).output().expect_code(0);
    check(&sandbox, &["tcp:192.0.2.7:3000"], &[("tcp 192.0.2.7", Exposure::Address)]);
}

#[test]
fn udp_and_tcp_at_one_port_are_two_rows() {
    let expect = [("tcp 127.0.0.1", Exposure::Loopback), ("udp 0.0.0.0", Exposure::AllInterfaces)];
    check(&sandbox!(), &["tcp:127.0.0.1:3000", "udp:0.0.0.0:3000"], &expect);
}

#[test]
fn a_multipath_listener_is_a_tcp_listener_with_its_owner() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["mptcp:127.0.0.1:3000"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(only(&snapshot, 3000).protocol, Protocol::Tcp);
    owned_by(only(&snapshot, 3000), &[scene.pid("pid")]);
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &[scene.pid("pid")]);
}

#[test]
fn exposed_lists_only_what_others_can_reach() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000", "tcp:0.0.0.0:4000", "tcp:[::]:5000"]);
    let ports: Vec<u16> = ls(&sandbox, &["--exposed"]).endpoints.iter().map(|one| one.port).collect();
    assert_eq!(ports, [4000, 5000]);
}
