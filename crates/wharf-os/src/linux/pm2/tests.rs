//! A daemon played by a thread, and bytes of every kind; the real one is in `tests/pm2.rs`.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::{Pm2, Pm2Process, home_of, message, processes};

const AMPLE: Duration = Duration::from_secs(20);

/// Answers one call after another with what `answers` makes of its number and question, and then hangs up.
fn daemon(answers: Vec<fn(&str) -> Vec<u8>>) -> (TempDir, thread::JoinHandle<Vec<String>>) {
    let home = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(home.path().join("rpc.sock")).unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        for answer in answers {
            let Ok(parts) = message::read(&mut stream) else { break };
            let id = String::from_utf8(parts[1].clone()).unwrap();
            asked.push(String::from_utf8(parts[0].clone()).unwrap());
            // Whoever got enough hangs up.
            let _ = stream.write_all(&answer(&id));
        }
        asked
    });
    (home, thread)
}

fn answer(id: &str, json: &str) -> Vec<u8> {
    message::encode(&[format!("j:{json}").as_bytes(), id.as_bytes()])
}

fn stop(answers: Vec<fn(&str) -> Vec<u8>>) -> (Result<(), String>, Vec<String>) {
    let (home, thread) = daemon(answers);
    let result = Pm2::open(home.path(), AMPLE).unwrap().stop(7).map_err(|error| error.to_string());
    (result, thread.join().unwrap())
}

fn unwatched(id: &str) -> Vec<u8> {
    answer(id, r#"{"args":[{"success":true}]}"#)
}

#[test]
fn the_home_stands_in_the_title() {
    for (title, home) in [
        ("PM2 v7.0.4: God Daemon (/home/me/.pm2)", Some("/home/me/.pm2")),
        ("PM2 v6.0.8: God Daemon (/srv/a (b)/pm2) ", Some("/srv/a (b)/pm2")),
        ("PM2 v7.0.4: God Daemon (/home/me/.p", None),
        ("PM2 v7.0.4: God Daemon (undefined)", None),
        ("node /home/me/PM2 v7: God Daemon (/x)", None),
        ("", None),
    ] {
        assert_eq!(home_of(title), home.map(PathBuf::from), "{title}");
    }
}

#[test]
fn a_list_tells_ids_pids_and_what_would_start_it_again() {
    let list = json!([
        {"pid": 12, "name": "web", "pm_id": 0, "pm2_env": {"status": "online", "exec_mode": "cluster_mode", "watch": ["src"]}},
        {"pid": 0, "name": "job", "pm_id": 1,
         "pm2_env": {"status": "stopped", "exec_mode": "fork_mode", "watch": false, "cron_restart": "0 * * * *"}},
        {"pid": 1, "name": "no number"}, 7, null
    ]);
    let process = |id, name: &str, pid, cluster, status: &str| Pm2Process {
        id,
        name: name.to_owned(),
        pid,
        cluster,
        status: status.to_owned(),
        watched: cluster,
        cron: (!cluster).then(|| "0 * * * *".to_owned()),
    };
    let expected = [process(0, "web", Some(12), true, "online"), process(1, "job", None, false, "stopped")];
    assert_eq!(processes(&list).unwrap(), expected);
    assert_eq!(processes(&json!({})), None);
}

#[test]
fn a_stop_is_told_by_number_and_watching_ends_before() {
    let stopped = |id: &str| answer(id, r#"{"args":[{"pm2_env":{"status":"stopped"}}]}"#);
    let (result, asked) = stop(vec![unwatched, stopped]);
    assert_eq!(result, Ok(()));
    let asked: Vec<serde_json::Value> =
        asked.iter().map(|asked| serde_json::from_str(asked.strip_prefix("j:").unwrap()).unwrap()).collect();
    assert_eq!(asked[0], json!({"type": "call", "method": "stopWatch", "args": ["stopProcessId", 7]}));
    assert_eq!(asked[1], json!({"type": "call", "method": "stopProcessId", "args": [7]}));
}

#[test]
fn a_refusal_is_told_on_one_line() {
    let unknown = |id: &str| answer(id, "{\"error\":\"7 : id\\n\\u001bunknown\",\"stack\":\"…\"}");
    assert_eq!(stop(vec![unwatched, unknown]).0, Err("pm2 answered: 7 : id  unknown".to_owned()));
    let errored = |id: &str| answer(id, r#"{"args":[{"pm2_env":{"status":"errored"}}]}"#);
    let expected = Err("pm2 did not stop its process 7: it is errored now".to_owned());
    assert_eq!(stop(vec![unwatched, errored]).0, expected);
    let without =
        |id: &str| answer(id, r#"{"args":[{"error":true,"message":"could not kill process w/o pid"}]}"#);
    assert!(stop(vec![unwatched, without]).0.unwrap_err().contains("w/o pid"));
}

#[test]
fn an_answer_to_another_call_is_passed_over() {
    let both = |id: &str| [answer("s:other", "{\"error\":\"late\"}"), unwatched(id)].concat();
    let stopped = |id: &str| answer(id, r#"{"args":[{"pm2_env":{"status":"stopped"}}]}"#);
    assert_eq!(stop(vec![both, stopped]).0, Ok(()));
}

#[test]
fn what_is_no_answer_is_an_error() {
    for (bytes, words) in [
        ((|_| b"HTTP/1.1 200 OK\r\n\r\n".to_vec()) as fn(&str) -> Vec<u8>, "another version"),
        (|_| vec![0x10], "lacks a part"),
        (|_| vec![0x12, 0xff, 0xff, 0xff, 0xff], "16 MiB"),
        (|id| message::encode(&[b"s:x", id.as_bytes()]), "not JSON"),
        (|id| answer(id, "{"), "broken"),
        (|id| answer(id, "[]"), "neither values"),
        (|_| vec![0x12, 0, 0, 0, 9, 1], "hung up"),
    ] {
        let error = stop(vec![bytes]).0.unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_silent_daemon_costs_the_limit() {
    let home = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(home.path().join("rpc.sock")).unwrap();
    let error = Pm2::open(home.path(), Duration::from_millis(60)).unwrap().processes().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut, "{error}");
}

#[test]
fn a_daemon_of_somebody_else_is_not_asked() {
    let (home, thread) = daemon(Vec::new());
    let own = rustix::process::geteuid().as_raw();
    // To root's daemon everybody may speak.
    if own != 0 {
        let error = Pm2::open_of(home.path(), own + 1, AMPLE).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
    } else {
        Pm2::open_of(home.path(), 1, AMPLE).unwrap();
    }
    thread.join().unwrap();
    let absent = Pm2::open(&home.path().join("absent"), AMPLE).unwrap_err();
    assert_eq!(absent.kind(), std::io::ErrorKind::NotFound, "{absent}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), json: String) {
        for bytes in [bytes.clone(), [&[0x12][..], &bytes].concat(), [&[0x12, 0, 0, 0, 3][..], &bytes].concat()] {
            if let Ok(parts) = message::read(&mut bytes.as_slice()) {
                let _ = message::answer_to("wharf:1", &parts);
            }
        }
        let parts = [format!("j:{json}").into_bytes(), b"s:wharf:1".to_vec()];
        let _ = message::answer_to("wharf:1", &parts);
        let _ = home_of(&json);
    }

    #[test]
    fn what_is_written_is_read(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..16)) {
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(message::read(&mut message::encode(&slices).as_slice()).unwrap(), parts);
    }
}
