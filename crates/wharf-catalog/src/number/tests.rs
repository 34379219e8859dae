//! Facts on numbers, checked number by number, and the registry's file against a plain reading of it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wharf_model::port::PortRange;
use wharf_os::facts::EphemeralRange;

use super::{BAD_PORTS, DEFAULT_EPHEMERAL, REGISTRY, facts, iana_names, rows_of};

fn linux() -> EphemeralRange {
    EphemeralRange { first: 32768, last: 60999, reserved: vec![(40000, 40010), (3000, 3000)] }
}

fn names(port: u16) -> Vec<String> {
    iana_names(port).into_iter().map(|iana| iana.name).collect()
}

#[test]
fn a_dynamic_port_above_linuxs_range_is_ephemeral_elsewhere_only() {
    let facts = facts(62893, Some(&linux()), Some(1024));
    assert_eq!(facts.range, PortRange::Dynamic);
    assert!(facts.iana.is_empty());
    assert_eq!(facts.ephemeral_by_default_on, ["macos", "windows", "freebsd"]);
    let ephemeral = facts.ephemeral.unwrap();
    assert_eq!((ephemeral.first, ephemeral.last), (32768, 60999));
    assert!(!ephemeral.handed_out && !ephemeral.reserved);
    assert!(!facts.browsers_refuse);
    assert_eq!(facts.needs_privilege, Some(false));
}

#[test]
fn a_number_shared_by_two_services_has_both_names() {
    let facts = facts(3000, Some(&linux()), None);
    assert_eq!(names(3000), ["remoteware-cl", "hbci"]);
    assert_eq!(facts.iana[0].protocols, ["tcp", "udp"]);
    assert_eq!(facts.iana[0].description.as_deref(), Some("RemoteWare Client"));
    assert_eq!(facts.range, PortRange::User);
    assert!(facts.ephemeral_by_default_on.is_empty());
    assert_eq!(facts.needs_privilege, None);
    assert!(facts.ephemeral.unwrap().reserved);
    assert_eq!(names(80), ["http", "www", "www-http"]);
}

#[test]
fn ssh_is_a_system_port_that_browsers_refuse() {
    let facts = facts(22, None, Some(1024));
    assert_eq!(facts.range, PortRange::System);
    assert_eq!(names(22), ["ssh"]);
    assert_eq!(facts.iana[0].protocols, ["tcp", "udp", "sctp"]);
    assert!(facts.browsers_refuse);
    assert_eq!(facts.needs_privilege, Some(true));
    assert_eq!(facts.ephemeral, None);
}

#[test]
fn privilege_is_needed_below_the_start_that_this_kernel_has() {
    assert_eq!(facts(80, None, Some(80)).needs_privilege, Some(false));
    assert_eq!(facts(79, None, Some(80)).needs_privilege, Some(true));
    assert_eq!(facts(1, None, Some(0)).needs_privilege, Some(false));
}

#[test]
fn assigned_names_are_found_at_both_ends_and_in_ranges() {
    assert_eq!(names(5432), ["postgresql"]);
    assert_eq!(names(1), ["tcpmux"]);
    assert_eq!(names(6000), ["x11"]);
    assert_eq!(names(6063), ["x11"]);
    assert!(facts(6000, None, None).browsers_refuse);
    assert_eq!(names(65535), Vec::<String>::new());
    assert_eq!(names(0), Vec::<String>::new());
}

#[test]
fn a_reserved_port_within_the_range_is_not_handed_out() {
    let at = |port| facts(port, Some(&linux()), None).ephemeral.unwrap();
    assert!(at(32768).handed_out && at(60999).handed_out && !at(32767).handed_out && !at(61000).handed_out);
    assert!(at(40005).reserved && !at(40005).handed_out);
    assert!(at(40011).handed_out);
    assert_eq!(facts(65535, None, None).ephemeral_by_default_on, ["macos", "windows", "freebsd"]);
    assert_eq!(facts(40000, None, None).ephemeral_by_default_on, ["linux", "freebsd"]);
}

/// Compared with `badPorts` of undici 7.30.2 (npm, lib/web/fetch/constants.js): the same 82 ports from 1
/// on, in the same order; port 0 it does not have yet.
#[test]
fn bad_ports_are_those_of_the_fetch_standard() {
    assert!(BAD_PORTS.is_sorted_by(|a, b| a < b));
    assert_eq!(BAD_PORTS.len(), 83);
    for refused in [0, 6000, 6665, 6669, 10080, 4190, 5060, 989, 2049] {
        assert!(super::browsers_refuse(refused), "{refused}");
    }
    for opened in [80, 443, 3000, 5173, 6001, 6670, 8080, 10081, 62893] {
        assert!(!super::browsers_refuse(opened), "{opened}");
    }
}

#[test]
fn every_line_of_the_registry_is_found_by_its_port() {
    let mut plainly: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for line in REGISTRY.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns.len(), 4, "{line}");
        assert!(columns[3].chars().count() <= 80, "{line}");
        assert!(!columns[2].is_empty() && columns[2].chars().all(|letter| "tusd".contains(letter)), "{line}");
        plainly.entry(columns[0].parse().unwrap()).or_default().push(columns[1].to_owned());
    }
    assert!(plainly.len() > 6000 && REGISTRY.len() < 400_000);
    for port in 0..=u16::MAX {
        assert_eq!(names(port), plainly.remove(&port).unwrap_or_default(), "{port}");
    }
    assert!(DEFAULT_EPHEMERAL.iter().all(|(_, first, last)| first < last));
}

proptest! {
    #[test]
    fn a_search_in_any_text_ends_without_panic(text in "[0-9a-z\té\n]{0,200}", port: u16) {
        rows_of(&text, port).count();
    }
}
