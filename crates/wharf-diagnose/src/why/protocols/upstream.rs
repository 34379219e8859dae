//! A forwarder (a reverse proxy, socat, a tunnel to this machine) has no answer, for what is behind it has none.
//!
//! What is the matter there follows as causes of their own. Not here: containers, and other machines.

use wharf_model::diagnosis::Diagnosis;
use wharf_model::timestamp::Timestamp;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::chain::{Beyond, Forwarder, Way, WayEnd};
use crate::facts::{Facts, Symptom};
use crate::judge::judge;

/// The upstream is down.
pub(super) const DOWN: Cause = Cause {
    code: "upstream-down",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The forwarder is there, and what it leads to is not",
    symptom: "`502 Bad Gateway` or `503 Service Unavailable` of a reverse proxy, `Empty reply from server` or a reset of socat or a \
              tunnel.",
    evidence: "The process at the port is a forwarder; its command line or its configuration names where it leads, and there a \
               connection of our own fails as well. What is the matter there is the next cause.",
    fix: "Mend what the next cause says; the forwarder then reaches it again by itself.",
    proof: Proof::Reproduced,
    privilege: Some("for another user's forwarder, to know its process and to read its configuration"),
    rule: down,
};

/// The upstream is slow.
pub(super) const SLOW: Cause = Cause {
    code: "upstream-slow",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "What the forwarder leads to answers too slowly, or not at all",
    symptom: "`504 Gateway Timeout` of a reverse proxy.",
    evidence: "The forwarder answers 504; a connection of our own to its upstream is made, and no answer comes, or one comes now.",
    fix: "See what the upstream does, or let the forwarder wait longer (proxy_read_timeout, timeout server).",
    proof: Proof::Reproduced,
    privilege: Some("for another user's forwarder, to know its process and to read its configuration"),
    rule: slow,
};

/// The upstream is there.
pub(super) const NOT_REACHED: Cause = Cause {
    code: "upstream-not-reached",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The forwarder does not reach what can be reached without it",
    symptom: "`502 Bad Gateway`, though the server behind the proxy answers when it is asked itself.",
    evidence: "The forwarder's configuration names where it leads, and there a connection of our own succeeds; or the socket it \
               leads to is closed to the forwarder's user alone.",
    fix: "Look at the forwarder's own log: its resolver, its user's rights, SELinux, what the upstream sends.",
    proof: Proof::Reproduced,
    privilege: Some("for another user's forwarder, to know its process and to read its configuration"),
    rule: not_reached,
};

fn down(facts: &Facts) -> Opinion {
    let Some(beyond) = failed(facts) else { return Opinion::Aside };
    let Some(way) = beyond.broken() else {
        return match beyond.ways.is_empty() {
            true => open(format!("root can read where {} leads", beyond.kind.name())),
            false => ruled_out(format!("what {} leads to answers", beyond.kind.name())),
        };
    };
    let is_denied = matches!(&way.end, WayEnd::Here(next) if beyond.is_denied(next));
    if is_denied || status(facts) == Some(504) && !is_refused(way) {
        return Opinion::Aside;
    }
    let cause = why(beyond, way);
    let finding = Finding::new(format!("{}: {cause}", led(facts, beyond, way)));
    seen(finding, facts, beyond, way).into()
}

fn slow(facts: &Facts) -> Opinion {
    let Some(beyond) = failed(facts).filter(|_| status(facts) == Some(504)) else { return Opinion::Aside };
    let Some(way) = beyond.broken().or_else(|| beyond.ways.first()) else { return Opinion::Aside };
    if is_refused(way) {
        return ruled_out("the upstream is not there at all");
    }
    let text = match &way.end {
        WayEnd::Here(next) if next.is_reachable() => "it did not answer in time, and does now".to_owned(),
        WayEnd::Here(_) => why(beyond, way),
        _ => return Opinion::Aside,
    };
    let finding = Finding::new(format!("{}: {text}", led(facts, beyond, way)));
    seen(finding, facts, beyond, way)
        .advise("or let the forwarder wait longer: proxy_read_timeout (nginx), timeout server (HAProxy)")
        .into()
}

fn not_reached(facts: &Facts) -> Opinion {
    let Some(beyond) = failed(facts) else { return Opinion::Aside };
    let here = |way: &&Way| matches!(&way.end, WayEnd::Here(next) if next.is_reachable());
    let denied = beyond.ways.iter().find_map(|way| match &way.end {
        WayEnd::Here(next) if beyond.is_denied(next) => Some((way, next)),
        _ => None,
    });
    if let Some((way, next)) = denied
        && let Some(node) = next.unix.as_ref().and_then(|unix| unix.node.as_ref())
    {
        let user = beyond.users.first().map_or_else(String::new, |user| user.uid.to_string());
        return Finding::new(format!("{}: its user {user} may not write to the socket", led(facts, beyond, way)))
            .saw("forwarder", beyond.known_by.clone())
            .saw_not(
                format!("stat {}", way.to.trim_start_matches("unix:")),
                format!("mode {:04o}, owner {}, group {}", node.mode, node.uid, node.gid),
                format!("write permission for user {user}"),
            )
            .advise("let the server make its socket for the forwarder's group, or put the forwarder's user into that group")
            .into();
    }
    let Some(way) = beyond.ways.iter().find(here) else { return Opinion::Aside };
    if status(facts) == Some(504) {
        return Opinion::Aside;
    }
    let text = format!(
        "{}, which answers when it is asked itself: why not {} is not to be seen from here",
        led(facts, beyond, way),
        beyond.kind.name()
    );
    Finding::new(text)
        .saw("forwarder", beyond.known_by.clone())
        .saw(format!("a connection of our own to {}", way.to), "is answered")
        .advise(format!("look at the log of {}: it says what it could not do", beyond.kind.name()))
        .beside_the_symptom()
        .into()
}

/// Returns what lies beyond a forwarder that failed, where that is a matter of its upstream.
fn failed(facts: &Facts) -> Option<&Beyond> {
    let beyond = facts.beyond.as_ref().filter(|beyond| beyond.fails)?;
    let is_inner = |way: &Way| matches!(way.end, WayEnd::Container(_) | WayEnd::Elsewhere(_));
    let by_container = matches!(beyond.kind, Forwarder::DockerProxy | Forwarder::Kubectl);
    (!by_container && !beyond.ways.iter().any(is_inner)).then_some(beyond)
}

fn status(facts: &Facts) -> Option<u16> {
    facts.talk.http.as_ref().map(|http| http.status)
}

/// Returns whether there is no connection to be had at the end of a way.
fn is_refused(way: &Way) -> bool {
    match &way.end {
        WayEnd::Here(next) => match &next.unix {
            Some(unix) => unix.error.is_some(),
            None => next.symptom() != Symptom::Connected,
        },
        WayEnd::Loop => true,
        _ => false,
    }
}

/// Returns the beginning of the sentence: `nginx (pid 80) answers 502: its upstream 127.0.0.1:9000`.
fn led(facts: &Facts, beyond: &Beyond, way: &Way) -> String {
    let does = match status(facts) {
        Some(status) => format!("answers {status}"),
        None if facts.talk.silent || facts.talk.quiet => "does not answer".to_owned(),
        None => "accepts and hangs up".to_owned(),
    };
    format!("{} {does}: it leads to {}", beyond.by, way.to)
}

/// Returns what is the matter at the end of a way, in words.
fn why(beyond: &Beyond, way: &Way) -> String {
    match &way.end {
        WayEnd::Loop => "which is the forwarder itself".to_owned(),
        WayEnd::Here(next) if beyond.is_denied(next) => "its user may not write to the socket".to_owned(),
        WayEnd::Here(next) => judged(next).summary,
        _ => String::new(),
    }
}

fn judged(next: &Facts) -> Diagnosis {
    judge(next, Timestamp::from_unix_ms(0).unwrap_or_else(|| unreachable!("1970 is a time")))
}

fn seen(finding: Finding, facts: &Facts, beyond: &Beyond, way: &Way) -> Finding {
    let finding = finding.saw("forwarder", beyond.known_by.clone());
    let finding = match status(facts) {
        Some(status) => finding.saw_not("HTTP answer", status.to_string(), "that of the upstream"),
        None if facts.talk.silent || facts.talk.quiet => finding.saw("connection", "made, and no answer"),
        None => finding.saw("connection", "made, and ended by the forwarder"),
    };
    let finding = match &way.end {
        WayEnd::Here(next) => {
            let told = judged(next);
            let finding = finding.saw(format!("a connection of our own to {}", way.to), told.summary);
            match told.would_tell {
                Some(command) => finding.command("see why it does not answer", command).as_root(),
                None => finding,
            }
        }
        _ => finding,
    };
    match &way.end {
        WayEnd::Loop => finding.advise(format!("correct where {} leads", beyond.kind.name())),
        _ => {
            finding.advise(format!("mend {}: {} reaches it again by itself then", way.to, beyond.kind.name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::credentials::Credentials;
    use wharf_os::examine::unix::Node;

    use crate::facts::UnixSocket;
    use crate::facts::chain::{Beyond, Forwarder, Way, WayEnd};
    use crate::facts::talk::http::HttpSeen;
    use crate::testing::{Asked, Told, asked};

    fn beyond(ways: Vec<WayEnd>) -> Beyond {
        let way = |end| Way { to: "127.0.0.1:9000".to_owned(), end };
        Beyond {
            kind: Forwarder::Nginx,
            by: "nginx (pid 80)".to_owned(),
            users: vec![Credentials { uid: 33, gids: vec![33] }],
            at: "127.0.0.1:80".to_owned(),
            known_by: "/etc/nginx/nginx.conf:9 proxy_pass http://127.0.0.1:9000".to_owned(),
            ways: ways.into_iter().map(way).collect(),
            fails: true,
        }
    }

    fn answers(status: u16, ways: Vec<WayEnd>) -> Told {
        let seen = HttpSeen { status, ..HttpSeen::default() };
        let asked = asked("http://127.0.0.1:80/").listener_of("127.0.0.1:80", "nginx", 80).connected();
        asked
            .with(|facts| {
                facts.talk.http = Some(seen);
                facts.beyond = Some(beyond(ways));
            })
            .judged()
    }

    fn here(next: Asked) -> WayEnd {
        WayEnd::Here(Box::new(next.facts))
    }

    fn down() -> WayEnd {
        here(asked("http://127.0.0.1:9000/").refused())
    }

    fn healthy() -> WayEnd {
        here(asked("http://127.0.0.1:9000/").listener("127.0.0.1:9000").connected())
    }

    fn hangs() -> WayEnd {
        here(asked("http://127.0.0.1:9000/").listener("127.0.0.1:9000").connected().with(|facts| {
            facts.accepted = Some(false);
        }))
    }

    fn socket(mode: u32) -> WayEnd {
        let node = Node { is_socket: true, is_directory: false, mode, uid: 1000, gid: 1000 };
        let unix = UnixSocket { path: "/run/app.sock".to_owned(), node: Some(node), ..UnixSocket::default() };
        here(asked("/run/app.sock").with(|facts| facts.unix = Some(unix)))
    }

    #[test]
    fn an_upstream_that_is_not_there_is_named_with_its_own_cause() {
        for status in [502, 503] {
            let told = answers(status, vec![down()]);
            assert_eq!(told.causes(), ["upstream-down", "nothing-listening"]);
            let both = "nginx (pid 80) answers 502: it leads to 127.0.0.1:9000: nothing listens at port 9000";
            assert!(status == 503 || told.diagnosis.summary == both, "{}", told.diagnosis.summary);
        }
        assert_eq!(answers(502, vec![down(), down()]).causes().len(), 2);
        assert_eq!(answers(502, vec![WayEnd::Loop]).causes(), ["upstream-down"]);
    }

    #[test]
    fn an_upstream_that_answers_too_late_is_slow() {
        assert_eq!(answers(504, vec![hangs()]).causes()[0], "upstream-slow");
        assert_eq!(answers(504, vec![healthy()]).causes(), ["upstream-slow"]);
        assert_eq!(answers(504, vec![down()]).causes(), ["upstream-down", "nothing-listening"]);
    }

    #[test]
    fn where_one_of_several_is_there_nobody_is_blamed() {
        let told = answers(502, vec![down(), healthy()]);
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec!["upstream-not-reached"]));
    }

    #[test]
    fn what_could_not_be_looked_at_may_be_the_one() {
        let unknown = WayEnd::Unknown("a variable".to_owned());
        assert_eq!(answers(502, vec![down(), unknown]).verdict(), "cannot_tell");
        let told = answers(502, Vec::new());
        assert_eq!(told.verdict(), "cannot_tell");
        assert!(told.is_untold("upstream-down"));
    }

    #[test]
    fn a_socket_that_is_closed_to_the_forwarder_alone_is_told() {
        assert_eq!(answers(502, vec![socket(0o600)]).causes(), ["upstream-not-reached"]);
        assert_eq!(answers(502, vec![socket(0o600)]).verdict(), "cause_found");
        assert_eq!(answers(502, vec![socket(0o666)]).verdict(), "cannot_tell");
    }

    #[test]
    fn a_forwarder_that_answers_well_is_reachable() {
        let asked = asked("http://127.0.0.1:80/").listener_of("127.0.0.1:80", "nginx", 80).connected();
        assert_eq!(asked.judged().verdict(), "reachable");
    }
}
