//! A server that can be reached, and whose program fails.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The server fails at this request.
pub(super) const CAUSE: Cause = Cause {
    code: "server-error",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The server fails at this request",
    symptom: "Status 500 or another of 5xx: the server is reached, and its program fails.",
    evidence: "The answer's status is 500 or more, and not one that a proxy gives for the server behind it (502, 503, 504).",
    fix: "Read what the server logs of the request.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(http) = facts.talk.http.as_ref().filter(|http| !http.upgrade) else { return Opinion::Aside };
    match http.status {
        502..=504 => Opinion::Aside,
        500.. => {
            Opinion::Odd(format!("the server answers {}: it is reached, and its program fails", http.line()))
        }
        status => ruled_out(format!("it answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked, http};

    fn answered(status: u16) -> Told {
        asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.http = Some(http(status, "")))
            .judged()
    }

    #[test]
    fn a_failing_program_is_odd_and_no_cause() {
        let told = answered(500);
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["server-error"]));
        assert!(answered(404).is_ruled_out("server-error"));
    }
}
