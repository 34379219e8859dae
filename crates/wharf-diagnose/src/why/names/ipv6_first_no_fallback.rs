//! A name leads to ::1 first, and the server listens at 127.0.0.1 alone. Not here: a name for ::1 alone, where the server
//! is what has to be mended (`refused`).

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, Symptom, symptom_of};

/// The first address of a name is not the server's.
pub(super) const CAUSE: Cause = Cause {
    code: "ipv6-first-no-fallback",
    group: Group::Names,
    layer: Layer::Name,
    title: "The name leads to ::1 first, and the server is at 127.0.0.1",
    symptom: "ECONNREFUSED with ::1 in the message (Node 17 to 19, many database drivers) from clients that try one address \
              alone; curl and browsers try the next, and work.",
    evidence: "getaddrinfo(3) gives ::1 before 127.0.0.1 (or the other way round), the first is refused, and the second \
               connects.",
    fix: "Use 127.0.0.1 in the URL, or have the server listen at both (`--host localhost`, `::`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    let Some(host) = names.host.as_deref() else { return Opinion::Aside };
    let Some(first) = names.addresses.first() else { return Opinion::Aside };
    if facts.symptom() == Symptom::Connected {
        let failed = facts.attempts.first().filter(|attempt| symptom_of(attempt) != Symptom::Connected);
        let Some(failed) = failed.filter(|attempt| attempt.to.ip() == *first) else {
            return ruled_out(format!("{first}, the first address of {host}, connects"));
        };
        let by = facts.attempts.iter().find(|attempt| symptom_of(attempt) == Symptom::Connected);
        let by = by.map_or(String::new(), |attempt| format!("; {} connects", attempt.to));
        return Opinion::Odd(format!(
            "{host} leads to {} first, which fails{by}: a client that tries one address alone does not get there",
            failed.to.ip()
        ));
    }
    // Where no address connects, the listeners tell why.
    Opinion::Aside
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn a_client_that_goes_on_to_the_next_address_is_only_warned() {
        let told = asked("http://localhost:3000")
            .with(|facts| {
                facts.names.addresses.reverse();
                facts.addresses.reverse();
                facts.reached.reverse();
            })
            .listener("127.0.0.1:3000")
            .connected()
            .judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["ipv6-first-no-fallback"]));
    }

    #[test]
    fn where_nobody_listens_it_is_not() {
        let told = asked("http://localhost:3000").refused().judged();
        assert!(!told.causes().contains(&"ipv6-first-no-fallback"));
    }
}
