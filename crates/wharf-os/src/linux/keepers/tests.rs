//! The table on what clients have printed; real supervisors are in `tests/keepers.rs`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::client::{choose, output, run};
use super::{Seen, Service, circus, circus_endpoint, is, monit, option, order, runit, s6, supervisord};
use crate::facts::ProcessFacts;
use crate::fake::process;

fn running(words: &str) -> ProcessFacts {
    let command = words.split(' ').map(str::to_owned).collect();
    ProcessFacts { command, cwd: Some("/srv/app".to_owned()), ..process(7, 1, "keeper") }
}

type Rule = fn(&Seen<'_>) -> Result<Service, String>;

/// Applies a row to a supervisor whose client prints `printed`; returns the service and what the client was asked.
fn told(
    rule: Rule,
    process: &ProcessFacts,
    child: u32,
    printed: &str,
    file: &str,
) -> (Result<Service, String>, Vec<String>) {
    let asked = RefCell::new(Vec::new());
    let ask = |command: &[String]| {
        asked.borrow_mut().push(command.join(" "));
        Ok(printed.to_owned())
    };
    let read = |path: &Path| {
        file.split_once(' ').filter(|(name, _)| path == Path::new(name)).map(|(_, text)| text.to_owned())
    };
    let service = rule(&Seen { process, child, program: "ctl".to_owned(), ask: &ask, read: &read });
    (service, asked.into_inner())
}

#[track_caller]
fn stops(service: &Result<Service, String>, stop: &str, start: &str) {
    let service = service.as_ref().unwrap();
    assert_eq!((service.stop.join(" "), service.start.join(" ")), (stop.to_owned(), start.to_owned()));
}

const STATUS: &str = "many:many_00                     RUNNING   pid 7036, uptime 0:00:02
many:many_01                     RUNNING   pid 703, uptime 1 day, 0:00:02
off                              STOPPED   Not started
pid                              FATAL     Exited too quickly (pid 99, RUNNING)
web                              RUNNING   pid 7038, uptime 0:00:02
";

#[test]
fn supervisord_names_the_program_that_has_the_process() {
    let own = running("/usr/bin/python3 /usr/bin/supervisord -n -c conf/supervisord.conf");
    let (service, asked) = told(supervisord, &own, 703, STATUS, "");
    assert_eq!(asked, ["ctl -c /srv/app/conf/supervisord.conf status"]);
    stops(
        &service,
        "ctl -c /srv/app/conf/supervisord.conf stop many:many_01",
        "ctl -c /srv/app/conf/supervisord.conf start many:many_01",
    );
    let (service, asked) = told(supervisord, &running("supervisord"), 7038, STATUS, "");
    assert_eq!(asked, ["ctl status"]);
    stops(&service, "ctl stop web", "ctl start web");
    for child in [70, 99, 36] {
        assert!(told(supervisord, &own, child, STATUS, "").0.unwrap_err().contains("does not say which"));
    }
    let refusal = told(supervisord, &own, 1, "unix:///run/supervisor.sock no such file\n", "").0.unwrap_err();
    assert!(refusal.ends_with("process 1: unix:///run/supervisor.sock no such file"), "{refusal}");
}

#[test]
fn a_program_that_supervisord_has_only_started_is_asked_for_by_name() {
    let process = running("supervisord");
    let asked = RefCell::new(Vec::new());
    let ask = |command: &[String]| {
        asked.borrow_mut().push(command.join(" "));
        Ok(match command.last().unwrap().as_str() {
            "status" => "web RUNNING pid 5, uptime\nslow STARTING\nnew STARTING   \noff STOPPED\n",
            "slow" => "7\n",
            _ => "8\n",
        }
        .to_owned())
    };
    let seen = Seen { process: &process, child: 8, program: "ctl".to_owned(), ask: &ask, read: &|_| None };
    stops(&supervisord(&seen), "ctl stop new", "ctl start new");
    assert_eq!(asked.into_inner(), ["ctl status", "ctl pid slow", "ctl pid new"]);
}

#[test]
fn circus_names_the_watcher_at_the_endpoint_of_its_configuration() {
    let own = running("/venv/bin/python3 /venv/bin/circusd --daemon etc/circus.ini");
    let file = "/srv/app/etc/circus.ini [watcher:x]\nendpoint = no\n[circus]\npubsub_endpoint = 1\n endpoint= ipc:///run/c\n[env]\n";
    let stats = r#"{"status": "ok", "infos": {"many": {"71": {"pid": 71}, "72": {}}, "web": {"73": {}}}}"#;
    let (service, asked) = told(circus, &own, 72, stats, file);
    assert_eq!(asked, ["ctl --json --endpoint ipc:///run/c stats"]);
    stops(&service, "ctl --endpoint ipc:///run/c stop many", "ctl --endpoint ipc:///run/c start many");
    let (service, asked) = told(circus, &running("circusd x.ini"), 73, stats, "");
    assert_eq!(asked, ["ctl --json stats"]);
    stops(&service, "ctl stop web", "ctl start web");
    for printed in [stats, "", "Timed out.", "[]", r#"{"infos": []}"#] {
        assert!(told(circus, &own, 7, printed, file).0.is_err());
    }
    assert_eq!(circus_endpoint("[circus]\n[x]\nendpoint = 1"), None);
}

#[test]
fn runit_s6_and_daemontools_name_the_folder_where_they_run() {
    let own = running("runsv web");
    stops(&told(runit, &own, 12, "", "").0, "ctl stop /srv/app", "ctl start /srv/app");
    let log = "/srv/app/log/supervise/pid 13\n";
    stops(&told(runit, &own, 13, "", log).0, "ctl stop /srv/app/log", "ctl start /srv/app/log");
    stops(&told(runit, &own, 12, "", log).0, "ctl stop /srv/app", "ctl start /srv/app");
    stops(&told(s6, &running("s6-supervise web"), 12, "", "").0, "ctl -d /srv/app", "ctl -u /srv/app");
    let hidden = ProcessFacts { cwd: None, ..own };
    assert!(told(runit, &hidden, 12, "", "").0.is_err() && told(s6, &hidden, 12, "", "").0.is_err());
}

#[test]
fn monit_names_the_service_with_that_pid() {
    let own = running("/usr/bin/monit -I -c /etc/monit/monitrc");
    let status = "Monit 5.33.0 uptime: 0m\n\nProcess 'other'\n  status  OK\n  pid  12\n  parent pid  1\n\n\
                  Process 'web'\n  status  OK\n  pid  123\n\nSystem 'box'\n  pid  5\n\n";
    let (service, asked) = told(monit, &own, 123, status, "");
    assert_eq!(asked, ["ctl -c /etc/monit/monitrc -B status"]);
    stops(&service, "ctl -c /etc/monit/monitrc stop web", "ctl -c /etc/monit/monitrc start web");
    for child in [1, 5, 7] {
        assert!(told(monit, &own, child, status, "").0.is_err(), "{child}");
    }
}

#[test]
fn a_name_that_would_be_an_option_is_refused() {
    let service = told(supervisord, &running("supervisord"), 9, "--help RUNNING pid 9, uptime", "").0;
    assert!(service.unwrap_err().contains("\"--help\""));
}

#[test]
fn supervisors_are_known_by_what_runs() {
    assert!(is(&running("/usr/bin/python3 /usr/bin/supervisord"), "supervisord"));
    assert!(is(&running("runsv web"), "runsv"));
    for other in ["vim supervisord", "/usr/bin/python3 x.py supervisord", "supervisord2", ""] {
        assert!(!is(&running(other), "supervisord"), "{other}");
    }
    assert_eq!(order(&running("nginx: master process"), 1), Ok(None));
    assert_eq!(order(&process(7, 1, "kworker"), 1), Ok(None));
}

#[test]
fn an_option_is_read_however_it_is_written() {
    for words in
        ["x -c F", "x -n -cF", "x --configuration F", "x --configuration=F", "python x -c F", "x -c F -c G"]
    {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        assert_eq!(option(&words, "x", &["-c", "--configuration"]), Some("F"), "{words:?}");
    }
    for words in ["x -c", "x", "-c F x", "x --configurations F"] {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        assert_eq!(option(&words, "x", &["-c", "--configuration"]), None, "{words:?}");
    }
}

#[test]
fn nobodys_programs_are_run_with_our_rights() {
    let (own, system) = (PathBuf::from("/home/me/venv/bin/ctl"), PathBuf::from("/usr/bin/ctl"));
    assert_eq!(choose(Some(own.clone()), Some(system.clone()), true), Ok(own.clone()));
    assert_eq!(choose(Some(own.clone()), Some(system.clone()), false), Ok(system.clone()));
    assert_eq!(choose(Some(own.clone()), None, false), Err(Some(own)));
    assert_eq!(choose(Some(system.clone()), None, false), Ok(system));
    assert_eq!(choose(None, None, true), Err(None));
}

#[test]
fn a_client_is_bounded_in_time_and_heard_where_it_fails() {
    let shell = |script: &str| ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let (root, ample) = (Path::new("/"), Duration::from_secs(20));
    assert_eq!(output(&shell("echo x; exit 3"), root, ample).as_deref(), Ok("x\n"));
    assert_eq!(output(&shell("echo y >&2; exit 3"), root, ample), Err("sh said: y".to_owned()));
    assert_eq!(run(&shell("echo a; echo b; exit 3"), root, ample), Err("sh said: a b".to_owned()));
    assert!(run(&shell("exit 3"), root, ample).unwrap_err().contains("failed (exit status: 3)"));
    assert_eq!(run(&shell("pwd | grep -qx / && ! env | grep -q CARGO"), root, ample), Ok(()));
    let late = run(&shell("exec sleep 60"), root, Duration::from_millis(50));
    assert_eq!(late, Err("sh was not done after 50ms".to_owned()));
    assert!(run(&["/nonexistent".to_owned()], root, ample).unwrap_err().contains("cannot be started"));
}

proptest! {
    #[test]
    fn no_text_makes_a_row_panic(text: String, child: u32, word: String) {
        let own = running(&format!("supervisord circusd monit -c {word}"));
        for rule in [supervisord, circus, monit, runit, s6] as [Rule; 5] {
            let _ = told(rule, &own, child, &text, &format!("/srv/app/{word} {text}"));
        }
    }
}
