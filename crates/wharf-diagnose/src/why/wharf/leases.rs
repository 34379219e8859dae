//! What wharf keeps in files, and whether its promises hold.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The configuration is wrong.
pub(in super::super) const CONFIGURATION: Cause = Cause {
    code: "wharf-configuration-wrong",
    group: Group::Wharf,
    layer: Layer::Question,
    title: "wharf's configuration is not understood",
    symptom: "The router does not start, or not as configured.",
    evidence: "config.toml cannot be read; the line is named.",
    fix: "Mend that line of `~/.config/wharf/config.toml`, then `wharf daemon restart`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: configuration,
};

/// Leases cannot be read.
pub(in super::super) const UNREADABLE: Cause = Cause {
    code: "wharf-leases-unreadable",
    group: Group::Wharf,
    layer: Layer::Question,
    title: "wharf's leases cannot be read",
    symptom: "`wharf port`, `wharf run` and `wharf lease` fail.",
    evidence: "The file of leases in the state directory cannot be opened, or is damaged.",
    fix: "Move the file away, and wharf begins a new one; leases are given anew.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: unreadable,
};

/// Another program has a leased port.
pub(in super::super) const STRANGER: Cause = Cause {
    code: "wharf-leased-port-taken",
    group: Group::Wharf,
    layer: Layer::Port,
    title: "Another program has the port of a lease",
    symptom: "The next `wharf run` of that service has to take another port.",
    evidence: "A program that does not run under wharf listens at the port of a lease, outside that lease's project.",
    fix: "Stop that program, or start it under wharf.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: stranger,
};

fn configuration(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    match &itself.configuration_error {
        None => ruled_out("it is understood, or there is none"),
        Some(error) => Finding::new(error.clone())
            .saw("config.toml", error.clone())
            .advise("mend that line, and then run: wharf daemon restart")
            .into(),
    }
}

fn unreadable(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    match &itself.leases {
        Ok(count) => ruled_out(format!("{count} leases were read")),
        Err(error) => Finding::new(format!("the leases cannot be read: {error}"))
            .saw("wharf.db", error.clone())
            .advise("move the file away, and wharf begins a new one")
            .into(),
    }
}

fn stranger(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    let Some((name, port, who)) = itself.strangers.first() else {
        return ruled_out("no program outside wharf has a leased port");
    };
    Finding::new(format!("port {port} is leased to {name}, and {who} has it"))
        .saw("listener", format!("{who} at port {port}"))
        .command("stop it, or start it under wharf", format!("wharf free {port}"))
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::asked_of_itself;

    #[test]
    fn what_is_kept_is_looked_at() {
        let told = asked_of_itself(|itself| itself.leases = Err("damaged".to_owned()));
        assert_eq!(told.causes(), ["wharf-leases-unreadable"]);
        let told = asked_of_itself(|itself| itself.configuration_error = Some("line 3".to_owned()));
        assert_eq!(told.causes(), ["wharf-configuration-wrong"]);
        let told = asked_of_itself(|itself| {
            itself.strangers.push(("api.shop".to_owned(), 3000, "node (pid 9)".to_owned()));
        });
        assert_eq!(told.causes(), ["wharf-leased-port-taken"]);
    }
}
