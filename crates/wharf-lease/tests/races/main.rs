//! Sixteen processes that lease, pin and give up in one file, each killed at any moment and begun again: every promise is
//! kept, nothing is left over, and no port is ever two leases'.
//!
//! A worker is this very test, started again. It writes down each call before it makes it and each answer after it has it;
//! a model then goes through what was written. Names of a worker's own are judged exactly, but for the one call that a
//! kill may have cut off; names that all share by what must hold in any order. All 100,000 calls are for `cargo xtask
//! races`; the suite has a part.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests start programs and read the clock"
)]

mod model;

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use model::{Call, Told, judge};
use wharf_lease::choice::choose;
use wharf_lease::store::{Claim, Store, StoreError, World};
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::timestamp::Timestamp;

/// Where a worker finds the file; unset in the test itself.
const FOLDER: &str = "WHARF_TEST_FOLDER";
/// Which worker it is.
const WORKER: &str = "WHARF_TEST_WORKER";
/// How many calls it makes, those before it was killed counted.
const CALLS: &str = "WHARF_TEST_CALLS";
/// Set to have all of it.
const WHOLE: &str = "WHARF_RACES";

const WORKERS: usize = 16;
/// Names of one worker, and names of all.
const OWN: u64 = 6;
const SHARED: u64 = 4;
/// Ports that are pinned: so few that many are taken.
const PINNED: u64 = 60;
const LONGEST: Duration = Duration::from_secs(600);

#[test]
fn races_of_processes_that_are_killed_break_no_promise() {
    if let Ok(worker) = std::env::var(WORKER) {
        return work(worker.parse().unwrap());
    }
    let calls = if std::env::var_os(WHOLE).is_some() { 100_000 } else { 4_000 };
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let mut workers: Vec<Option<Child>> =
        (0..WORKERS).map(|worker| Some(start(folder.path(), worker, calls))).collect();
    let mut chance = Chance(7);
    let mut kills = 0;
    while workers.iter().any(Option::is_some) {
        assert!(begin.elapsed() < LONGEST, "it never ends");
        std::thread::sleep(Duration::from_micros(chance.below(20_000)));
        let worker = chance.below(WORKERS as u64) as usize;
        let Some(one) = &mut workers[worker] else { continue };
        if let Some(status) = one.try_wait().unwrap() {
            assert!(status.success(), "worker {worker} failed: {}", last_words(folder.path(), worker));
            workers[worker] = None;
            continue;
        }
        one.kill().unwrap();
        one.wait().unwrap();
        kills += 1;
        workers[worker] = Some(start(folder.path(), worker, calls));
    }
    let took = begin.elapsed();
    let file = folder.path().join("leases.db");
    let leases = Store::open(&file).unwrap().all().unwrap();
    let connection = rusqlite::Connection::open(&file).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let logs: Vec<Vec<Call>> = (0..WORKERS).map(|worker| read(&log(folder.path(), worker))).collect();
    let found = judge(&logs, &leases);
    let figures = format!(
        "{} calls of {WORKERS} processes, {} of them cut off by {kills} kills, in {took:?}; {} leases left",
        found.calls,
        found.cut_off,
        leases.len()
    );
    println!("{figures}");
    assert_eq!(found.faults, [""; 0], "{figures}");
    assert!(found.calls >= calls, "{figures}");
    assert!(kills > 0 && found.cut_off > 0, "nobody was killed in a call: {figures}");
}

/// Judges calls of two workers, `kind service port id` each, or `cut` before a call without an answer; `left` are
/// leases, `service port id`.
fn faults(logs: [&[&str]; 2], left: &[&str]) -> usize {
    let known = |port: &str, id: &str, pinned: bool| model::Known {
        id: id.to_owned(),
        asked: 0,
        port: port.parse().unwrap(),
        fence: if pinned { 2 } else { 1 },
        pinned,
    };
    let mut clock = 0;
    let mut call = |text: &&str| {
        clock += 10;
        let is_cut_off = text.starts_with("cut ");
        let words: Vec<&str> = text.trim_start_matches("cut ").split(' ').collect();
        let [kind, service, port, id] = words[..] else { panic!("{text}") };
        let leases = if id == "-" { Vec::new() } else { vec![known(port, id, kind == "pin")] };
        let told = Told { at: clock + 5, is_taken: false, leases };
        Call {
            kind: kind.to_owned(),
            service: service.to_owned(),
            asked: 0,
            port: port.parse().unwrap(),
            begun: clock,
            told: (!is_cut_off).then_some(told),
        }
    };
    let logs = logs.map(|calls| calls.iter().map(&mut call).collect::<Vec<Call>>());
    let lease = |text: &&str| {
        let words: Vec<&str> = text.split(' ').collect();
        let known = known(words[1], words[2], false);
        let name = LeaseName { service: words[0].to_owned(), worktree: None, project: "shop".to_owned() };
        let at = Timestamp::from_unix_ms(0).unwrap();
        let (root, asked_port, pinned, fence) = ("/shop".to_owned(), None, known.pinned, known.fence);
        let (id, port) = (known.id, known.port);
        Lease {
            id,
            name,
            root,
            asked_port,
            port,
            pinned,
            handed_out: false,
            fence,
            created_at: at,
            used_at: at,
        }
    };
    judge(&logs, &left.iter().map(lease).collect::<Vec<Lease>>()).faults.len()
}

#[test]
fn the_model_allows_what_may_be_and_finds_what_may_not() {
    let none: &[&str] = &[];
    let kept = ["lease a 1 x", "lease a 1 x"];
    assert_eq!(faults([&kept, none], &["a 1 x"]), 0);
    assert_eq!(faults([&kept, none], &[]), 1, "it is lost");
    assert_eq!(faults([&kept, none], &["a 2 y"]), 1, "it is another");
    assert_eq!(faults([&["lease a 1 x", "lease a 2 y"], none], &["a 2 y"]), 1, "it changed meanwhile");
    assert_eq!(faults([&["lease a 1 x", "remove a 1 x"], none], &["a 1 x"]), 1, "it is left over");
    assert_eq!(faults([&["lease a 1 x", "remove a 0 -"], none], &[]), 1, "it was not removed");
    assert_eq!(faults([&kept, none], &["a 1 x", "b 2 y"]), 1, "nobody asked for it");
    // A call that was cut off may have been made or not.
    for left in [&[][..], &["a 1 x"]] {
        assert_eq!(faults([&["cut lease a 0 -"], none], left), 0, "{left:?}");
        assert_eq!(faults([&["lease a 1 x", "cut remove a 0 -"], none], left), 0, "{left:?}");
    }
    assert_eq!(faults([&["lease a 1 x", "cut lease a 0 -"], none], &["a 2 y"]), 1);
    assert_eq!(faults([&["lease a 1 x", "cut remove a 0 -", "lease a 2 y"], none], &["a 2 y"]), 0);
    assert_eq!(faults([&["lease a 1 x", "pin a 7 x"], none], &[]), 1);
    // Times are those of the calls: the second worker has the port after the first, or in its midst.
    let other = ["lease b 1 y", "lease b 1 y"];
    let after = ["lease a 1 x", "lease a 1 x", "remove a 1 x"];
    assert_eq!(faults([&after, &other], &["b 1 y"]), 0);
    let shared: [&[&str]; 2] =
        [&["lease shared-a 1 x", "lease shared-b 1 y", "lease shared-a 1 x", "lease shared-b 1 y"], none];
    assert_eq!(faults(shared, &[]), 1, "two have it at once");
}

fn start(folder: &Path, worker: usize, calls: usize) -> Child {
    let errors = fs::File::create(folder.join(format!("{worker}.err"))).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "races_of_processes_that_are_killed_break_no_promise"])
        .env(FOLDER, folder)
        .env(WORKER, worker.to_string())
        .env(CALLS, calls.div_ceil(WORKERS).to_string())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .unwrap()
}

fn last_words(folder: &Path, worker: usize) -> String {
    fs::read_to_string(folder.join(format!("{worker}.err"))).unwrap_or_default()
}

fn log(folder: &Path, worker: usize) -> PathBuf {
    folder.join(format!("{worker}.log"))
}

fn read(file: &Path) -> Vec<Call> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut calls: Vec<Call> = Vec::new();
    for line in text.lines() {
        match line.split_once(' ').unwrap() {
            ("call", rest) => calls.push(Call::parse(rest)),
            ("told", rest) => calls.last_mut().unwrap().told = Some(Told::parse(rest)),
            _ => panic!("{line}"),
        }
    }
    calls
}

/// Makes the calls that are left of this worker's.
fn work(worker: u64) {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let wanted: usize = std::env::var(CALLS).unwrap().parse().unwrap();
    let file = log(&folder, worker as usize);
    let made = read(&file);
    let done = made.iter().filter(|call| call.told.is_some()).count();
    let mut chance = Chance(worker << 32 | made.len() as u64);
    let mut log = fs::OpenOptions::new().append(true).create(true).open(&file).unwrap();
    let mut store = Store::open(&folder.join("leases.db")).unwrap();
    let world = Free(Cell::new(made.len() as i64 * 40_000));
    for _ in done..wanted {
        let call = choose_call(worker, &mut chance);
        log.write_all(format!("call {call}\n").as_bytes()).unwrap();
        let told = make(&mut store, &call, &world);
        log.write_all(format!("told {told}\n").as_bytes()).unwrap();
    }
}

fn choose_call(worker: u64, chance: &mut Chance) -> Call {
    let service = match chance.below(4) {
        0 => format!("shared-{}", chance.below(SHARED)),
        _ => format!("w{worker}-{}", chance.below(OWN)),
    };
    let asked = [0, 0, 3000][chance.below(3) as usize];
    let (kind, port) = match chance.below(10) {
        0..6 => ("lease", 0),
        6..8 => ("remove", 0),
        _ => ("pin", 40_000 + chance.below(PINNED) as u16),
    };
    Call { kind: kind.to_owned(), service, asked, port, begun: now(), told: None }
}

fn make(store: &mut Store, call: &Call, world: &Free) -> Told {
    let name = LeaseName { service: call.service.clone(), worktree: None, project: "shop".to_owned() };
    let asked_port = Some(call.asked).filter(|&asked| asked != 0);
    let claim = Claim { name, root: "/shop".to_owned(), asked_port };
    let leases: Vec<Lease> = match call.kind.as_str() {
        "lease" => vec![store.lease(&claim, world).unwrap()],
        "remove" => store.remove(&claim.name.to_string()).unwrap(),
        _ => match store.pin(&claim, call.port, world) {
            Ok(lease) => vec![lease],
            Err(StoreError::Taken { port, .. }) if port == call.port => {
                return Told { at: now(), is_taken: true, leases: Vec::new() };
            }
            Err(error) => panic!("{error}"),
        },
    };
    Told { at: now(), is_taken: false, leases: leases.iter().map(model::Known::of).collect() }
}

fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos()
}

/// A world whose time goes so fast that a lease is mostly written anew when it is asked for again.
struct Free(Cell<i64>);

impl World for Free {
    fn now(&self) -> Timestamp {
        self.0.set(self.0.get() + 40_000);
        Timestamp::from_unix_ms(self.0.get()).unwrap()
    }

    fn exists(&self, _: &str) -> bool {
        true
    }

    fn choose(&self, claim: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        // So few that names compete for them.
        choose(&claim.name.to_string(), &(20_000..=20_239), |port| !is_taken(port))
    }
}

/// Numbers by splitmix64: each worker has its own, the same in each test.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
