//! How a diagnosis is drawn: cause, evidence, fix; what is not known; and text of others that would steer a terminal.

use wharf_model::diagnosis::{
    CauseFound, DIAGNOSIS_SCHEMA, Diagnosis, Evidence, Fix, Hop, Remark, RuledOut, Untold, Verdict,
};
use wharf_model::timestamp::Timestamp;
use wharf_views::style::Style;
use wharf_views::text::diagnosis::write_diagnosis;

/// Returns the instant at which all of it was found out.
fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_790_000_000_000).unwrap()
}

fn diagnosis(verdict: Verdict) -> Diagnosis {
    Diagnosis {
        schema: DIAGNOSIS_SCHEMA.to_owned(),
        taken_at: now(),
        target: "http://localhost:3000".to_owned(),
        verdict,
        summary: "connected in 0.08 ms, speaks HTTP/1.1, 200".to_owned(),
        causes: Vec::new(),
        proof: vec![evidence("connect(2)", "127.0.0.1:3000 in 0.08 ms", None)],
        remarks: Vec::new(),
        chain: Vec::new(),
        ruled_out: vec![out("nothing-listening", "listeners"), out("firewall-drops", "routes and firewalls")],
        untold: Vec::new(),
        would_tell: None,
        timings_ms: [("connect".to_owned(), 0.4), ("total".to_owned(), 3.25)].into(),
        warnings: Vec::new(),
    }
}

fn evidence(source: &str, observed: &str, expected: Option<&str>) -> Evidence {
    Evidence {
        source: source.to_owned(),
        observed: observed.to_owned(),
        expected: expected.map(str::to_owned),
    }
}

fn out(code: &str, area: &str) -> RuledOut {
    RuledOut {
        code: code.to_owned(),
        area: area.to_owned(),
        title: "A thing".to_owned(),
        reason: "it is not".to_owned(),
    }
}

fn stopped() -> CauseFound {
    CauseFound {
        code: "server-stopped".to_owned(),
        area: "the server's process".to_owned(),
        title: "The server is stopped".to_owned(),
        text: "nothing accepts: node (pid 4121, /home/ada/src/shop) is stopped".to_owned(),
        evidence: vec![evidence("/proc/4121/stat", "state T", Some("S or R"))],
        fixes: vec![
            Fix {
                title: "let it go on".to_owned(),
                command: Some("kill -CONT 4121".to_owned()),
                privileged: true,
                safe: true,
            },
            Fix { title: "or start it again".to_owned(), command: None, privileged: false, safe: false },
        ],
    }
}

fn drawn(diagnosis: &Diagnosis, explain: bool) -> String {
    let mut style = Style::plain(now(), 1000);
    style.home = Some("/home/ada".to_owned());
    let mut text = Vec::new();
    write_diagnosis(&mut text, diagnosis, explain, &style).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn what_can_be_reached_is_one_line() {
    let text = drawn(&diagnosis(Verdict::Reachable), false);
    assert_eq!(text, "✓ http://localhost:3000 — connected in 0.08 ms, speaks HTTP/1.1, 200\n");
}

#[test]
fn a_cause_has_evidence_and_what_to_do() {
    let mut told = diagnosis(Verdict::CauseFound);
    told.causes = vec![stopped()];
    told.summary = told.causes[0].text.clone();
    told.ruled_out.push(out("server-frozen", "the server's process"));
    let text = drawn(&told, false);
    assert_eq!(
        text,
        "✗ http://localhost:3000 — nothing accepts: node (pid 4121, ~/src/shop) is stopped\n\n  \
           cause         The server is stopped (server-stopped)\n  \
           evidence      /proc/4121/stat: state T (not S or R)\n  \
           fix           sudo kill -CONT 4121  let it go on\n                \
                         or start it again\n  \
           ruled out     listeners · routes and firewalls  (--explain shows each)\n"
    );
}

#[test]
fn two_causes_stand_in_their_order() {
    let mut told = diagnosis(Verdict::CauseFound);
    told.causes = vec![stopped(), CauseFound { text: "and the second".to_owned(), ..stopped() }];
    told.chain = vec![Hop {
        at: "127.0.0.1:80".to_owned(),
        by: "nginx (pid 9, /home/ada/src)".to_owned(),
        to: "127.0.0.1:3000".to_owned(),
        known_by: "/home/ada/nginx.conf:3".to_owned(),
    }];
    let text = drawn(&told, false);
    assert!(text.contains("\n\nand then: and the second\n\n  cause"), "{text}");
    assert!(
        text.contains("by way of     127.0.0.1:80 → nginx (pid 9, ~/src) → 127.0.0.1:3000  ~/nginx.conf:3"),
        "{text}"
    );
}

#[test]
fn what_is_not_known_is_said_with_what_would_tell() {
    let mut told = diagnosis(Verdict::CannotTell);
    told.summary = "something drops the connection".to_owned();
    told.would_tell = Some("sudo wharf why localhost:3000".to_owned());
    told.untold = vec![Untold {
        code: "firewall-drops".to_owned(),
        area: "routes and firewalls".to_owned(),
        title: "A firewall drops the packets".to_owned(),
        lacks: "root can trace one".to_owned(),
    }];
    told.remarks = vec![Remark { code: "x".to_owned(), text: "and this is odd".to_owned() }];
    let text = drawn(&told, false);
    for line in [
        "? http://localhost:3000 — something drops the connection\n",
        "  note          and this is odd\n",
        "  not known     A firewall drops the packets: root can trace one\n",
        "  would tell    sudo wharf why localhost:3000\n",
        "  ruled out     listeners  (--explain shows each)\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn all_of_it_is_explained() {
    let text = drawn(&diagnosis(Verdict::Reachable), true);
    for line in [
        "  seen          connect(2): 127.0.0.1:3000 in 0.08 ms\n",
        "A thing: it is not\n",
        "connect 0.4 · total 3.2",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn text_of_others_does_not_steer_the_terminal() {
    let mut told = diagnosis(Verdict::CauseFound);
    let hostile = "\x1b]0;x\x07\u{202e}\nnot a line";
    let mut cause = stopped();
    cause.text = hostile.to_owned();
    cause.evidence[0].observed = hostile.to_owned();
    cause.fixes[0].command = Some(hostile.to_owned());
    told.summary = hostile.to_owned();
    told.target = hostile.to_owned();
    told.causes = vec![cause];
    let text = drawn(&told, true);
    assert!(
        text.chars().all(|c| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c))),
        "{text:?}"
    );
    assert!(!text.contains("\nnot a line"));
}
