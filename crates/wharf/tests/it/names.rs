//! Hostile and broken names: nothing of another process reaches the terminal raw.

use wharf_model::process::ProcessState;
use wharf_testkit::{sandbox, skip};

use crate::support::{is_inert, ls, only, only_detail, owned_by, show, text};

/// Every way to look at the owner that a scene makes prints inert text, and valid documents.
#[track_caller]
fn check(mode: &str, hint: &str) {
    let sandbox = sandbox!();
    let scene = sandbox.scene("odd_names.py", &[mode, "3000"]);
    let pid = scene.pid("pid");
    owned_by(only(&ls(&sandbox, &[]), 3000), &[pid]);
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &[pid]);
    let mut all = String::new();
    for arguments in [&["ls"][..], &["ls", "--wide"], &["ls", "--all"], &["show", "3000"], &["ls", "--json"]]
    {
        let text = text(&sandbox, arguments);
        is_inert(&text);
        all.push_str(&text);
    }
    assert!(all.contains(hint), "{hint:?} is not in:\n{all}");
    // In a terminal only wharf's own colours are escapes.
    for columns in ["20", "80", "400"] {
        let run = sandbox.wharf(&["ls", "--wide"]).env("TERM", "xterm-256color");
        let shown = run.by_scenario("terminal.py", &[columns]).output().expect_code(0).text();
        is_inert(&without_colours(&shown.replace("\r\n", "\n")));
    }
}

#[test]
fn terminal_escapes_are_never_printed_raw() {
    check("escapes", "x1b[31m");
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    check("bytes", "broken");
}

#[test]
fn very_long_names_are_cut() {
    check("long", "xxxx");
}

#[test]
fn a_removed_working_directory_is_no_matter() {
    check("deleted", "3000");
}

#[test]
fn a_name_that_looks_like_the_kernels_own_fields_is_read_as_a_name() {
    for name in [") Z 0 0 (", "a b", "))((", "x) S"] {
        let sandbox = sandbox!();
        let scene = sandbox.scene("listen.py", &[&format!("--name={name}"), "tcp:127.0.0.1:3000"]);
        let snapshot = ls(&sandbox, &[]);
        let endpoint = only(&snapshot, 3000);
        owned_by(endpoint, &[scene.pid("pid")]);
        let process = &endpoint.owner.processes[0];
        assert_eq!(process.name, name);
        let goes_on = matches!(process.state, ProcessState::Running | ProcessState::Sleeping);
        assert!(goes_on, "{name:?}: {process:#?}");
        assert_eq!(process.start_ticks, scene.number("start_ticks"));
    }
}

#[test]
fn a_replaced_program_is_noted() {
    let sandbox = sandbox!();
    let program = sandbox.folder().join("scratch/server");
    let python = std::fs::canonicalize("/usr/bin/python3").unwrap_or_default();
    if std::fs::copy(&python, &program).is_err() {
        skip!("no /usr/bin/python3 to copy");
    }
    let script = sandbox.folder().join("scenarios/listen.py").display().to_string();
    let words = [&program.display().to_string(), &script, "tcp:127.0.0.1:3000"];
    let scene = sandbox.program(&words).scene();
    assert!(!only(&ls(&sandbox, &[]), 3000).owner.processes[0].exe_deleted);
    std::fs::remove_file(&program).expect("the program is removed");
    let snapshot = ls(&sandbox, &[]);
    owned_by(only(&snapshot, 3000), &[scene.pid("pid")]);
    let process = &only(&snapshot, 3000).owner.processes[0];
    assert!(process.exe_deleted, "{process:#?}");
    assert_eq!(process.exe.as_deref(), program.to_str(), "without the kernel's mark");
}

#[test]
fn what_a_person_typed_is_never_printed_raw() {
    let sandbox = sandbox!();
    for arguments in [&["show", "\x1b[31mred\x07"][..], &["ls", "\u{202e}txt"], &["ls", "--\x1b[2J"]] {
        let output = sandbox.wharf(arguments).output();
        assert!(matches!(output.code, Some(1 | 2)), "{output:#?}");
        is_inert(&output.text());
        is_inert(&output.stderr);
    }
}

/// Removes SGR sequences (`ESC [ … m`) and links (`ESC ] 8 ; ; … ESC \`), which are wharf's own.
fn without_colours(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once('\x1b') {
        kept.push_str(before);
        let sgr = after.strip_prefix('[').and_then(|after| {
            let end = after.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            after[end..].strip_prefix('m')
        });
        let link =
            after.strip_prefix("]8;;").and_then(|after| after.split_once("\x1b\\")).map(|(_, after)| after);
        match sgr.or(link) {
            Some(after) => rest = after,
            None => {
                kept.push('\x1b');
                rest = after;
            }
        }
    }
    kept.push_str(rest);
    kept
}
