//! How a plan to free a port is drawn, and what became of it.

use std::net::{IpAddr, Ipv4Addr};

use wharf_model::connection::ProcessRef;
use wharf_model::detail::{StartedBy, StarterKind};
use wharf_model::endpoint::{EndpointState, Protocol};
use wharf_model::free::{Freed, Held, Outcome, Refusal, Step, StepKind, StepResult};
use wharf_model::timestamp::Timestamp;
use wharf_views::style::Style;
use wharf_views::text::free::{write_outcome, write_plan};

fn process(pid: u32, name: &str) -> ProcessRef {
    ProcessRef { pid, start_ticks: u64::from(pid), name: name.to_owned() }
}

fn held() -> Held {
    Held {
        who: "node (pid 4121, /home/ada/src/shop)".to_owned(),
        protocol: Protocol::Tcp,
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        port: 3000,
        state: Some(EndpointState::Listening),
        remote: None,
        process: Some(process(4121, "node")),
        started_by: Some(StartedBy {
            kind: StarterKind::Multiplexer,
            text: "zsh in tmux (pid 811), terminal pts/3".to_owned(),
            pid: Some(811),
            supervisor: None,
        }),
        ancestry: vec![process(4110, "sh"), process(4100, "npm run dev"), process(820, "zsh")],
        clients: vec![process(900, "chrome")],
    }
}

fn stop() -> Step {
    Step {
        kind: StepKind::StopProcesses,
        text: "stop npm run dev (pid 4100)".to_owned(),
        why: Some("npm run dev (pid 4100) runs it".to_owned()),
        processes: vec![process(4100, "npm run dev"), process(4110, "sh"), process(4121, "node")],
        signal: Some("SIGTERM".to_owned()),
        also_frees: vec![24678],
        command: None,
        result: None,
    }
}

fn freed(outcome: Outcome, summary: &str) -> Freed {
    Freed {
        target: "3000".to_owned(),
        outcome,
        summary: summary.to_owned(),
        addresses: Vec::new(),
        holders: vec![held()],
        steps: vec![stop()],
        refusals: Vec::new(),
        remarks: Vec::new(),
        timings_ms: std::collections::BTreeMap::new(),
    }
}

fn style() -> Style {
    let mut style = Style::plain(Timestamp::from_unix_ms(1_790_000_000_000).unwrap(), 1000);
    style.home = Some("/home/ada".to_owned());
    style
}

fn planned(freed: &Freed, from: usize, again: Option<&str>) -> String {
    let mut text = Vec::new();
    write_plan(&mut text, freed, from, again, &style()).unwrap();
    String::from_utf8(text).unwrap()
}

fn became(freed: &Freed) -> String {
    let mut text = Vec::new();
    write_outcome(&mut text, freed, &style()).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_plan_says_who_has_it_why_it_runs_and_what_will_be_done() {
    assert_eq!(
        planned(&freed(Outcome::Held, ""), 0, None),
        "3000 is held by node (pid 4121, ~/src/shop) at 127.0.0.1:3000\n  \
           started by    zsh in tmux (pid 811), terminal pts/3\n  \
           line          zsh (820) › npm run dev (4100) › sh (4110) › node (4121)\n  \
           clients       chrome (900)  left alone\n  \
           plan          stop npm run dev (pid 4100) by SIGTERM, and with it sh (4110), node (4121)\n                \
                         npm run dev (pid 4100) runs it\n                \
                         also frees 24678\n"
    );
}

#[test]
fn what_is_done_once_more_is_told_alone() {
    let mut told = freed(Outcome::Held, "");
    told.steps.push(Step { text: "stop bash ./dev.sh (pid 99)".to_owned(), ..stop() });
    let text = planned(&told, 1, Some("bash (pid 99)"));
    assert!(text.starts_with("bash (pid 99) started it again\n  plan          stop bash ./dev.sh"), "{text}");
    assert!(!text.contains("stop npm run dev (pid 4100) by"), "{text}");
}

#[test]
fn what_became_of_it_is_one_line_and_how_it_stays_off() {
    let mut told = freed(Outcome::Freed, "3000 is free after 12 ms: bound at 127.0.0.1");
    told.steps = vec![Step {
        kind: StepKind::StopUnit,
        command: Some("systemctl disable nginx.service".to_owned()),
        result: Some(StepResult::Done),
        ..stop()
    }];
    assert_eq!(
        became(&told),
        "✓ 3000 is free after 12 ms: bound at 127.0.0.1\n  keep it off   systemctl disable nginx.service\n"
    );
}

#[test]
fn a_refusal_says_what_would_do_it() {
    let mut told = freed(Outcome::Refused, "nginx (pid 9) is a process of user root");
    told.refusals = vec![Refusal {
        code: "other-user".to_owned(),
        text: "nginx (pid 9) is a process of user root".to_owned(),
        command: Some("sudo wharf free 80".to_owned()),
    }];
    assert_eq!(
        became(&told),
        "✗ nginx (pid 9) is a process of user root\n  instead       sudo wharf free 80\n"
    );
}

#[test]
fn nothing_of_others_reaches_the_terminal_raw() {
    let hostile = "x\x1b[2J\u{202e}\n";
    let mut told = freed(Outcome::Refused, hostile);
    told.holders[0].who = hostile.to_owned();
    told.holders[0].clients = vec![process(1, hostile)];
    told.steps[0] = Step {
        text: hostile.to_owned(),
        why: Some(hostile.to_owned()),
        command: Some(hostile.to_owned()),
        processes: vec![process(1, hostile), process(2, hostile)],
        ..stop()
    };
    told.remarks = vec![hostile.to_owned()];
    told.refusals =
        vec![Refusal { code: "x".to_owned(), text: hostile.to_owned(), command: Some(hostile.to_owned()) }];
    let text = planned(&told, 0, Some(hostile)) + &planned(&told, 0, None) + &became(&told);
    assert!(!text.contains(['\x1b', '\u{202e}']), "{text:?}");
}
