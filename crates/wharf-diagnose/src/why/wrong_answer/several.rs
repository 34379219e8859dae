//! Two different programs have the port: at both addresses of one name, or at one address by SO_REUSEPORT.

use wharf_model::endpoint::Endpoint;
use wharf_model::process::Process;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// The name means either.
pub(super) const ONE_NAME: Cause = Cause {
    code: "two-servers-one-name",
    group: Group::WrongAnswer,
    layer: Layer::Port,
    title: "The name leads to two different servers",
    symptom: "Now one program answers, now another: browsers, curl and Node choose between 127.0.0.1 and ::1 by rules of \
              their own.",
    evidence: "Two addresses of the name have listeners, and these belong to different programs.",
    fix: "Ask for 127.0.0.1 or [::1] by number, or stop the one that is not meant.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: one_name,
};

/// The kernel spreads connections over both.
pub(super) const ONE_ADDRESS: Cause = Cause {
    code: "two-programs-share-port",
    group: Group::WrongAnswer,
    layer: Layer::Port,
    title: "Two different programs share the port by SO_REUSEPORT",
    symptom: "Every second connection or so is answered by another program, often an old instance of the same server.",
    evidence: "Two listeners with the same address belong to programs with different command lines or directories: the kernel \
               spreads connections over both.",
    fix: "Stop the one that is not meant.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: one_address,
};

fn one_name(facts: &Facts) -> Opinion {
    let Some(host) = &facts.names.host else { return Opinion::Aside };
    let reached: Vec<_> = facts
        .reached
        .iter()
        .chain(&facts.twins)
        .filter_map(|reached| Some((reached.address, facts.endpoint_of(reached)?)))
        .collect();
    let Some((first, rest)) = reached.split_first() else { return Opinion::Aside };
    let Some(other) = rest.iter().find(|other| differ(&first.1.endpoint, &other.1.endpoint)) else {
        return ruled_out("all addresses of the name lead to one program");
    };
    let (one, two) = (who(&first.1.endpoint), who(&other.1.endpoint));
    let finding = Finding::new(format!("{host} can mean {} ({one}) or {} ({two})", first.0, other.0))
        .saw(format!("listener {}", first.0), one)
        .saw(format!("listener {}", other.0), two)
        .advise(format!("ask for {} or {} by number", first.0, other.0));
    stop(finding, other.1.endpoint.owner.lead()).into()
}

fn one_address(facts: &Facts) -> Opinion {
    let Some(own) = facts.endpoint() else { return Opinion::Aside };
    let endpoint = &own.endpoint;
    let Some((first, rest)) = endpoint.owner.processes.split_first() else { return Opinion::Aside };
    let several = endpoint
        .listeners
        .iter()
        .filter(|listener| Some(listener.address) == endpoint.addresses.first().copied());
    let is_other = |process: &&Process| {
        process.ppid != Some(first.pid)
            && first.ppid != Some(process.pid)
            && (process.exe != first.exe || process.cwd != first.cwd)
    };
    let Some(other) = rest.iter().find(is_other).filter(|_| several.count() > 1) else {
        return ruled_out("no other program listens at the same address");
    };
    let told = |process: &Process| match &process.cwd {
        Some(cwd) => format!("{} (pid {}, {cwd})", process.name, process.pid),
        None => format!("{} (pid {})", process.name, process.pid),
    };
    let (one, two) = (told(first), told(other));
    let finding = Finding::new(format!("connections are spread over {one} and {two}"))
        .saw("sock_diag", "two listeners with the same address (SO_REUSEPORT)")
        .saw("owners", format!("{one}; {two}"));
    stop(finding, Some(other)).into()
}

/// Whether two endpoints certainly belong to different programs: what cannot be seen counts as the same.
fn differ(one: &Endpoint, other: &Endpoint) -> bool {
    if one.id == other.id {
        return false;
    }
    let (Some(first), Some(second)) = (one.owner.lead(), other.owner.lead()) else {
        return one.owner.uid != other.owner.uid;
    };
    let container = |endpoint: &Endpoint| endpoint.container.as_ref().map(|container| container.id.clone());
    // The two forwarders that an engine starts for one published port.
    if let (Some(one), Some(other)) = (container(one), container(other)) {
        return one != other;
    }
    first.pid != second.pid && (first.command != second.command || first.cwd != second.cwd)
}

fn stop(finding: Finding, other: Option<&Process>) -> Finding {
    match other {
        Some(other) => finding.command("stop the one that is not meant", format!("kill {}", other.pid)),
        None => finding.advise("stop the one that is not meant"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{asked, process};

    #[test]
    fn a_name_with_two_programs_is_named() {
        let told = asked("localhost:3000")
            .listener_of("127.0.0.1:3000", "node", 10)
            .listener_of("[::1]:3000", "python3", 20)
            .connected()
            .judged();
        assert_eq!(told.causes(), ["two-servers-one-name"]);
    }

    #[test]
    fn one_program_at_both_addresses_is_healthy() {
        let told = asked("localhost:3000")
            .listener_of("127.0.0.1:3000", "node", 10)
            .listener_of("[::1]:3000", "node", 11)
            .connected()
            .judged();
        assert_eq!(told.verdict(), "reachable");
    }

    #[test]
    fn an_address_asked_for_by_number_means_one() {
        let told = asked("127.0.0.1:3000")
            .listener_of("127.0.0.1:3000", "node", 10)
            .listener_of("[::1]:3000", "python3", 20)
            .connected()
            .judged();
        assert_eq!(told.verdict(), "reachable");
    }

    #[test]
    fn two_programs_at_one_address_are_named_and_workers_are_not() {
        for (cwd, parent, causes) in [
            ("/home/me/old", 1, vec!["two-programs-share-port"]),
            ("/home/me/shop", 1, vec![]),
            ("/home/me/old", 10, vec![]),
        ] {
            let told = asked("127.0.0.1:3000")
                .listener_of("127.0.0.1:3000", "node", 10)
                .connected()
                .with(|facts| {
                    let endpoint = &mut facts.port.as_mut().unwrap().endpoints[0].endpoint;
                    endpoint.listeners.push(endpoint.listeners[0].clone());
                    let mut other = process("node", 20);
                    other.cwd = Some(cwd.to_owned());
                    other.ppid = Some(parent);
                    endpoint.owner.processes.push(other);
                })
                .judged();
            assert_eq!(told.causes(), causes, "{cwd} {parent}");
        }
    }
}
