//! A real service manager: systemd of an ordinary user, in namespaces and a control group of its own. Needs root.
//!
//! A manager lets in nobody whose pid it cannot see, so each test runs itself again inside the sandbox. Not here: peers that
//! misbehave (beside the code).
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_macros, reason = "a test says what it skips")]

use std::path::Path;
use std::time::Duration;

use wharf_os::manager::{Bus, Manager, ManagerError};
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::skip;

const LIMIT: Duration = Duration::from_secs(10);
const INSIDE: &str = "WHARF_TEST_INSIDE";

/// Makes a test of each function: it runs inside of a sandbox with the manager, as its user and as root.
macro_rules! inside {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            if std::env::var_os(INSIDE).is_some() {
                return body::$name(&open());
            }
            for user in [SOMEBODY, 0] {
                match sandbox() {
                    Ok(sandbox) => again(&sandbox, stringify!($name), user),
                    Err(why) => skip!("{why}"),
                }
            }
        })*
    };
}

inside! {
    a_service_is_told_with_what_it_runs_and_when_it_starts_again
    a_service_that_comes_back_from_a_signal_stays_away_once_it_is_stopped
    a_socket_unit_is_found_by_its_port_and_by_what_it_starts
    what_is_not_loaded_is_no_unit
}

fn open() -> Bus {
    Bus::open(Manager::User(SOMEBODY), LIMIT).expect("the manager answers")
}

fn sandbox() -> Result<Sandbox, String> {
    if !Path::new("/lib/systemd/systemd").exists() || !Path::new("/usr/bin/systemctl").exists() {
        return Err("systemd is not installed".to_owned());
    }
    let program = std::env::current_exe().expect("a program knows its path");
    let sandbox = Sandbox::new(&program.display().to_string())?;
    if sandbox.is_root() { Ok(sandbox) } else { Err("a control group of its own takes root".to_owned()) }
}

/// Sets the scene, and runs the test `name` in it.
fn again(sandbox: &Sandbox, name: &str, user: u32) {
    let scene = sandbox.scene("user_manager.py", &[]);
    let run = sandbox.wharf(&["--exact", name, "--nocapture"]).env(INSIDE, "1");
    let output = if user == 0 { run.output() } else { run.as_user(user).output() }.expect_code(0);
    assert!(output.text().contains("1 passed"), "{}", output.text());
    scene.end();
}

/// What is tried, inside of the sandbox.
mod body {
    use super::{Bus, Duration, LIMIT, ManagerError};

    pub(super) fn a_service_is_told_with_what_it_runs_and_when_it_starts_again(bus: &Bus) {
        let unit = bus.unit("web.service").unwrap();
        assert_eq!((unit.name.as_str(), unit.description.as_str()), ("web.service", "Pages at 7777"));
        assert_eq!((unit.active.as_str(), unit.sub.as_str()), ("active", "running"));
        let group = unit.control_group.unwrap();
        assert_eq!(group, "/user.slice/user-54321.slice/user@54321.service/app.slice/web.service");
        let pid = unit.main_pid.unwrap();
        let path = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        assert!(path.trim_end().ends_with(&group), "{path}");
        assert_eq!((unit.restart.as_deref(), unit.file_state.as_str()), (Some("always"), "static"));
        assert_eq!((unit.triggered_by, unit.listen), (vec![], vec![]));
    }

    pub(super) fn a_service_that_comes_back_from_a_signal_stays_away_once_it_is_stopped(bus: &Bus) {
        let before = bus.unit("web.service").unwrap().main_pid.unwrap();
        let pid = rustix::process::Pid::from_raw(before.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let deadline = std::time::Instant::now() + LIMIT;
        while [None, Some(before)].contains(&bus.unit("web.service").unwrap().main_pid) {
            assert!(std::time::Instant::now() < deadline, "it is started again");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!bus.wait_inactive("web.service", Duration::from_millis(50)).unwrap());
        bus.stop("web.service").unwrap();
        assert!(bus.wait_inactive("web.service", LIMIT).unwrap());
        // Inactive units without a reference are unloaded.
        match bus.unit("web.service") {
            Ok(unit) => assert_eq!((unit.active.as_str(), unit.main_pid), ("inactive", None)),
            Err(error) => assert_eq!(error, ManagerError::NoSuchUnit),
        }
    }

    pub(super) fn a_socket_unit_is_found_by_its_port_and_by_what_it_starts(bus: &Bus) {
        assert_eq!(bus.socket_at(7777).unwrap(), [], "no socket unit has it");
        let [unit] = bus.socket_at(7778).unwrap().try_into().unwrap();
        let told = (unit.name.as_str(), unit.active.as_str(), unit.sub.as_str());
        assert_eq!(told, ("late.socket", "active", "listening"));
        assert_eq!(unit.listen, [("Stream".to_owned(), "127.0.0.1:7778".to_owned())]);
        assert_eq!(unit.triggers, ["late.service"]);
        bus.stop("late.socket").unwrap();
        assert!(bus.wait_inactive("late.socket", LIMIT).unwrap());
        assert_eq!(bus.socket_at(7778).unwrap(), []);
    }

    pub(super) fn what_is_not_loaded_is_no_unit(bus: &Bus) {
        assert_eq!(bus.unit("nobody.service"), Err(ManagerError::NoSuchUnit));
        assert_eq!(bus.stop("nobody.service"), Err(ManagerError::NoSuchUnit));
        assert_eq!(bus.wait_inactive("nobody.service", LIMIT), Ok(true));
        for name in ["no unit\0", "no unit", "", "../x.service"] {
            assert!(bus.unit(name).is_err(), "{name:?}");
            assert!(bus.stop(name).is_err(), "{name:?}");
        }
        // It has borne all that.
        assert!(bus.unit("web.service").is_ok());
    }
}
