//! The control group of the server is frozen: `docker pause`, `systemctl freeze`, a freezer of either version.

use super::words::Case;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Examined;

/// The server is frozen.
pub(super) const CAUSE: Cause = Cause {
    code: "server-frozen",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server is frozen (docker pause, a control group)",
    symptom: "The connection is made, and then nothing comes.",
    evidence: "cgroup.events of its group says frozen 1 (version 2; the process itself looks asleep), or freezer.state \
               says FROZEN (version 1; it is in state D).",
    fix: "`docker unpause NAME`, or thaw the group.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let found = case.subjects().find_map(|examined| Some((Some(examined), examined.frozen.as_ref()?)));
    // Whose process it is may not be visible; in which group the socket was made is.
    let by_socket = case.server.frozen_group.as_ref().filter(|_| case.server.processes.is_empty());
    let Some((examined, frozen)) = found.or(by_socket.map(|frozen| (None, frozen))) else {
        return case.ruled_out();
    };
    if case.stuck.is_none() && facts.is_reachable() {
        return Opinion::Aside;
    }
    if case.stuck.is_none() && !case.subjects().all(Examined::is_halted) {
        return Opinion::Odd(format!("the control group {} is frozen; others serve", frozen.group));
    }
    let endpoint = facts.endpoint().map(|detail| &detail.endpoint);
    let container = endpoint.and_then(|endpoint| endpoint.container.as_ref());
    let unit = endpoint.and_then(|endpoint| endpoint.unit.as_ref());
    let what = match (container, examined) {
        (Some(container), _) => format!("container {} is paused", container.label()),
        (None, Some(examined)) => {
            format!("{} is frozen with its control group {}", case.who(examined), frozen.group)
        }
        (None, None) => format!("the control group {} of its process is frozen", frozen.group),
    };
    let (file, text) = &frozen.seen;
    let mut finding =
        case.finding(format!("{}: {what}", case.lack())).saw_not(file.clone(), text.clone(), frozen.thaw);
    if let Some(examined) = examined {
        finding = finding.saw(examined.state_file(), examined.state());
    }
    let thaw = |finding: Finding| {
        let command = format!("echo {} > {}", frozen.thaw, wharf_model::shell::quoted(file));
        finding.safe_command("thaw the group", command).as_root()
    };
    match (container, unit) {
        (Some(container), _) if ["docker", "podman"].contains(&container.engine.as_str()) => {
            let command =
                format!("{} unpause {}", container.engine, wharf_model::shell::quoted(container.label()));
            finding.safe_command("let the container go on", command).into()
        }
        (None, Some(unit)) if unit.user_manager.is_none() && frozen.group.ends_with(&unit.name) => {
            let command = format!("systemctl thaw {}", wharf_model::shell::quoted(&unit.name));
            thaw(finding.safe_command("thaw the unit", command).as_root()).into()
        }
        _ => thaw(finding).into(),
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::place::Container;
    use wharf_os::examine::cgroup::Frozen;

    use crate::facts::servers::{Examined, made};

    fn frozen() -> Frozen {
        let seen = ("/sys/fs/cgroup/a/cgroup.freeze".to_owned(), "1".to_owned());
        Frozen { group: "/a".to_owned(), seen, thaw: "0" }
    }

    fn paused() -> Examined {
        Examined { frozen: Some(frozen()), ..made::process('S', Some("epoll_wait")) }
    }

    #[test]
    fn a_frozen_group_is_thawed() {
        let told = made::unaccepted(vec![paused()]).judged();
        assert_eq!(told.causes(), ["server-frozen"]);
        let fix = &told.diagnosis.causes[0].fixes[0];
        assert_eq!(fix.command.as_deref(), Some("echo 0 > /sys/fs/cgroup/a/cgroup.freeze"));
        assert!(fix.privileged);
    }

    #[test]
    fn a_paused_container_is_unpaused() {
        let told = made::unaccepted(vec![paused()])
            .with(|facts| {
                let detail = &mut facts.port.as_mut().unwrap().endpoints[0];
                detail.endpoint.container = Some(Container {
                    engine: "docker".to_owned(),
                    id: "0123456789abcdef".to_owned(),
                    name: Some("shop-db".to_owned()),
                    image: None,
                    port: None,
                    compose_project: None,
                    compose_service: None,
                });
            })
            .judged();
        assert_eq!(told.diagnosis.causes[0].text, "nothing accepts: container shop-db is paused");
        assert_eq!(told.diagnosis.causes[0].fixes[0].command.as_deref(), Some("docker unpause shop-db"));
    }

    #[test]
    fn the_group_of_the_socket_tells_where_the_process_may_not_be_seen() {
        let told = made::unaccepted(Vec::new())
            .with(|facts| facts.servers[0].frozen_group = Some(frozen()))
            .judged();
        assert_eq!(told.causes(), ["server-frozen"]);
        let told = made::unaccepted(vec![made::process('T', None)])
            .with(|facts| facts.servers[0].frozen_group = Some(frozen()))
            .judged();
        assert_eq!(told.causes(), ["server-stopped"]);
    }
}
