//! What must not be stopped, whoever asks: the reasons.

use wharf_catalog::ancestry::{Role, role};
use wharf_model::detail::{EndpointDetail, StarterKind};
use wharf_model::free::Refusal;
use wharf_model::owner::HeldBy;
use wharf_model::process::Process;
use wharf_model::shell::quoted;

use super::{place, refuse, refuse_with};
use crate::facts::{Facts, who};

/// Returns why nobody can be told to let go, where the owner is no process that is known.
pub(super) fn without_process(holder: &EndpointDetail, facts: &Facts) -> Refusal {
    let owner = &holder.endpoint.owner;
    let place = place(holder);
    match owner.held_by {
        HeldBy::NoProcess => refuse(
            "kernel-socket",
            format!(
                "no process has {place} open: it is a socket of the kernel itself (NFS, WireGuard), or kept by io_uring \
                 or a BPF map; it ends with the service of the kernel that has it"
            ),
        ),
        HeldBy::InFlight => refuse(
            "in-flight",
            format!(
                "the socket at {place} waits in a message between processes, and it could not be told which"
            ),
        ),
        _ => {
            let user = owner.user.clone().unwrap_or_else(|| owner.uid.to_string());
            let unit =
                holder.endpoint.unit.as_ref().map(|unit| format!(", {}", unit.name)).unwrap_or_default();
            others(facts, format!("{place} belongs to a process of user {user}{unit}, which only root sees"))
        }
    }
}

/// Returns that it belongs to another user.
pub(super) fn others(facts: &Facts, text: String) -> Refusal {
    refuse_with("other-user", text, format!("sudo wharf free {}", quoted(&facts.target)))
}

/// Returns why `lead` must not be stopped, if so.
pub(super) fn lead(lead: &Process, holder: &EndpointDetail, facts: &Facts) -> Option<Refusal> {
    let who = who(lead);
    if lead.pid == 1 {
        let text =
            format!("{who} is the first process: all of this machine, or container, would end with it");
        return Some(refuse("first-process", text));
    }
    if let Some(above) = holders_above_caller(holder, facts) {
        return Some(refuse(
            "own-ancestor",
            format!("{} started this very command, or runs its terminal or agent", self::who(above)),
        ));
    }
    if facts.caller.daemon.is_some_and(|daemon| daemon.pid == lead.pid) || is_daemon(lead) {
        let text = format!("{who} is wharf's own daemon: its router listens there");
        return Some(refuse_with("wharf-daemon", text, "wharf daemon stop"));
    }
    if lead.name.starts_with("sshd") && is_in_use(lead, facts) {
        let text = format!("{who} has sessions in use: nobody could come in again");
        return Some(refuse_with("ssh-in-use", text, "sudo systemctl stop ssh.service"));
    }
    match role(lead) {
        Role::Starter(kind, name) if is_a_place_to_work(kind) => Some(refuse(
            "in-use",
            format!("{name} (pid {}) has the port itself: stop its forwarding or server there", lead.pid),
        )),
        _ => None,
    }
}

fn holders_above_caller<'a>(holder: &'a EndpointDetail, facts: &Facts) -> Option<&'a Process> {
    // A manager keeps sockets for its units, and everybody runs below it.
    let is_meant = |process: &&Process| {
        facts.caller.line.contains(&process.pid) && process.pid != 1 && role(process) != Role::Manager
    };
    holder.endpoint.owner.processes.iter().find(is_meant)
}

fn is_daemon(process: &Process) -> bool {
    process.name == "wharf" && process.command.get(1).is_some_and(|word| word == "daemon")
}

/// Whether an ssh server serves the caller, or anybody.
fn is_in_use(server: &Process, facts: &Facts) -> bool {
    let is_session = |process: &Process| {
        process.ppid == Some(server.pid) && process.name.starts_with("sshd") && process.pid != server.pid
    };
    facts.caller.ssh_port.is_some_and(|port| facts.port == Some(port))
        || facts.family.values().any(is_session)
}

fn is_a_place_to_work(kind: StarterKind) -> bool {
    matches!(
        kind,
        StarterKind::Terminal
            | StarterKind::Editor
            | StarterKind::Multiplexer
            | StarterKind::Desktop
            | StarterKind::Agent
    )
}
