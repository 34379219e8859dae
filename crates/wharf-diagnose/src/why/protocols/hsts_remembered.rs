//! HSTS: one server makes browsers ask every port of a host by https.

use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// Browsers remember to ask this host by https alone.
pub(super) const CAUSE: Cause = Cause {
    code: "hsts-remembered",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "Browsers remember to ask this host by https alone",
    symptom: "A browser turns http://localhost:3000 into https:// by itself, and says ERR_SSL_PROTOCOL_ERROR; curl gets the page.",
    evidence: "What a browser remembers is not visible from outside. The server that makes it remember is: it answers by TLS with the field \
               Strict-Transport-Security, which holds for all ports of the host.",
    fix: "Forget it at chrome://net-internals/#hsts (in Firefox: Forget About This Site), and have no server of localhost send the field.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let (Some(target), Some(http)) = (facts.target(), &facts.talk.http) else { return Opinion::Aside };
    let Some(field) = http.field("strict-transport-security") else { return Opinion::Aside };
    let within_tls = facts.talk.tls.as_ref().is_some_and(|tls| tls.is_tls());
    let is_off = field.to_ascii_lowercase().replace([' ', '"'], "").contains("max-age=0");
    // Browsers take it by TLS alone, and for no address.
    if !within_tls || is_off || target.address().is_some() {
        return Opinion::Aside;
    }
    let host = target.host().unwrap_or_default();
    Opinion::Odd(format!(
        "the server has browsers remember to ask {host} by https alone, at every port (Strict-Transport-Security)"
    ))
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::http::HttpSeen;
    use crate::facts::talk::tls::{TlsEnd, TlsSeen};
    use crate::testing::{Told, asked, http};

    fn answered(target: &str, field: &str) -> Told {
        let fields = vec![("strict-transport-security".to_owned(), field.to_owned())];
        let answer = HttpSeen { fields, ..http(200, "") };
        asked(target)
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.tls = Some(TlsSeen { end: TlsEnd::Done, ..TlsSeen::default() });
                facts.talk.http = Some(answer);
            })
            .judged()
    }

    #[test]
    fn a_server_that_makes_browsers_remember_is_odd() {
        assert_eq!(answered("https://localhost:3000", "max-age=31536000").remarks(), ["hsts-remembered"]);
        assert!(answered("https://localhost:3000", "max-age=0").remarks().is_empty());
        assert!(answered("https://127.0.0.1:3000", "max-age=31536000").remarks().is_empty());
    }
}
