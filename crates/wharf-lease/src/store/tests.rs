//! The store against a world of values, against a model, and by many processes' worth of threads at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use proptest::prelude::*;
use tempfile::TempDir;
use wharf_model::lease::LeaseName;
use wharf_model::timestamp::Timestamp;

use super::{Claim, Store, StoreError, World, ulid};
use crate::choice::choose;

/// Ports 20000 to 20019, all free; every directory is there but those called "gone".
struct Values;

impl World for Values {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(1_795_475_085_329).unwrap()
    }

    fn exists(&self, root: &str) -> bool {
        !root.contains("gone")
    }

    fn choose(&self, claim: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        choose(&claim.name.to_string(), &(20_000..=20_019), |port| !is_taken(port))
    }
}

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("leases.db")).unwrap();
    (folder, store)
}

fn claim(service: &str, root: &str) -> Claim {
    let name = LeaseName { service: service.to_owned(), worktree: None, project: "shop".to_owned() };
    Claim { name, root: root.to_owned(), asked_port: None }
}

#[test]
fn a_lease_is_the_same_tomorrow_and_in_another_process() {
    let (folder, mut store) = store();
    let first = store.lease(&claim("api", "/shop"), &Values).unwrap();
    drop(store);
    let mut store = Store::open(&folder.path().join("leases.db")).unwrap();
    let second = store.lease(&claim("api", "/shop"), &Values).unwrap();
    assert_eq!(first, second);
    assert_eq!(store.at_port(first.port).unwrap(), Some(first));
    assert_ne!(store.lease(&claim("web", "/shop"), &Values).unwrap().port, second.port);
}

#[test]
fn a_port_that_a_program_asks_for_has_a_lease_of_its_own() {
    let (_folder, mut store) = store();
    let own = store.lease(&claim("api", "/shop"), &Values).unwrap();
    let asked = Claim { asked_port: Some(3000), ..claim("api", "/shop") };
    let lease = store.lease(&asked, &Values).unwrap();
    assert_ne!(lease.port, own.port);
    assert_eq!(lease.asked_port, Some(3000));
    assert_eq!(store.find(&asked).unwrap(), Some(lease));
}

#[test]
fn equal_names_of_two_directories_are_told_apart() {
    let (_folder, mut store) = store();
    let one = store.lease(&claim("api", "/a/shop"), &Values).unwrap();
    let other = store.lease(&claim("api", "/b/shop"), &Values).unwrap();
    assert_eq!(one.name.to_string(), "api.shop");
    assert!(other.name.to_string().starts_with("api.shop-"), "{}", other.name);
    assert_ne!(one.port, other.port);
    assert_eq!(store.lease(&claim("api", "/a/shop"), &Values).unwrap().name, one.name);
    assert_eq!(store.lease(&claim("api", "/b/shop"), &Values).unwrap().name, other.name);
}

#[test]
fn who_comes_back_in_another_directory_has_the_port_again() {
    let (_folder, mut store) = store();
    let before = store.lease(&claim("api", "/gone/shop"), &Values).unwrap();
    let after = store.lease(&claim("api", "/new/shop"), &Values).unwrap();
    assert_eq!((after.port, after.name, after.id), (before.port, before.name, before.id));
    assert_eq!(store.all().unwrap().len(), 1);
}

#[test]
fn a_pin_moves_a_lease_and_takes_no_other_ones_port() {
    let (_folder, mut store) = store();
    let api = claim("api", "/shop");
    let first = store.lease(&api, &Values).unwrap();
    let pinned = store.pin(&api, 62_893, &Values).unwrap();
    assert_eq!((pinned.port, pinned.pinned, pinned.fence), (62_893, true, first.fence + 1));
    assert_eq!(store.lease(&api, &Values).unwrap().port, 62_893);
    let error = store.pin(&claim("web", "/shop"), 62_893, &Values).unwrap_err();
    assert!(matches!(error, StoreError::Taken { port: 62_893, .. }), "{error}");
    assert!(store.pin(&claim("db", "/shop"), 5432, &Values).unwrap().pinned);
}

#[test]
fn removing_a_name_frees_its_ports() {
    let (_folder, mut store) = store();
    let api = claim("api", "/shop");
    store.lease(&api, &Values).unwrap();
    store.lease(&Claim { asked_port: Some(3000), ..api }, &Values).unwrap();
    assert_eq!(store.remove("api.shop").unwrap().len(), 2);
    assert!(store.remove("api.shop").unwrap().is_empty());
    assert!(store.all().unwrap().is_empty());
}

#[test]
fn a_lease_is_forgotten_unless_somebody_has_asked_for_it_since() {
    let (_folder, mut store) = store();
    let lease = store.lease(&claim("api", "/shop"), &Values).unwrap();
    assert!(!store.forget(&wharf_model::lease::Lease { fence: lease.fence + 1, ..lease.clone() }).unwrap());
    assert!(store.forget(&lease).unwrap() && !store.forget(&lease).unwrap());
    assert!(store.all().unwrap().is_empty());
}

#[test]
fn a_full_range_is_said_and_harms_nothing() {
    let (_folder, mut store) = store();
    for index in 0..20 {
        store.lease(&claim(&format!("s{index}"), "/shop"), &Values).unwrap();
    }
    assert!(matches!(store.lease(&claim("more", "/shop"), &Values), Err(StoreError::NoPort)));
    assert_eq!(store.all().unwrap().len(), 20);
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let (folder, store) = store();
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = Store::open(&folder.path().join("leases.db")).unwrap_err();
    assert!(matches!(error, StoreError::Later { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("update wharf"));
}

#[test]
fn many_at_once_get_ports_of_their_own() {
    let (folder, store) = store();
    drop(store);
    let path = folder.path().join("leases.db");
    let ports = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (path, ports) = (&path, &ports);
            scope.spawn(move || {
                for index in 0..5 {
                    let mut store = Store::open(path).unwrap();
                    let lease = store.lease(&claim(&format!("s{thread}-{index}"), "/shop"), &Values).unwrap();
                    assert!(ports.lock().unwrap().insert(lease.port), "{} twice", lease.port);
                }
            });
        }
    });
    assert_eq!(ports.into_inner().unwrap().len(), 20);
}

#[test]
fn ulids_sort_by_time() {
    let early = ulid(1_000, [255; 10]);
    let late = ulid(1_001, [0; 10]);
    assert!(early < late);
    assert_eq!(early.len(), 26);
    // The example of the specification: time 1469918176385 is 01ARYZ6S41.
    assert!(ulid(1_469_918_176_385, [0; 10]).starts_with("01ARYZ6S41"));
}

#[derive(Clone, Debug)]
enum Step {
    Lease(u8),
    Pin(u8, u8),
    Remove(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8_u8).prop_map(Step::Lease),
        (0..8_u8, 0..20_u8).prop_map(|(who, port)| Step::Pin(who, port)),
        (0..8_u8).prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is done, each name keeps its port until it is removed or pinned elsewhere, and no port is twice.
    #[test]
    fn it_does_what_a_map_does(steps in prop::collection::vec(step(), 0..40)) {
        let (_folder, mut store) = store();
        let mut model: BTreeMap<u8, u16> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Lease(who) => {
                    let lease = store.lease(&claim(&format!("s{who}"), "/shop"), &Values).unwrap();
                    prop_assert_eq!(*model.entry(who).or_insert(lease.port), lease.port);
                }
                Step::Pin(who, port) => {
                    let port = 20_000 + u16::from(port);
                    let is_anothers = model.iter().any(|(&other, &theirs)| other != who && theirs == port);
                    let result = store.pin(&claim(&format!("s{who}"), "/shop"), port, &Values);
                    prop_assert_eq!(result.is_err(), is_anothers);
                    if !is_anothers {
                        model.insert(who, port);
                    }
                }
                Step::Remove(who) => {
                    let removed = store.remove(&format!("s{who}.shop")).unwrap();
                    prop_assert_eq!(removed.len(), usize::from(model.remove(&who).is_some()));
                }
            }
            let stored: BTreeSet<u16> = store.all().unwrap().into_iter().map(|lease| lease.port).collect();
            prop_assert_eq!(&stored, &model.values().copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(stored.len(), model.len());
        }
    }
}

#[test]
fn what_is_handed_out_is_known_until_it_is_not() {
    let (folder, mut store) = store();
    let lease = store.lease(&claim("api", "/shop"), &Values).unwrap();
    let other = Store::open(&folder.path().join("leases.db")).unwrap();
    let before = other.version_of_others().unwrap();
    assert!(store.hand_out(&lease, true).unwrap().unwrap().handed_out);
    assert_ne!(other.version_of_others().unwrap(), before);
    assert!(other.at_port(lease.port).unwrap().unwrap().handed_out);
    assert!(!store.hand_out(&lease, false).unwrap().unwrap().handed_out);
    store.remove(&lease.name.to_string()).unwrap();
    assert_eq!(store.hand_out(&lease, true).unwrap(), None);
}

#[test]
fn an_older_file_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leases.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(super::MIGRATIONS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute_batch(
        "INSERT INTO leases VALUES ('id', '/shop', 'api', 'api', NULL, 'shop', 0, 20007, 1, 1, 0, 0)",
    )
    .unwrap();
    drop(old);
    let lease = Store::open(&path).unwrap().at_port(20_007).unwrap().unwrap();
    assert!(lease.pinned && !lease.handed_out);
}
