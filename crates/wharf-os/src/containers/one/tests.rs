//! Engines played by a thread that keeps what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{EngineSockets, message, parse};
use crate::facts::OsError;
use crate::traits::Containers;

const ID: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const AMPLE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_millis(1500);

/// Answers each request by the first of its rules whose words the request line begins with; `None` is silence.
struct Peer {
    folder: TempDir,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    fn new(rules: &'static [(&'static str, Option<&'static str>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&asked);
        // It ends with the test's process: nobody connects any more then.
        thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                while !lines.next().unwrap().unwrap().is_empty() {}
                let rule =
                    rules.iter().find(|(begin, _)| first.starts_with(begin)).expect("a request with a rule");
                kept.lock().unwrap().push(first);
                match rule.1 {
                    Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                    None => silent.push(stream),
                }
            }
        });
        Self { folder, asked }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn sockets(peers: &[&Peer]) -> EngineSockets {
    let own_uid = peers[0].folder.path().metadata().unwrap().uid();
    EngineSockets::at(peers.iter().map(|peer| peer.path()).collect(), own_uid).within(AMPLE)
}

fn stop(peers: &[&Peer], id: &str) -> Result<(), OsError> {
    sockets(peers).stop("docker", id, GRACE, AMPLE)
}

fn failed(result: Result<(), OsError>) -> String {
    match result {
        Err(OsError::Failed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

const INSPECT: &str =
    "GET /containers/0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0/json ";
const STOP: &str =
    "POST /containers/0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0/stop?t=2 ";
const KNOWN: Option<&str> = Some(
    "HTTP/1.1 200 OK\r\nServer: Docker/27.0 (linux)\r\n\r\n\
     {\"Id\":\"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\",\"State\":{\"Running\":true},\
     \"HostConfig\":{\"RestartPolicy\":{\"Name\":\"always\",\"MaximumRetryCount\":0}}}",
);
const UNKNOWN: Option<&str> = Some("HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"No such container\"}");

#[test]
fn the_engine_that_has_the_container_is_told_to_stop_it_and_no_other() {
    let other = Peer::new(&[(INSPECT, UNKNOWN)]);
    let peer = Peer::new(&[(INSPECT, KNOWN), (STOP, Some("HTTP/1.1 204 No Content\r\n\r\n"))]);
    assert_eq!(stop(&[&other, &peer], ID), Ok(()));
    assert_eq!(other.asked(), [format!("{INSPECT}HTTP/1.1")]);
    assert_eq!(peer.asked(), [format!("{INSPECT}HTTP/1.1"), format!("{STOP}HTTP/1.1")]);
}

#[test]
fn one_that_was_stopped_already_is_no_failure() {
    let peer = Peer::new(&[
        (INSPECT, KNOWN),
        (STOP, Some("HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n")),
    ]);
    assert_eq!(stop(&[&peer], ID), Ok(()));
}

#[test]
fn an_engine_of_another_kind_is_not_told_to_stop_anything() {
    let peer = Peer::new(&[(INSPECT, KNOWN)]);
    let result = sockets(&[&peer]).stop("podman", ID, GRACE, AMPLE);
    assert!(matches!(result, Err(OsError::Gone { .. })), "{result:?}");
    assert_eq!(sockets(&[&peer]).restart_policy("podman", ID), None);
}

#[test]
fn another_container_is_not_taken_for_it() {
    // A name may look like an id, and the start of an id stands for it.
    let peer = Peer::new(&[(
        "GET ",
        Some(
            "HTTP/1.1 200 OK\r\n\r\n{\"Id\":\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}",
        ),
    )]);
    assert!(matches!(stop(&[&peer], ID), Err(OsError::Gone { .. })));
    assert_eq!(peer.asked().len(), 1);
}

#[test]
fn what_is_no_id_never_reaches_an_engine() {
    let peer = Peer::new(&[]);
    for id in
        ["", "web", "../../images/prune?x=", "0f1e2d3c4b5", &"0".repeat(65), "0f1e2d3c4b5a/x", "0f1e2d3c4b5é"]
    {
        assert!(failed(stop(&[&peer], id)).contains("hexadecimal"), "{id}");
        assert_eq!(sockets(&[&peer]).restart_policy("docker", id), None);
    }
    assert!(peer.asked().is_empty());
}

#[test]
fn a_refusal_is_told_in_the_engines_words_on_one_line() {
    let peer = Peer::new(&[
        (INSPECT, KNOWN),
        (STOP, Some("HTTP/1.1 500 no\r\n\r\n{\"message\":\"cannot stop:\\n\\u001b[2J permission denied\"}")),
    ]);
    assert_eq!(failed(stop(&[&peer], ID)), "it answered: cannot stop:  [2J permission denied");
    let peer = Peer::new(&[(INSPECT, KNOWN), (STOP, Some("HTTP/1.1 500 no\r\n\r\n<html>"))]);
    assert_eq!(failed(stop(&[&peer], ID)), "it answered 500");
}

#[test]
fn gone_and_denied_are_told_apart() {
    let gone = Peer::new(&[(INSPECT, UNKNOWN)]);
    let result = stop(&[&gone], ID);
    assert_eq!(result.unwrap_err().to_string(), "the container 0f1e2d3c4b5a of docker is gone");
    let meanwhile = Peer::new(&[(INSPECT, KNOWN), (STOP, UNKNOWN)]);
    assert!(matches!(stop(&[&meanwhile], ID), Err(OsError::Gone { .. })));
    const FORBIDDEN: Option<&str> = Some("HTTP/1.1 403 Forbidden\r\n\r\n{\"message\":\"by policy\"}");
    for peer in [Peer::new(&[(INSPECT, FORBIDDEN)]), Peer::new(&[(INSPECT, KNOWN), (STOP, FORBIDDEN)])] {
        assert!(matches!(stop(&[&peer], ID), Err(OsError::Denied { .. })));
    }
}

#[test]
fn an_engine_that_is_not_done_costs_the_limit_and_says_so() {
    let peer = Peer::new(&[(INSPECT, KNOWN), (STOP, None)]);
    let began = Instant::now();
    let limit = Duration::from_millis(80);
    let reason = failed(sockets(&[&peer]).stop("docker", ID, GRACE, limit));
    assert!(began.elapsed() >= limit);
    assert!(reason.contains("not done after 80ms"), "{reason}");
}

#[test]
fn without_an_engine_the_container_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let own_uid = folder.path().metadata().unwrap().uid();
    let absent = EngineSockets::at(vec![folder.path().join("absent")], own_uid);
    assert!(matches!(absent.stop("docker", ID, GRACE, AMPLE), Err(OsError::Gone { .. })));
}

#[test]
fn a_socket_of_another_user_is_named_and_not_asked() {
    let peer = Peer::new(&[]);
    let owner = peer.path().metadata().unwrap().uid();
    if owner == 0 {
        std::os::unix::fs::chown(peer.path(), Some(12345), None).unwrap();
    }
    let own_uid = if owner == 0 { 0 } else { owner + 1 };
    let sockets = EngineSockets::at(vec![peer.path()], own_uid);
    let reason = failed(sockets.stop("docker", ID, GRACE, AMPLE));
    assert!(reason.contains("belongs to user id"), "{reason}");
    assert!(peer.asked().is_empty());
}

#[test]
fn the_restart_policy_is_told_where_there_is_one() {
    let peer = Peer::new(&[(INSPECT, KNOWN)]);
    assert_eq!(sockets(&[&peer]).restart_policy("docker", ID).as_deref(), Some("always"));
    let none = Peer::new(&[(INSPECT, UNKNOWN)]);
    assert_eq!(sockets(&[&none]).restart_policy("docker", ID), None);
}

proptest! {
    #[test]
    fn any_body_is_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text: String) {
        let _ = parse(&bytes);
        let _ = message(&bytes);
        let body = serde_json::json!({ "message": text, "Id": text, "HostConfig": { "RestartPolicy": text } });
        let body = serde_json::to_vec(&body).unwrap();
        prop_assert!(parse(&body).is_none());
        let words = message(&body).unwrap_or_default();
        prop_assert!(words.chars().count() <= 301 && !words.chars().any(char::is_control));
    }
}
