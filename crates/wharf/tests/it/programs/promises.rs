//! What `wharf run` promises a program, checked on one.
//!
//! Not here: which programs there are ([`super`]), and how they are set up ([`super::stage`]).

use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::scenario::Scenario;

use super::stage::{Stage, Terminal, Worktree};
use super::{Ask, Program};
use crate::running::{answers, ends, in_time, reached};
use crate::support::{ls, says};

/// Runs `program` with its port hard-coded in two worktrees at once, then with the port that it is told, and checks
/// all that is promised of each run.
pub(super) fn are_kept(sandbox: &Sandbox, stage: &Stage<'_>, program: &Program) {
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let mut check = |scene: &mut Scenario<'_>, port: u16| {
        let hosts: &[Option<&str>] = if program.both { &[Some("127.0.0.1"), Some("::1")] } else { &[None] };
        for host in hosts {
            serves(stage, scene, program, *host, port);
        }
        assert_eq!(reached(&mut neighbour, port), ["ECONNREFUSED"; 2], "{port}");
        assert_eq!(scene.tell(&format!("take {port}"))["taken"], "", "{port}");
    };

    let (mut main, first) = stage.start(Worktree::Main, program.fixed, Terminal::None);
    assert_eq!(first, program.port, "nobody else has it: {}", said(&mut main));
    let (mut linked, second) = stage.start(Worktree::Linked, program.fixed, Terminal::Own);
    assert_ne!(second, first);
    let asked = format!("asked for port {first}");
    says(&said(&mut linked), &[&asked, &second.to_string(), ".feat-cart.shop is at"]);
    check(&mut main, first);
    check(&mut linked, second);
    ends(sandbox, &mut main, first, "SIGTERM");
    check(&mut linked, second);
    ends(sandbox, &mut linked, second, "closed");
    nothing_listens(sandbox);

    let (mut told, leased) = stage.start(Worktree::Main, program.told, Terminal::Own);
    assert!((20_000..30_000).contains(&leased), "{leased}: {}", said(&mut told));
    assert!(!said(&mut told).contains("asked for port"), "{}", said(&mut told));
    check(&mut told, leased);
    ends(sandbox, &mut told, leased, "closed");
    nothing_listens(sandbox);
}

/// Waits until the program serves at `host`, or else at the address that is printed, as its own clients see it.
#[track_caller]
fn serves(stage: &Stage<'_>, scene: &mut Scenario<'_>, program: &Program, host: Option<&str>, port: u16) {
    in_time(&format!("nothing serves at {host:?}, port {port}"), || {
        // What is printed may change while it starts.
        let printed = scene.tell("at")["host"].as_str().expect("a text").to_owned();
        let host = host.unwrap_or(&printed);
        let (answer, is_good) = match program.ask {
            Ask::Http(path) => {
                let answer = answers(scene, host, port, path);
                let is_good = answer.starts_with("HTTP/1.") && answer.contains(" 200");
                (answer, is_good)
            }
            Ask::Client { command, answer } => {
                let command = command.replace("{host}", host).replace("{port}", &port.to_string());
                let output = stage.shell(&command);
                (format!("{output:?}"), output.text().trim() == answer)
            }
        };
        if is_good { Ok(()) } else { Err(format!("{answer}; it said {}", said(scene))) }
    });
}

fn said(scene: &mut Scenario<'_>) -> String {
    scene.tell("at")["said"].as_str().expect("a text").to_owned()
}

#[track_caller]
fn nothing_listens(sandbox: &Sandbox) {
    let snapshot = ls(sandbox, &[]);
    assert!(snapshot.endpoints.is_empty(), "{snapshot:#?}");
}
