//! `wharf why` as a command: wharf itself as the target, names of its own, mending, the list, and bad input.
//!
//! Not here: the causes of everything else, which the other test binary brings about one by one (`tests/why`).

use std::fs;

use serde_json::Value;
use wharf_model::diagnosis::{Causes, Diagnosis, Verdict};
use wharf_model::run::Run;
use wharf_testkit::run::Output;
use wharf_testkit::sandbox::SOMEBODY;
use wharf_testkit::{sandbox, skip};

use crate::routed::{Shop, Who};
use crate::support::{causes_document, diagnosis_document, runs, says, until};

/// Returns what is said of `words`, with the exit code that belongs to the verdict.
#[track_caller]
fn why(shop: &Shop<'_>, words: &[&str]) -> Diagnosis {
    let output = shop.wharf(&[&["why", "--json"], words].concat()).output();
    let diagnosis = diagnosis_document(&output.text());
    let code = match diagnosis.verdict {
        Verdict::Reachable => 0,
        Verdict::CauseFound => 1,
        _ => 3,
    };
    assert_eq!(output.code, Some(code), "{diagnosis:#?}");
    diagnosis
}

/// Returns the codes of the causes that are found.
#[track_caller]
fn causes(shop: &Shop<'_>, words: &[&str]) -> Vec<String> {
    why(shop, words).causes.into_iter().map(|cause| cause.code).collect()
}

/// Runs wharf in the project, and expects success.
#[track_caller]
fn done(shop: &Shop<'_>, words: &[&str]) -> String {
    shop.wharf(words).output().expect_code(0).text()
}

#[track_caller]
fn begun(shop: &Shop<'_>, name: &str, words: &[&str]) -> Run {
    let all = [&["run", "--detach", "--json", "--name", name, "--"], words].concat();
    runs(shop.wharf(&all)).remove(0)
}

#[test]
fn wharf_itself_is_looked_at_and_mended() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    assert_eq!(why(&shop, &[]).verdict, Verdict::Reachable, "nothing is needed yet");
    let _ = done(&shop, &["port", "api"]);
    let _ = shop.wharf(&["daemon", "stop"]).output();
    until("the daemon is gone", || causes(&shop, &[]) == ["wharf-daemon-absent"]);
    // Without a terminal nobody can be asked.
    let asked = shop.wharf(&["why", "--fix"]).output().expect_code(2);
    says(&asked.stderr, &["nobody is there to ask", "wharf daemon start", "--yes"]);
    let mended = shop.wharf(&["why", "--fix", "--yes"]).by(&["env", &path(&sandbox)]).output();
    let mended = mended.expect_code(0).text();
    says(&mended, &["wharf-daemon-absent", "✓ wharf", "runs (pid"]);
    let _ = done(&shop, &["daemon", "stop"]);
}

/// Returns a PATH on which the binary under test is called wharf, as a fix calls it.
fn path(sandbox: &wharf_testkit::sandbox::Sandbox) -> String {
    // Once as another user, so that there is a copy for everybody.
    if sandbox.has_users() {
        let _ = sandbox.wharf(&["--version"]).as_user(SOMEBODY).output();
    }
    let binary = sandbox.folder().join("wharf");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_wharf"), &binary).expect("the binary is copied");
    }
    format!("PATH={}:/usr/sbin:/usr/bin:/sbin:/bin", sandbox.folder().display())
}

#[test]
fn what_is_wrong_with_its_files_is_named() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let _ = done(&shop, &["port", "api"]);
    let home = sandbox.folder().join("home");
    let write = |file: &str, text: &str| {
        let path = home.join(file);
        let script =
            format!("mkdir -p {} && printf '{text}' > {}", path.parent().unwrap().display(), path.display());
        let _ = shop.sh(&script).expect_code(0);
    };
    write("config/wharf/config.toml", "[router]\\nhttps = 70000\\n");
    let found = why(&shop, &[]);
    assert_eq!(found.causes[0].code, "wharf-configuration-wrong");
    says(&found.summary, &["config.toml"]);
    let _ = shop.sh(&format!("rm {}", home.join("config/wharf/config.toml").display()));
    write(
        "state/wharf/wharf.db",
        "no database at all, and longer than its header would be ..................",
    );
    assert!(causes(&shop, &[]).contains(&"wharf-leases-unreadable".to_owned()));
}

#[test]
fn a_daemon_that_is_stopped_is_named() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let _ = done(&shop, &["daemon", "start"]);
    let status: Value = serde_json::from_str(&done(&shop, &["daemon", "status", "--json"])).unwrap();
    let pid = status["process"]["pid"].as_u64().expect("it tells its pid");
    let _ = shop.sh(&format!("kill -STOP {pid}")).expect_code(0);
    assert_eq!(causes(&shop, &[]), ["wharf-daemon-silent"]);
    let _ = shop.sh(&format!("kill -CONT {pid}")).expect_code(0);
    until("it answers again", || causes(&shop, &[]).is_empty());
    let _ = done(&shop, &["daemon", "stop"]);
}

#[test]
fn leases_and_runs_explain_a_refusal() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let port = done(&shop, &["port", "api"]).trim().to_owned();
    for word in ["api.shop", "api", &port] {
        let found = why(&shop, &[word]);
        assert_eq!(found.causes[0].code, "leased-and-not-running", "{word}: {found:#?}");
        says(&found.summary, &["api.shop", &port]);
    }
    // What runs and does not listen is no lease without a run.
    let silent = begun(&shop, "worker", &["sleep", "600"]);
    let found = why(&shop, &["worker"]);
    assert_eq!(found.causes[0].code, "run-does-not-listen", "{found:#?}");
    says(&found.summary, &["worker.shop", "sleep 600"]);
    let served = begun(&shop, "web", &["sh", "-c", "exec python3 -m http.server $PORT"]);
    assert_eq!(why(&shop, &["web"]).verdict, Verdict::Reachable);
    for run in [silent, served] {
        let _ = done(&shop, &["stop", &run.name.to_string()]);
    }
    let _ = shop.wharf(&["daemon", "stop"]).output();
}

#[test]
fn a_stranger_at_a_leased_port_is_named_from_every_side() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let port = done(&shop, &["port", "api"]).trim().to_owned();
    let place = format!("tcp:127.0.0.1:{port}");
    let stranger = sandbox.scenario("listen.py", &[&place]);
    let stranger = if sandbox.has_users() { stranger.as_user(SOMEBODY) } else { stranger };
    let scene = stranger.scene();
    // A port that was handed out may be anybody's who was told it, so a run takes that back.
    let found = why(&shop, &[&port]);
    assert_eq!(found.causes[0].code, "leased-port-held-by-other-project", "{found:#?}");
    let bound = why(&shop, &["--bind", &format!("127.0.0.1:{port}")]);
    assert_eq!(bound.causes[0].code, "address-in-use", "{bound:#?}");
    drop(scene);
}

#[test]
fn a_port_that_the_daemon_keeps_is_kept_for_its_lease() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let run = begun(&shop, "api", &["sh", "-c", "exec python3 -m http.server $PORT"]);
    let _ = done(&shop, &["stop", "api"]);
    let place = format!("127.0.0.1:{}", run.port);
    until("the daemon keeps it", || causes(&shop, &["--bind", &place]) == ["kept-by-wharf"]);
    assert_eq!(causes(&shop, &["api"]), ["leased-and-not-running"]);
    let _ = done(&shop, &["daemon", "stop"]);
}

#[test]
fn a_leased_port_that_somebody_took_meanwhile_is_named() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let run = begun(&shop, "api", &["sh", "-c", "exec python3 -m http.server $PORT"]);
    let _ = done(&shop, &["stop", "api"]);
    let _ = shop.wharf(&["daemon", "stop"]).output();
    let place = format!("tcp:127.0.0.1:{}", run.port);
    until("the port is free", || shop.wharf(&["why", "--bind", &place[4..]]).output().code == Some(0));
    let stranger = sandbox.scenario("listen.py", &[&place]);
    let scene = if sandbox.has_users() { stranger.as_user(SOMEBODY) } else { stranger }.scene();
    assert_eq!(causes(&shop, &[]), ["wharf-daemon-absent", "wharf-leased-port-taken"]);
    drop(scene);
}

#[test]
fn a_daemon_of_another_version_is_named() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let socket = sandbox.folder().join("scratch/run/wharf/daemon.sock").display().to_string();
    let daemon = shop.own(sandbox.scenario("old_daemon.py", &[&socket, "0.0.1"])).scene();
    let found = why(&shop, &[]);
    let codes: Vec<&str> = found.causes.iter().map(|cause| cause.code.as_str()).collect();
    assert!(codes.contains(&"wharf-daemon-of-other-version"), "{found:#?}");
    drop(daemon);
}

#[test]
fn names_and_trust_that_are_wanting_are_remarks() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let _ = done(&shop, &["port", "api"]);
    let _ = done(&shop, &["daemon", "start"]);
    let _ = shop.root_certificate();
    let remarks = || -> Vec<String> {
        // Without a service that knows names below localhost.
        let services = "printf 'hosts: files dns\\n' > /run/nss && mount --bind /run/nss /etc/nsswitch.conf";
        let run = shop.own(sandbox.wharf(&["why", "--json"])).after_mounting(services);
        let found = diagnosis_document(&run.output().expect_code(0).text());
        found.remarks.into_iter().map(|remark| remark.code).collect()
    };
    until("both are seen", || remarks() == ["wharf-names-unresolved", "wharf-authority-untrusted"]);
    let _ = done(&shop, &["daemon", "stop"]);
}

#[test]
fn a_sandbox_that_denies_binding_is_told_from_privilege() {
    let sandbox = sandbox!();
    let asked = sandbox.wharf(&["why", "--bind", "127.0.0.1:7777", "--json"]);
    let output = asked.by_scenario("landlocked.py", &[""]).output();
    if output.code == Some(1) && output.stdout.is_empty() {
        skip!("no Landlock for the network here: {}", output.stderr);
    }
    let found = diagnosis_document(&output.expect_code(1).text());
    assert_eq!(found.causes[0].code, "sandbox-denies-bind", "{found:#?}");
}

#[test]
fn the_router_that_finds_its_port_taken_is_down() {
    let sandbox = sandbox!();
    let shop = Shop::open(&sandbox, Who::Root).expect("root is there");
    let scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:443", "tcp:127.0.0.1:8443"]);
    let _ = done(&shop, &["daemon", "start"]);
    let found = why(&shop, &[]);
    assert_eq!(found.causes[0].code, "wharf-router-down", "{found:#?}");
    drop(scene);
    let _ = done(&shop, &["daemon", "stop"]);
}

#[test]
fn an_authority_that_others_may_read_is_not_used() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let _ = done(&shop, &["daemon", "start"]);
    let root = shop.root_certificate();
    let _ = shop.sh(&format!("chmod 755 $(dirname {root})")).expect_code(0);
    let found = why(&shop, &[]);
    assert_eq!(found.causes[0].code, "wharf-authority-unusable", "{found:#?}");
    let _ = done(&shop, &["daemon", "stop"]);
}

#[test]
fn every_cause_is_listed() {
    let sandbox = sandbox!();
    let text = sandbox.wharf(&["why", "--list", "--json"]).output().expect_code(0).text();
    let causes: Causes = causes_document(&text);
    assert!(causes.causes.len() >= 90, "{}", causes.causes.len());
    let text = sandbox.wharf(&["why", "--list"]).output().expect_code(0).text();
    for cause in &causes.causes {
        assert!(text.contains(&cause.code) && text.contains(&cause.title), "{}", cause.code);
        // What nobody has brought about is documented elsewhere.
        assert!(cause.reproduced != cause.documented.is_some(), "{}", cause.code);
    }
}

#[test]
fn what_is_no_question_is_said_in_a_sentence() {
    let sandbox = sandbox!();
    let asked = |words: &[&str]| -> Output { sandbox.wharf(&[&["why"], words].concat()).output() };
    for (words, said) in [
        (&[""][..], "empty word"),
        (&["gopher://x"], "no scheme"),
        (&["nosuchname"], "no run or lease is called nosuchname"),
        (&["localhost"], "names no port"),
        (&["--bind", "x"], "no address to bind"),
        (&["--bind", "127.0.0.1:70000"], "no address to bind"),
        (&["--as", "nobodyatall", "3000"], "there is no user"),
        (&["--from", "4194304", "3000"], "there is no process 4194304"),
        (&["--timeout", "0s", "3000"], "1ms to 60s"),
        (&["--yes", "3000"], "--fix"),
        (&["3000", "--bind", "3000"], "cannot be used with"),
    ] {
        let output = asked(words).expect_code(2);
        says(&output.stderr, &[said]);
        assert_eq!(output.text(), "", "{words:?}");
    }
}

#[test]
fn a_person_reads_cause_evidence_and_fix() {
    let sandbox = sandbox!();
    let told = sandbox.wharf(&["why", "http://127.0.0.1:62893/"]).output().expect_code(1).text();
    says(
        &told,
        &["✗ http://127.0.0.1:62893 — nothing listens", "cause", "evidence", "fix", "(--explain shows each)"],
    );
    let explained = sandbox.wharf(&["why", "62893", "--explain"]).output().expect_code(1).text();
    says(&explained, &["ruled out", "ms", "total"]);
}
