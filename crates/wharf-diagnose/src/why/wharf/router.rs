//! The router: whether it listens, whether its names are found, whether its certificates are believed.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::itself::Daemon;
use crate::question::Aim;

/// It does not listen.
pub(in super::super) const DOWN: Cause = Cause {
    code: "wharf-router-down",
    group: Group::Wharf,
    layer: Layer::Network,
    title: "wharf's router does not listen",
    symptom: "https://api.shop.localhost is refused, though the daemon runs.",
    evidence: "The daemon tells that its router has no port, and why.",
    fix: "Mend what the daemon tells: most often another program has the port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: down,
};

/// Programs do not find its names.
pub(in super::super) const NAMES: Cause = Cause {
    code: "wharf-names-unresolved",
    group: Group::Wharf,
    layer: Layer::Name,
    title: "Programs outside browsers do not find wharf's names",
    symptom: "A browser opens https://api.shop.localhost, and Node or Python do not find the name. It is a remark of `wharf why`, \
              no cause.",
    evidence: "The system's resolver does not lead names below the domain to this machine.",
    fix: "Run `wharf names install`, or have systemd-resolved or nss-myhostname answer for localhost.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: names,
};

/// Its authority cannot be used.
pub(in super::super) const AUTHORITY: Cause = Cause {
    code: "wharf-authority-unusable",
    group: Group::Wharf,
    layer: Layer::Protocol,
    title: "wharf's local authority cannot be used",
    symptom: "Names of the router have no certificate.",
    evidence: "The files of the authority are open to others, damaged, expired, or for other domains.",
    fix: "Do what is said; `wharf trust` makes another authority.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: authority,
};

/// Nobody trusts it.
pub(in super::super) const UNTRUSTED: Cause = Cause {
    code: "wharf-authority-untrusted",
    group: Group::Wharf,
    layer: Layer::Protocol,
    title: "This system does not trust wharf's local authority",
    symptom: "Browsers warn of the certificate of https://api.shop.localhost; curl says (60). It is a remark of `wharf why`, no \
              cause.",
    evidence: "The authority's certificate is not in the system's bundle.",
    fix: "Run `wharf trust`; `wharf untrust` undoes it.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: untrusted,
};

fn down(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    if !matches!(itself.daemon, Daemon::Runs { .. })
        || !itself.router_is_wanted
        || itself.router_port.is_some()
    {
        return ruled_out("the router listens, or is not wanted");
    }
    let why = itself.router_warnings.first().cloned().unwrap_or_else(|| "it has no port".to_owned());
    Finding::new(format!("the router does not listen: {why}"))
        .saw("GET /v1/router", why)
        .safe_command("try again", "wharf daemon restart")
        .into()
}

fn names(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    if !matches!(facts.aim, Aim::Itself) {
        return Opinion::Aside;
    }
    match itself.domains.iter().find(|(_, resolves)| !resolves) {
        None => ruled_out("every domain leads here"),
        Some((domain, _)) => Opinion::Odd(format!(
            "names below {domain} are found by browsers and curl alone: wharf names install lets all programs find them"
        )),
    }
}

fn authority(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    match &itself.authority {
        Ok(_) => ruled_out("it can be used, or was not made yet"),
        Err(error) => Finding::new(error.clone())
            .saw("the authority's files", error.clone())
            .command("make another, and trust it", "wharf trust")
            .into(),
    }
}

fn untrusted(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    if !matches!(facts.aim, Aim::Itself) {
        return Opinion::Aside;
    }
    match itself.authority {
        Ok(Some(false)) => Opinion::Odd(
            "this system does not trust the certificates of wharf's names: wharf trust changes that"
                .to_owned(),
        ),
        _ => ruled_out("it is trusted, or was not made yet"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::asked_of_itself;

    #[test]
    fn a_router_without_a_port_is_down_unless_it_is_turned_off() {
        let down = |wanted| {
            asked_of_itself(|itself| {
                itself.router_port = None;
                itself.router_is_wanted = wanted;
                itself.router_warnings = vec!["8443 is taken".to_owned()];
            })
        };
        assert_eq!(down(true).causes(), ["wharf-router-down"]);
        assert_eq!(down(false).verdict(), "reachable");
    }

    #[test]
    fn names_and_trust_are_remarks() {
        let told = asked_of_itself(|itself| {
            itself.domains = vec![("localhost".to_owned(), false)];
            itself.authority = Ok(Some(false));
        });
        assert_eq!(told.verdict(), "reachable");
        assert_eq!(told.remarks(), ["wharf-names-unresolved", "wharf-authority-untrusted"]);
        let told = asked_of_itself(|itself| itself.authority = Err("its key is open to others".to_owned()));
        assert_eq!(told.causes(), ["wharf-authority-unusable"]);
    }
}
