//! The store against a model in memory: sequences of calls by services of several directories, some of them gone, with
//! ports of their own choice, until no port is left.
//!
//! Not here: many processes at once (`races`).
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wharf_lease::choice::choose;
use wharf_lease::name::told_apart;
use wharf_lease::store::{Claim, Store, StoreError, World};
use wharf_model::lease::LeaseName;
use wharf_model::timestamp::Timestamp;

const ROOTS: [&str; 4] = ["/a/shop", "/b/shop", "/gone/shop", "/gone/too"];
const SERVICES: [&str; 3] = ["api", "web", "db"];
/// Fewer than all that may be asked for.
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=20_015;

struct Values;

impl World for Values {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(0).unwrap()
    }

    fn exists(&self, root: &str) -> bool {
        !root.contains("gone")
    }

    fn choose(&self, claim: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        choose(&claim.name.to_string(), &PORTS, |port| !is_taken(port))
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Lease(Who),
    Pin(Who, u16),
    /// By the name that it would have, told apart or not.
    Remove(Who, bool),
    /// Another process opens the file.
    Reopen,
}

#[derive(Clone, Copy, Debug)]
struct Who {
    root: &'static str,
    service: &'static str,
    asked: Option<u16>,
}

fn who() -> impl Strategy<Value = Who> {
    let asked = prop_oneof![Just(None), Just(Some(3000))];
    (prop::sample::select(&ROOTS[..]), prop::sample::select(&SERVICES[..]), asked)
        .prop_map(|(root, service, asked)| Who { root, service, asked })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => who().prop_map(Step::Lease),
        3 => (who(), 20_000..20_020_u16).prop_map(|(who, port)| Step::Pin(who, port)),
        2 => (who(), any::<bool>()).prop_map(|(who, apart)| Step::Remove(who, apart)),
        1 => Just(Step::Reopen),
    ]
}

/// A lease as the model knows it, by root, service and asked port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    project: String,
    port: u16,
    pinned: bool,
    fence: u64,
}

type Model = BTreeMap<(String, String, Option<u16>), Row>;

fn claim(who: Who) -> Claim {
    let name = LeaseName { service: who.service.to_owned(), worktree: None, project: "shop".to_owned() };
    Claim { name, root: who.root.to_owned(), asked_port: who.asked }
}

fn key(who: Who) -> (String, String, Option<u16>) {
    (who.root.to_owned(), who.service.to_owned(), who.asked)
}

/// Takes over the leases of directories that are gone and had the name; returns the project that tells `who` apart.
fn name(model: &mut Model, who: Who) -> String {
    let has_name = |key: &(String, String, Option<u16>), row: &Row| {
        key.0 != who.root && key.1 == who.service && row.project == "shop"
    };
    let others: BTreeSet<String> =
        model.iter().filter(|(key, row)| has_name(key, row)).map(|(key, _)| key.0.clone()).collect();
    let mut is_free = true;
    for root in others {
        if Values.exists(&root) {
            is_free = false;
            continue;
        }
        let theirs: Vec<_> = model.keys().filter(|key| key.0 == root).cloned().collect();
        for key in theirs {
            let row = model.remove(&key).unwrap();
            model.entry((who.root.to_owned(), key.1, key.2)).or_insert(row);
        }
    }
    if is_free { "shop".to_owned() } else { told_apart("shop", who.root) }
}

fn stored(store: &Store) -> Model {
    let rows = store.all().unwrap().into_iter().map(|lease| {
        let row =
            Row { project: lease.name.project, port: lease.port, pinned: lease.pinned, fence: lease.fence };
        ((lease.root, lease.name.service, lease.asked_port), row)
    });
    rows.collect()
}

fn is_full(model: &Model) -> bool {
    PORTS.clone().all(|port| model.values().any(|row| row.port == port))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn it_does_what_the_model_does(steps in prop::collection::vec(step(), 0..80)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("leases.db");
        let mut store = Store::open(&file).unwrap();
        let mut model = Model::new();
        for step in steps {
            // What fails changes nothing.
            let mut next = model.clone();
            match step {
                Step::Lease(who) => {
                    let project = name(&mut next, who);
                    match store.lease(&claim(who), &Values) {
                        Ok(lease) => {
                            let is_taken = next.iter().any(|(other, row)| row.port == lease.port && *other != key(who));
                            prop_assert!(!is_taken, "{} is another's", lease.port);
                            let new = Row { project: String::new(), port: lease.port, pinned: false, fence: 1 };
                            let row = next.entry(key(who)).or_insert(new);
                            row.project = project;
                            prop_assert_eq!((row.port, row.fence, &row.project), (lease.port, lease.fence, &lease.name.project));
                            model = next;
                        }
                        Err(StoreError::NoPort) => prop_assert!(is_full(&next) && !next.contains_key(&key(who))),
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
                Step::Pin(who, port) => {
                    let project = name(&mut next, who);
                    let is_taken = next.iter().any(|(other, row)| row.port == port && *other != key(who));
                    match store.pin(&claim(who), port, &Values) {
                        Ok(lease) => {
                            prop_assert!(!is_taken);
                            let row = next.entry(key(who)).or_insert(Row { project, port, pinned: true, fence: 1 });
                            (row.port, row.pinned, row.fence) = (port, true, row.fence + 1);
                            prop_assert_eq!((row.port, row.fence), (lease.port, lease.fence));
                            model = next;
                        }
                        Err(StoreError::Taken { port: taken, .. }) => prop_assert!(is_taken && taken == port),
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
                Step::Remove(who, apart) => {
                    let project = if apart { told_apart("shop", who.root) } else { "shop".to_owned() };
                    let removed = store.remove(&format!("{}.{project}", who.service)).unwrap();
                    model.retain(|key, row| key.1 != who.service || row.project != project);
                    prop_assert_eq!(removed.len(), next.len() - model.len());
                }
                Step::Reopen => store = Store::open(&file).unwrap(),
            }
            prop_assert_eq!(&stored(&store), &model);
            for row in model.values() {
                prop_assert_eq!(store.at_port(row.port).unwrap().map(|lease| lease.fence), Some(row.fence));
            }
        }
    }
}
