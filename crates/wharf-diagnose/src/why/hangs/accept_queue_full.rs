//! The listener's queue is full, so the kernel drops new connections; why nobody accepts, no other cause tells.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::servers::Stuck;
use crate::facts::{Facts, Symptom};
use crate::why::silent::words::Case;

/// The queue is full.
pub(super) const CAUSE: Cause = Cause {
    code: "accept-queue-full",
    group: Group::Hangs,
    layer: Layer::Server,
    title: "The accept queue is full",
    symptom: "The connection hangs and ends in a timeout (ETIMEDOUT) after two minutes.",
    evidence: "sock_diag: more connections wait at the listener than its backlog (Recv-Q > Send-Q of ss -l), and \
               TcpExtListenOverflows rises.",
    fix: "Have the server accept: look at what it waits for, or restart it. If it is only slow, raise the backlog of listen(2) \
          and net.core.somaxconn.",
    proof: Proof::Reproduced,
    privilege: Some("why another user's server does not accept can be seen by root alone"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts).filter(|_| facts.symptom() == Symptom::Hangs) else {
        return Opinion::Aside;
    };
    if case.stuck != Some(Stuck::Full) {
        return ruled_out(case.server.queue_text());
    }
    let Some(examined) = case.subjects().next() else {
        let finding = case.finding(format!("the accept queue is full: {}", case.server.queue_text()));
        return finding.beside_the_symptom().advise("why nobody accepts, root may see").into();
    };
    let who = case.who(examined);
    let finding = if case.server.moves {
        case.finding(format!(
            "the accept queue of {who} is full: it accepts, but more slowly than connections come"
        ))
    } else {
        let wait = examined.telling();
        case.finding(format!("the accept queue is full: {who} does not accept; it waits {}", wait.text()))
    };
    let finding = finding.saw(examined.state_file(), examined.state());
    if case.server.moves {
        return finding
            .advise("raise the backlog of listen(2) and net.core.somaxconn, or serve with more workers")
            .into();
    }
    let command = format!("gdb -p {} -batch -ex 'thread apply all bt'", examined.process.pid);
    let finding = case.signal(finding, examined, "where it is", command);
    case.restart(finding, examined).into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn a_full_queue_without_a_known_reason_is_told_as_it_is() {
        let told = made::full(vec![made::process('S', Some("clock_nanosleep"))]).judged();
        assert_eq!((told.verdict(), told.causes()), ("cause_found", vec!["accept-queue-full"]));
    }

    #[test]
    fn one_that_moves_belongs_to_a_server_that_is_too_slow() {
        let told = made::full(vec![made::process('S', Some("epoll_wait"))])
            .with(|facts| facts.servers[0].moves = true)
            .judged();
        assert!(told.diagnosis.causes[0].text.contains("more slowly than connections come"));
    }

    #[test]
    fn why_it_is_full_may_not_be_seen() {
        let told = made::full(Vec::new()).judged();
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec!["accept-queue-full"]));
    }

    #[test]
    fn a_queue_with_room_rules_it_out() {
        let asked = made::full(vec![made::process('S', Some("epoll_wait"))]);
        let told = asked.with(|facts| facts.servers[0].queues[0].waiting = 0).judged();
        assert!(told.is_ruled_out("accept-queue-full"));
    }
}
