//! The server accepts the connection and ends it before a byte has come. After all that is more special.

use wharf_os::examine::attempt::Attempt;

use super::words::Case;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::{Facts, who};

/// The server hangs up.
pub(super) const CAUSE: Cause = Cause {
    code: "server-closes-at-once",
    group: Group::Silent,
    layer: Layer::Protocol,
    title: "The server accepts the connection and closes it at once",
    symptom: "`Connection reset by peer`, `Empty reply from server`, an end of file before the first byte.",
    evidence: "The connection is made and accepted, and ended or reset before it was answered. If the server goes by \
               tcp_wrappers, the line of /etc/hosts.deny is named.",
    fix: "Look at the server's log; with tcp_wrappers allow the client in /etc/hosts.allow.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((reset, told)) = super::hung_up(facts) else { return Opinion::Aside };
    if super::is_explained(facts) {
        return Opinion::Aside;
    }
    let server = facts.endpoint().map_or("the server".to_owned(), |detail| who(&detail.endpoint));
    let denied = Case::of(facts).and_then(|case| case.server.denied_by.as_ref());
    let end = if reset { "ECONNRESET" } else { "end of file" };
    let mut finding = Finding::new(match denied {
        Some((file, _)) => {
            format!("{server} accepts and closes at once: {file} denies this client (tcp_wrappers)")
        }
        None if told => format!("{server} accepts the connection and closes it without an answer"),
        None => format!("{server} accepts the connection and closes it before a byte has come"),
    })
    .saw_not(
        "recv(2)",
        end,
        if told { "an answer" } else { "a greeting, or nothing until something is said" },
    );
    let aborts = |made: &Attempt| made.counters.get("TcpExtTCPAbortOnClose");
    if facts.attempts.iter().any(|made| aborts(made) > 0) {
        finding = finding.saw("/proc/net/netstat", "TCPAbortOnClose +1");
    }
    match denied {
        Some((file, line)) => finding
            .saw(file.clone(), line.clone())
            .advise("allow the client in /etc/hosts.allow, or change that line")
            .as_root()
            .into(),
        None => finding.advise("look at the server's log: it says why it hangs up").into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;
    use crate::testing::Asked;

    fn closed(reset: bool) -> Asked {
        made::node().connected().with(|facts| facts.watch.closed = Some(reset))
    }

    #[test]
    fn an_end_before_the_first_byte_is_it() {
        for reset in [true, false] {
            assert_eq!(closed(reset).judged().causes(), ["server-closes-at-once"]);
        }
    }

    #[test]
    fn the_line_that_denies_the_client_is_named() {
        let told = made::silent(Vec::new())
            .with(|facts| {
                facts.talk.silent = false;
                facts.watch.closed = Some(false);
                facts.servers[0].denied_by = Some(("/etc/hosts.deny:3".to_owned(), "ALL: ALL".to_owned()));
            })
            .judged();
        assert!(told.diagnosis.causes[0].text.contains("/etc/hosts.deny:3 denies this client"));
    }

    #[test]
    fn one_that_stays_open_is_not() {
        assert_eq!(made::node().connected().judged().verdict(), "reachable");
    }
}
