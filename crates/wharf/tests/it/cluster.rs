//! `wharf run` on clusters of Node, whose workers take no port but the one that they ask for.

use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::running::{Way, ends, keeps_every_promise, program, start, written};
use crate::support::says;

/// A primary and two workers, that share connections by the policy that is its argument, and a worker anew for each
/// that is asked to end.
pub(crate) const CLUSTER: &str = "
const cluster = require('cluster');
cluster.schedulingPolicy = process.argv[2] === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
if (cluster.isPrimary) {
    cluster.fork();
    cluster.fork();
    cluster.on('exit', () => cluster.fork());
} else {
    require('http').createServer((question, answer) => {
        answer.end(`${process.pid} ${question.socket.localPort}`);
        if (question.url === '/end') process.exit();
    }).listen(3000);
}
";

fn node() -> Option<String> {
    program("node").filter(|path| !path.starts_with("/root"))
}

fn keeps_every_promise_as_cluster(sandbox: &Sandbox, policy: &str) {
    let Some(node) = node() else { skip!("node is not installed where every user may run it") };
    let script = written(sandbox, "cluster.js", CLUSTER);
    keeps_every_promise(sandbox, Way::default(), &[&node, &script, policy], true);
}

#[test]
fn a_cluster_that_hands_connections_round_keeps_every_promise() {
    keeps_every_promise_as_cluster(&sandbox!(), "rr");
}

#[test]
fn a_cluster_that_shares_its_socket_keeps_every_promise() {
    keeps_every_promise_as_cluster(&sandbox!(), "none");
}

#[test]
fn a_cluster_behind_a_script_is_one_too_and_its_later_workers_serve() {
    let sandbox = sandbox!();
    let Some(node) = node() else { skip!("node is not installed where every user may run it") };
    let uid = sandbox.has_users().then_some(SOMEBODY);
    written(&sandbox, "package.json", "{\"name\": \"shop\"}");
    let script = written(&sandbox, "cluster.js", CLUSTER);
    let command = format!("true; {node} {script} rr; true");
    let (mut one, first) = start(&sandbox, &["--name", "one", "--", "sh", "-c", &command], uid);
    let (mut other, second) = start(&sandbox, &["--name", "other", "--", "sh", "-c", &command], uid);
    assert_ne!(first, second);
    for _ in 0..4 {
        let body =
            other.tell(&format!("body 127.0.0.1 {second} /"))["body"].as_str().expect("a text").to_owned();
        assert!(body.ends_with(&format!(" {second}")), "a connection is where it is: {body}");
        other.tell(&format!("body 127.0.0.1 {second} /end"));
    }
    other.tell(&format!("body ::1 {second} /"));
    ends(&sandbox, &mut one, first, "SIGTERM");
    ends(&sandbox, &mut other, second, "SIGTERM");
}

#[test]
fn a_cluster_that_was_not_expected_is_told_what_to_do() {
    let sandbox = sandbox!();
    let Some(node) = node() else { skip!("node is not installed where every user may run it") };
    let script = written(&sandbox, "cluster.js", CLUSTER);
    written(&sandbox, "start", &format!("exec {node} {script} rr\n"));
    let (mut one, first) = start(&sandbox, &["--name", "one", "--", "sh", "start"], None);
    let (mut other, _) = start(&sandbox, &["--name", "other", "--", "sh", "start"], None);
    says(other.tell("says wharf run -- node")["said"].as_str().expect("a text"), &["cluster"]);
    ends(&sandbox, &mut one, first, "SIGTERM");
}
