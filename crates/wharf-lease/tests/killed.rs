//! Many processes that lease and give up, and are killed at any moment: the file stays whole, and no port is twice.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read the clock")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use wharf_lease::choice::choose;
use wharf_lease::store::{Claim, Store, World};
use wharf_model::lease::LeaseName;
use wharf_model::timestamp::Timestamp;

/// Where a worker finds the file; unset in the test itself.
const FILE: &str = "WHARF_TEST_LEASES";
/// Which worker it is.
const WORKER: &str = "WHARF_TEST_WORKER";

const WORKERS: u32 = 16;
/// How often one is killed and another begins in its place.
const KILLS: u32 = 400;
const LONGEST: Duration = Duration::from_secs(60);

struct Free;

impl World for Free {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(0).unwrap()
    }

    fn exists(&self, _: &str) -> bool {
        true
    }

    fn choose(&self, claim: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        choose(&claim.name.to_string(), &(20_000..=20_099), |port| !is_taken(port))
    }
}

fn claim(service: &str) -> Claim {
    let name = LeaseName { service: service.to_owned(), worktree: None, project: "shop".to_owned() };
    Claim { name, root: "/shop".to_owned(), asked_port: None }
}

/// Leases and gives up without end, unless this is the test itself.
fn work_if_worker() {
    let (Ok(file), Ok(worker)) = (std::env::var(FILE), std::env::var(WORKER)) else { return };
    let mut store = Store::open(Path::new(&file)).unwrap();
    for round in 0_u64.. {
        let service = format!("w{worker}-{}", round % 5);
        let lease = store.lease(&claim(&service), &Free).unwrap();
        assert_eq!(store.at_port(lease.port).unwrap().map(|found| found.id), Some(lease.id));
        if round % 3 == 0 {
            assert_eq!(store.remove(&format!("{service}.shop")).unwrap().len(), 1);
        }
    }
}

fn start(file: &Path, worker: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_file_stays_whole_whoever_is_killed"])
        .env(FILE, file)
        .env(WORKER, worker.to_string())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn the_file_stays_whole_whoever_is_killed() {
    work_if_worker();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leases.db");
    let mut workers: Vec<Child> = (0..WORKERS).map(|worker| start(&file, worker)).collect();
    let begin = Instant::now();
    let (mut pick, mut killed, mut seen) = (7_usize, 0, 0);
    while killed < KILLS && begin.elapsed() < LONGEST {
        // Somebody else each time, in no order.
        pick = pick.wrapping_mul(5).wrapping_add(3) % workers.len();
        let one = &mut workers[pick];
        assert_eq!(one.try_wait().unwrap(), None, "a worker failed");
        one.kill().unwrap();
        one.wait().unwrap();
        *one = start(&file, u32::try_from(pick).unwrap());
        killed += 1;
        let leases = Store::open(&file).unwrap().all().unwrap();
        let ports: BTreeSet<u16> = leases.iter().map(|lease| lease.port).collect();
        assert_eq!(ports.len(), leases.len());
        seen += leases.len();
    }
    for mut worker in workers {
        assert_eq!(worker.try_wait().unwrap(), None, "a worker failed");
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    assert!(seen > 0, "nobody leased anything");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut store = Store::open(&file).unwrap();
    for lease in store.all().unwrap() {
        store.remove(&lease.name.to_string()).unwrap();
    }
    assert!(store.all().unwrap().is_empty());
}
