//! What a person types: what names nothing, what is no port, and what the exit code says of it.

use wharf_testkit::sandbox;
use wharf_testkit::sandbox::Sandbox;

use crate::support::{is_inert, ls, owned_by, show, snapshot};

/// Runs the binary, which is to end with `code`, say something on stderr and nothing on stdout.
#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], code: i32) -> String {
    let output = sandbox.wharf(arguments).output().expect_code(code);
    assert_eq!(output.text(), "", "{arguments:?}");
    assert!(!output.stderr.trim().is_empty(), "{arguments:?}: no message");
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    output.stderr
}

#[test]
fn what_is_no_port_is_a_usage_error() {
    let sandbox = sandbox!();
    for wrong in ["99999", "0", "65536", "127.0.0.1:0", "pid:x", ""] {
        refused(&sandbox, &["show", wrong], 2);
    }
    for wrong in ["70000-80000", "4000-3000", "0", "99999"] {
        refused(&sandbox, &["ls", wrong], 2);
    }
    let message = refused(&sandbox, &["show", "99999"], 2);
    assert!(message.contains("65535"), "the message says what a port is: {message}");
}

#[test]
fn an_argument_that_is_no_text_is_a_usage_error() {
    let sandbox = sandbox!();
    for command in ["ls", "show"] {
        let broken = "exec \"$@\" \"$(printf 'a\\377b')\"";
        let output = sandbox.wharf(&[command]).by(&["sh", "-c", broken, "sh"]).output().expect_code(2);
        assert!(!output.stderr.trim().is_empty() && !output.stderr.contains("panicked"), "{}", output.stderr);
    }
}

#[test]
fn a_name_of_several_endpoints_shows_them_all() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["--name=shopfront", "tcp:127.0.0.1:3000", "tcp:127.0.0.1:4000"]);
    let _other = sandbox.scene("listen.py", &["--name=storage", "tcp:127.0.0.1:5000"]);
    let detail = show(&sandbox, "shopfront");
    let ports: Vec<u16> = detail.endpoints.iter().map(|one| one.endpoint.port).collect();
    assert_eq!(ports, [3000, 4000]);
    for endpoint in &detail.endpoints {
        owned_by(&endpoint.endpoint, &[scene.pid("pid")]);
    }
    assert_eq!(detail.number, None, "no one number was named");
    assert_eq!(show(&sandbox, &format!("pid:{}", scene.pid("pid"))).endpoints.len(), 2);
}

#[test]
fn what_is_for_every_command_may_stand_before_it_and_what_is_for_ls_may_not() {
    let sandbox = sandbox!();
    for right in [
        &["--color", "never", "ls"][..],
        &["--color=never", "show", "3000"],
        &["ls", "--color", "never"],
        &["--color=always", "lease", "ls"],
        &["--color", "never", "--json"],
        &["--color", "never", "run", "--", "true", "--json"],
    ] {
        let output = sandbox.wharf(right).output().expect_code(0);
        assert!(!output.stderr.contains("error"), "{right:?}: {}", output.stderr);
    }
    let coloured = sandbox.wharf(&["--color=always", "show", "3000"]).output().expect_code(0).text();
    assert!(coloured.contains('\u{1b}'), "{coloured}");
    for (wrong, hint) in [
        (&["--json", "ls"][..], "wharf ls --json"),
        (&["-aj", "ls"], "wharf ls --all"),
        (&["--sort=port", "--color=never", "list"], "--sort belongs after the command"),
        (&["--mine", "ps"], "ps takes no --mine"),
        (&["--project", "run", "true"], "run takes no --project"),
    ] {
        let message = refused(&sandbox, wrong, 2);
        assert!(message.contains(hint), "{wrong:?}: {message}");
    }
}

#[test]
fn unknown_flags_and_commands_are_usage_errors() {
    let sandbox = sandbox!();
    for wrong in
        [&["ls", "--nonsense"][..], &["show"], &["schema", "nonsense"], &["ls", "--sort", "nonsense"]]
    {
        refused(&sandbox, wrong, 2);
    }
}

#[test]
fn a_bare_port_is_answered_with_the_commands_that_take_one() {
    let sandbox = sandbox!();
    for arguments in [&["3000"][..], &["3000", "--json"], &["--json", "3000"], &["--color", "never", "3000"]]
    {
        let message = refused(&sandbox, arguments, 2);
        assert!(message.contains("`wharf show 3000`") && message.contains("`wharf ls 3000`"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert!(refused(&sandbox, &["99999"], 2).contains("65535"));
    for other in [&["nonsense"][..], &["3000x"], &["show", "3000", "4000"]] {
        let message = refused(&sandbox, other, 2);
        assert!(message.contains("Usage:") && !message.contains("`wharf show"), "{message}");
    }
}

#[test]
fn a_name_that_matches_nothing_is_a_no() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    for nothing in [&["ls", "abc"][..], &["show", "abc"], &["ls", "3001-3999"], &["ls", "pid:999999"]] {
        let output = sandbox.wharf(nothing).output();
        assert_eq!(output.code, Some(1), "{nothing:?}: {output:#?}");
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    }
    let json = sandbox.wharf(&["ls", "abc", "--json"]).output().expect_code(1);
    let parsed: serde_json::Value = serde_json::from_str(&json.text()).expect("still a document");
    assert_eq!(parsed["endpoints"], serde_json::json!([]));
}

#[test]
fn nothing_named_and_nothing_there_is_no_fault() {
    let sandbox = sandbox!();
    assert!(ls(&sandbox, &[]).endpoints.is_empty());
    let bare = sandbox.wharf(&[]).output().expect_code(0).text();
    assert_eq!(bare, sandbox.wharf(&["ls"]).output().expect_code(0).text());
    is_inert(&bare);
}

#[test]
fn filters_choose_by_port_range_pid_and_name() {
    let sandbox = sandbox!();
    let one = sandbox.scene("listen.py", &["--name=shopfront", "tcp:127.0.0.1:3000", "tcp:127.0.0.1:3005"]);
    let _two = sandbox.scene("listen.py", &["--name=storage", "tcp:127.0.0.1:4000"]);
    let check = |filters: &[&str], expect: &[u16]| {
        let mut ports: Vec<u16> = ls(&sandbox, filters).endpoints.iter().map(|one| one.port).collect();
        ports.sort_unstable();
        assert_eq!(ports, expect, "{filters:?}");
    };
    check(&["3000"], &[3000]);
    check(&[":3000"], &[3000]);
    check(&["3000-3999"], &[3000, 3005]);
    check(&["127.0.0.1:4000"], &[4000]);
    check(&[&format!("pid:{}", one.pid("pid"))], &[3000, 3005]);
    check(&["shopfront"], &[3000, 3005]);
    check(&["storage", "3005"], &[3005, 4000]);
    check(&["--sort", "port"], &[3000, 3005, 4000]);
}

#[test]
fn help_version_completions_and_schemas_are_printed() {
    let sandbox = sandbox!();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["ls", "--help"],
        &["show", "--help"],
        &["watch", "--help"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
    ] {
        let output = sandbox.wharf(arguments).output().expect_code(0);
        assert!(output.text().len() > 5, "{arguments:?}");
        assert_eq!(output.stderr, "", "{arguments:?}");
    }
    let folder = sandbox.folder().join("scratch").display().to_string();
    let _ = sandbox.wharf(&["man", &folder]).output().expect_code(0);
    assert!(sandbox.folder().join("scratch/wharf.1").is_file());
}

#[test]
fn a_document_names_its_boot_and_its_instant() {
    let sandbox = sandbox!();
    let document = snapshot(sandbox.wharf(&["--json"]));
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("/proc is mounted");
    assert_eq!(document.boot_id.as_deref(), Some(boot.trim()));
    assert!(document.taken_at.unix_ms() > 0);
}
