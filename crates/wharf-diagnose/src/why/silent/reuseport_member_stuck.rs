//! One of several listeners with SO_REUSEPORT is not served: the kernel goes on giving it its share of the connections.

use std::fmt::Write as _;

use wharf_os::examine::queue::Queue;

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::servers::wait::Wait;
use crate::facts::servers::{Examined, Stuck};

/// A member of a group does not accept.
pub(super) const CAUSE: Cause = Cause {
    code: "reuseport-member-stuck",
    group: Group::Silent,
    layer: Layer::Server,
    title: "One of several listeners of the port (SO_REUSEPORT) is not served",
    symptom: "Some connections work and others hang, by chance.",
    evidence: "Several sockets listen at one address; connections wait at one of them and are not accepted, while the others \
               are empty and their processes wait for events.",
    fix: "Continue, end or restart the worker that does not accept.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the processes cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let queues = &case.server.queues;
    if queues.len() < 2 {
        return Opinion::Aside;
    }
    let stuck: Vec<&Queue> = queues.iter().filter(|queue| queue.waiting > 0).collect();
    let took = facts.accepted == Some(true);
    let accepts = |queue: &&Queue| {
        let may = |examined: &Examined| examined.threads.iter().any(|seen| seen.wait.may_accept());
        // One of them has our connection, and may be busy with it.
        let works = |examined: &Examined| !examined.is_halted() && (took || may(examined));
        queue.waiting == 0 && holders(case, queue).any(works)
    };
    let served = queues.iter().filter(accepts).count();
    let (Some(&first), true) = (stuck.first(), served > 0) else {
        return ruled_out(format!("{} listeners, and none differs from the others", queues.len()));
    };
    let text = format!("{} of {} listeners at {} (SO_REUSEPORT) ", stuck.len(), queues.len(), first.address);
    match case.stuck {
        // The connection was accepted: by another one.
        None if took => {
            let lasts = !case.server.waiting.is_empty() && !case.server.moves;
            if !lasts {
                return ruled_out("what waited was accepted meanwhile");
            }
            let whose =
                blamed(case, first).map(|examined| format!(": {}", doing(examined))).unwrap_or_default();
            Opinion::Odd(format!("{text}is not served{whose}; every so many-th connection hangs"))
        }
        Some(Stuck::Unaccepted | Stuck::Full) => {
            let Some(examined) = blamed(case, first) else { return Opinion::Aside };
            let mut text = format!("{text}is not served: ");
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", doing(examined));
            let finding = case
                .finding(text)
                .saw_not(
                    "sock_diag",
                    format!("{} wait at inode {}", first.waiting, first.inode),
                    "0, as at the others",
                )
                .saw(examined.state_file(), examined.state());
            if examined.wait() == Some(&Wait::Stopped) {
                let command = format!("kill -CONT {}", examined.process.pid);
                return case.signal(finding, examined, "let it go on", command).into();
            }
            case.restart(finding, examined).into()
        }
        _ => Opinion::Aside,
    }
}

fn holders<'a>(case: Case<'a>, queue: &Queue) -> impl Iterator<Item = &'a Examined> {
    let inode = queue.inode;
    case.server.processes.iter().filter(move |examined| examined.listeners.contains(&inode))
}

/// Returns the process that should accept there: one that cannot run, else the one with the fewest listeners; a master may
/// have them all.
fn blamed<'a>(case: Case<'a>, queue: &Queue) -> Option<&'a Examined> {
    holders(case, queue).min_by_key(|examined| (!examined.is_halted(), examined.listeners.len()))
}

fn doing(examined: &Examined) -> String {
    let name = examined.name();
    match examined.wait() {
        _ if examined.frozen.is_some() => format!("{name} is frozen"),
        Some(Wait::Stopped) => format!("{name} is stopped"),
        Some(Wait::Traced) => format!("{name} is held by a debugger"),
        Some(Wait::Cpu) => format!("{name} computes and does not accept"),
        Some(wait) => format!("{name} waits {}", wait.text()),
        None => format!("{name} does not accept"),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::{Examined, made};
    use crate::testing::Asked;

    fn worker(pid: u32, inode: u64, state: char, call: Option<&'static str>) -> Examined {
        let mut worker = made::process(state, call);
        worker.process.pid = pid;
        worker.listeners = vec![inode];
        worker
    }

    fn two(state: char, call: Option<&'static str>) -> Asked {
        made::unaccepted(vec![worker(1, 1, 'S', Some("epoll_wait")), worker(2, 2, state, call)])
            .with(|facts| facts.servers[0].queues = vec![made::queue(1, 0), made::queue(2, 1)])
    }

    #[test]
    fn the_worker_that_does_not_accept_is_named() {
        let told = two('S', Some("clock_nanosleep")).judged();
        assert_eq!(told.causes(), ["reuseport-member-stuck"]);
        assert_eq!(
            told.diagnosis.causes[0].text,
            "1 of 2 listeners at 127.0.0.1:3000 (SO_REUSEPORT) is not served: node (pid 2) waits for a time to pass (sleep)"
        );
        let told = two('T', None).judged();
        assert_eq!(told.diagnosis.causes[0].fixes[0].command.as_deref(), Some("kill -CONT 2"));
    }

    #[test]
    fn if_chance_leads_to_the_good_one_it_is_odd() {
        let told = two('T', None)
            .with(|facts| {
                facts.accepted = Some(true);
                facts.servers[0].waiting = vec![made::half(41000, 0)];
            })
            .judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["reuseport-member-stuck"]));
    }

    #[test]
    fn where_all_are_stopped_that_is_the_cause() {
        let told =
            two('T', None).with(|facts| facts.servers[0].processes[0] = worker(1, 1, 'T', None)).judged();
        assert_eq!(told.causes(), ["server-stopped"]);
    }
}
