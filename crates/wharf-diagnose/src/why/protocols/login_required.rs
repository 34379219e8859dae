//! A server that can be reached, and wants to know who asks.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The server wants a login.
pub(super) const CAUSE: Cause = Cause {
    code: "login-required",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The server wants a login",
    symptom: "Status 401 or 403, or a prompt for a name and a password.",
    evidence: "The answer is 401 (its WWW-Authenticate field says how to log in) or 403.",
    fix: "Log in, or give the client the token that the server printed when it started.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(http) = facts.talk.http.as_ref().filter(|http| !http.upgrade) else { return Opinion::Aside };
    match http.status {
        401 => {
            let how = http
                .field("www-authenticate")
                .map(|how| how.split(' ').next().unwrap_or(how))
                .unwrap_or("a login");
            Opinion::Odd(format!("the server wants {how} before it answers (401)"))
        }
        // A refusal of the host name is no matter of a login.
        403 if super::host_not_allowed::is_check(facts) => Opinion::Aside,
        403 => Opinion::Odd(
            "the server refuses this request to whoever has not logged in, or to everybody (403)".to_owned(),
        ),
        407 => Opinion::Odd("what listens here is a proxy, and wants a login (407)".to_owned()),
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
    fn a_login_is_odd_and_no_cause() {
        for status in [401, 403] {
            let told = answered(status);
            assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["login-required"]));
        }
        assert!(answered(200).is_ruled_out("login-required"));
    }
}
