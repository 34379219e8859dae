//! A proxy variable without an exception sends the client to a proxy instead of to the server.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::Symptom;
use crate::facts::symptom_of;
use crate::facts::talk::proxy::ProxySeen;

/// A proxy of the environment is asked instead.
pub(super) const CAUSE: Cause = Cause {
    code: "proxy-catches-localhost",
    group: Group::Protocols,
    layer: Layer::Proxy,
    title: "A proxy of the environment is asked instead",
    symptom: "curl says `Failed to connect to 127.0.0.1 port 3128` for a URL with another port, or gets the proxy's error page; browsers \
              have no trouble.",
    evidence: "The client's environment has http_proxy, https_proxy or all_proxy (or upper case), and no_proxy does not name the host. \
               A proxy on this machine is connected to; one elsewhere has another localhost.",
    fix: "Name the host in no_proxy: `export no_proxy=localhost,127.0.0.1,::1`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(scheme) = target.scheme.filter(|scheme| scheme.is_http()) else { return Opinion::Aside };
    let Some(proxy) = &facts.talk.proxy else { return ruled_out("no proxy variable catches it") };
    let host = target.host().unwrap_or_default();
    // A host elsewhere may well be meant to be asked by a proxy.
    let is_near = facts.is_loopback() || facts.names.is_localhost();
    let chosen = &proxy.chosen;
    let said = format!("{}={}", chosen.variable, chosen.url);
    let works = proxy.status.is_some_and(|status| is_as_good(status, facts, scheme.is_tls()));
    let down = proxy.attempt.as_ref().is_some_and(|attempt| symptom_of(attempt) != Symptom::Connected);
    if works || !is_near && !down {
        return Opinion::Odd(format!("clients go by the proxy {} ({said})", proxy.authority));
    }
    if !chosen.by_curl {
        return Opinion::Odd(format!(
            "Python goes by the proxy {} ({said}), and curl does not",
            proxy.authority
        ));
    }
    let text = match (&proxy.attempt, proxy.status) {
        _ if down => format!("{said} sends clients to a proxy that is down, not to {}", target.authority()),
        (Some(_), Some(status)) => {
            format!("{said} sends clients to a proxy, which answers {status}, not to {}", target.authority())
        }
        (Some(_), None) => format!("{said} sends clients to something that does not answer as a proxy"),
        (None, _) => {
            format!("{said} sends clients to a proxy on another machine, which has a {host} of its own")
        }
    };
    let finding = with_evidence(Finding::new(text), proxy, &said, host);
    let more = chosen.no_proxy.as_deref().map(|list| format!("{list},")).unwrap_or_default();
    finding
        .command("let this machine be asked directly", format!("export no_proxy={more}{}", hosts(host)))
        .into()
}

/// Returns whether a proxy's answer is that of the server.
fn is_as_good(status: u16, facts: &Facts, is_tls: bool) -> bool {
    match facts.talk.http.as_ref().filter(|_| !is_tls) {
        Some(http) => http.status == status,
        None => (200..400).contains(&status),
    }
}

fn with_evidence(finding: Finding, proxy: &ProxySeen, said: &str, host: &str) -> Finding {
    let list = proxy.chosen.no_proxy.as_deref().unwrap_or("not set");
    let finding = finding.saw("the client's environment", said).saw_not("no_proxy", list, host);
    let Some(attempt) = &proxy.attempt else { return finding };
    let outcome = match (symptom_of(attempt), proxy.status) {
        (Symptom::Connected, Some(status)) => format!("connected, answers {status}"),
        (Symptom::Connected, None) => "connected".to_owned(),
        (Symptom::Refused | Symptom::RefusedByOther, _) => "refused".to_owned(),
        (Symptom::Failed(errno), _) => errno.name(),
        _ => "no answer".to_owned(),
    };
    finding.saw(format!("connect(2) to the proxy at {}", attempt.to), outcome)
}

/// Returns what to exempt: this machine by all of its names.
fn hosts(host: &str) -> String {
    let usual = ["localhost", "127.0.0.1", "::1"];
    let below = host.ends_with(".localhost");
    let own = Some(host).filter(|host| !usual.contains(host) && !below);
    usual.iter().copied().chain(own).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wharf_os::examine::attempt::{Attempt, Outcome};
    use wharf_os::examine::counters::Counters;
    use wharf_os::examine::errno::Errno;

    use crate::facts::talk::proxy::{ProxySeen, chosen};
    use crate::target::Target;
    use crate::testing::{Asked, asked, http};

    fn by(variable: &str, url: &str, outcome: Option<Outcome>, status: Option<u16>) -> Asked {
        let target = "http://localhost:3000";
        let environment = [(variable.to_owned(), url.to_owned())].into();
        let attempt = outcome.map(|outcome| Attempt {
            to: "127.0.0.1:3128".parse().unwrap(),
            from: None,
            outcome,
            elapsed: Duration::ZERO,
            counters: Counters::of(&[("TcpOutRsts", 1)]),
        });
        let chosen = chosen(&environment, &Target::parse(target).unwrap(), None).unwrap();
        let is_local = attempt.is_some();
        let seen = ProxySeen { chosen, authority: "127.0.0.1:3128".to_owned(), is_local, attempt, status };
        asked(target).listener("127.0.0.1:3000").connected().with(|facts| {
            facts.talk.http = Some(http(200, ""));
            facts.talk.proxy = Some(seen);
        })
    }

    const REFUSED: Option<Outcome> = Some(Outcome::Failed(Errno::CONNREFUSED));

    #[test]
    fn a_proxy_that_is_down_is_it() {
        let told = by("http_proxy", "http://127.0.0.1:3128", REFUSED, None).judged();
        assert_eq!(told.causes(), ["proxy-catches-localhost"]);
        assert!(told.diagnosis.summary.contains("a proxy that is down"));
    }

    #[test]
    fn a_proxy_of_another_machine_is_it() {
        let told = by("all_proxy", "http://proxy.corp:3128", None, None).judged();
        assert_eq!(told.causes(), ["proxy-catches-localhost"]);
        assert!(told.diagnosis.summary.contains("a localhost of its own"));
    }

    #[test]
    fn a_proxy_that_answers_otherwise_is_it() {
        let connected = Some(Outcome::Connected);
        let told = by("http_proxy", "http://127.0.0.1:3128", connected, Some(503)).judged();
        assert_eq!(told.causes(), ["proxy-catches-localhost"]);
    }

    #[test]
    fn a_proxy_that_works_or_that_curl_does_not_take_is_odd() {
        let connected = Some(Outcome::Connected);
        for asked in [
            by("http_proxy", "http://127.0.0.1:3128", connected, Some(200)),
            by("HTTP_PROXY", "http://127.0.0.1:3128", REFUSED, None),
        ] {
            let told = asked.judged();
            assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["proxy-catches-localhost"]));
        }
    }
}
