//! A redirect to a place of this machine where nobody answers.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::{Symptom, symptom_of};

/// The answer leads on to a place that is down.
pub(super) const CAUSE: Cause = Cause {
    code: "redirect-to-down-place",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The answer leads on to a place that is down",
    symptom: "The browser shows another address than the one that was typed, and `Unable to connect`; curl without -L shows a redirect.",
    evidence: "The answer is a redirect (3xx with Location) to another port of this machine, to which a connection is refused or hangs; or to https \
               at the very port that speaks plain HTTP.",
    fix: "Start what listens there, or correct the address that the application has for itself.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(redirect) = &facts.talk.redirect else { return Opinion::Aside };
    let (Some(target), Some(http)) = (facts.target(), &facts.talk.http) else { return Opinion::Aside };
    let Some(to) = &redirect.to else { return ruled_out("it leads on to a path of its own") };
    let finding = |text: String| {
        Finding::new(text)
            .saw(http.asked.clone(), format!("{}, Location: {}", http.line(), location(&redirect.location)))
    };
    let is_same = (to.host(), to.port()) == (target.host(), target.port());
    let turns_to_tls =
        to.scheme.is_some_and(|scheme| scheme.is_tls()) && !target.scheme.is_some_and(|it| it.is_tls());
    if is_same && turns_to_tls {
        return match facts.talk.tls.as_ref().is_some_and(|tls| tls.is_tls()) {
            true => ruled_out("the port speaks TLS, too"),
            false => finding(format!("the server leads on to {to}, and speaks plain HTTP at that port"))
                .saw_not("answer to a ClientHello", "no TLS", "a ServerHello")
                .advise("turn the redirect to https off (SECURE_SSL_REDIRECT, force_ssl, HSTS middleware), or TLS on")
                .into(),
        };
    }
    let Some(attempt) = &redirect.attempt else {
        return ruled_out("it leads on to no other port of this machine");
    };
    let outcome = match symptom_of(attempt) {
        Symptom::Connected => return ruled_out(format!("{to} connects")),
        Symptom::Refused => "refused: nothing listens there".to_owned(),
        Symptom::RefusedByOther => "refused".to_owned(),
        Symptom::Failed(errno) => errno.name(),
        _ => "no answer".to_owned(),
    };
    finding(format!("the server leads on to {to}, where nobody answers ({outcome})"))
        .saw(format!("connect(2) to {}", attempt.to), outcome)
        .safe_command("find out why that is down", format!("wharf why {to}"))
        .advise("or correct the address that the application has for itself (BASE_URL, PUBLIC_URL, forwarded port)")
        .into()
}

fn location(text: &str) -> String {
    crate::facts::talk::shown(text.as_bytes(), 100)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wharf_os::examine::attempt::{Attempt, Outcome};
    use wharf_os::examine::counters::Counters;
    use wharf_os::examine::errno::Errno;

    use crate::facts::talk::Redirect;
    use crate::target::Target;
    use crate::testing::{Told, asked, http};

    fn led(to: &str, outcome: Option<Outcome>) -> Told {
        let attempt = outcome.map(|outcome| Attempt {
            to: "127.0.0.1:3001".parse().unwrap(),
            from: None,
            outcome,
            elapsed: Duration::ZERO,
            counters: Counters::of(&[("TcpOutRsts", 1)]),
        });
        let redirect = Redirect { location: to.to_owned(), to: Target::parse(to).ok(), attempt };
        asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.http = Some(http(302, ""));
                facts.talk.redirect = Some(redirect);
            })
            .judged()
    }

    #[test]
    fn a_place_that_refuses_is_it() {
        let told = led("http://localhost:3001/login", Some(Outcome::Failed(Errno::CONNREFUSED)));
        assert_eq!(told.causes(), ["redirect-to-down-place"]);
        assert!(told.diagnosis.summary.contains("http://localhost:3001/login"));
    }

    #[test]
    fn https_at_the_port_that_speaks_plain_http_is_it() {
        assert_eq!(led("https://localhost:3000/", None).causes(), ["redirect-to-down-place"]);
    }

    #[test]
    fn a_place_that_connects_is_not() {
        let told = led("http://localhost:3001/", Some(Outcome::Connected));
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("redirect-to-down-place"));
        assert_eq!(led("http://example.com/", None).verdict(), "reachable");
    }
}
