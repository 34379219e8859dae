//! An answer to a WebSocket's handshake that is not 101.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::target::Scheme;

/// The server takes no WebSocket there.
pub(super) const CAUSE: Cause = Cause {
    code: "websocket-refused",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The server takes no WebSocket there",
    symptom: "`Unexpected server response: 404` (200, 400, 426), `WebSocket connection failed` in browsers.",
    evidence: "The request asks for a WebSocket, and the answer is another status than 101 Switching Protocols.",
    fix: "Use the path at which the server takes WebSockets; see to its check of Origin, or to the login.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let is_websocket =
        facts.target().is_some_and(|target| matches!(target.scheme, Some(Scheme::Ws | Scheme::Wss)));
    if let (true, None, Some(plain)) = (is_websocket, &facts.talk.http, &facts.talk.plain)
        && facts.talk.tls.is_none()
    {
        return Finding::new("the server is deaf to requests for a WebSocket, and answers others")
            .saw_not(
                format!("{} with Upgrade: websocket", plain.asked),
                "no answer",
                "101 Switching Protocols",
            )
            .saw(format!("{} without", plain.asked), plain.line())
            .advise("use the path and the subprotocol for which the server takes WebSockets")
            .into();
    }
    // What is to be spoken to by TLS has no WebSockets in plain text.
    let http = facts.talk.http.as_ref().filter(|http| http.upgrade && !http.wants_tls());
    let Some(http) = http else { return Opinion::Aside };
    if http.status == 101 {
        return ruled_out("it answers 101 Switching Protocols");
    }
    let path = facts.target().map(|target| target.path.as_str()).unwrap_or_default();
    let (text, advice) = match http.status {
        // What a proxy says of the server behind it has causes of its own.
        502..=504 => return Opinion::Aside,
        200..=299 => (
            format!("the server answers {path} with a page instead of a WebSocket"),
            "use the path at which the server takes WebSockets",
        ),
        300..=399 => (
            format!(
                "the server leads on to {} instead of taking the WebSocket",
                http.field("location").unwrap_or("another place")
            ),
            "WebSockets follow no redirect: use the place that it leads to",
        ),
        401 => (
            "the server wants a login before the WebSocket".to_owned(),
            "log in: give the client the cookie or the token",
        ),
        403 => (
            "the server refuses the WebSocket: its check of Origin, or of the login".to_owned(),
            "allow the page's origin in the server (check_origin, allowedOrigins, cors)",
        ),
        404 | 405 => (
            format!("the server has no WebSocket at {path}"),
            "use the path at which the server takes WebSockets",
        ),
        426 => match http.field("sec-websocket-version").filter(|version| *version != "13") {
            Some(_) => (
                "the server takes another version of WebSocket".to_owned(),
                "bring the server up to RFC 6455",
            ),
            None => (
                format!("the server takes no WebSocket at {path}, or did not see the Upgrade field"),
                "see whether something between drops the Upgrade field; else use the path for WebSockets",
            ),
        },
        status => {
            (format!("the server answers the WebSocket with {status}"), "see what the server logs of it")
        }
    };
    Finding::new(text)
        .saw_not(format!("{} with Upgrade: websocket", http.asked), http.line(), "101 Switching Protocols")
        .advise(advice)
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::http::HttpSeen;
    use crate::testing::{Told, asked, http};

    fn answered(status: u16) -> Told {
        let answer = HttpSeen { upgrade: true, ..http(status, "") };
        asked("ws://localhost:3000/live")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.http = Some(answer))
            .judged()
    }

    #[test]
    fn another_status_than_101_is_it() {
        for status in [200, 302, 400, 401, 403, 404, 426, 500] {
            assert_eq!(answered(status).causes(), ["websocket-refused"], "{status}");
        }
    }

    #[test]
    fn a_switch_of_protocols_rules_it_out() {
        let told = answered(101);
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("websocket-refused"));
    }
}
