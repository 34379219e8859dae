//! Nobody accepts the connection, and none of the reasons that wharf knows holds: what the server does instead.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof, open};
use crate::facts::Facts;
use crate::facts::servers::Stuck;

/// The server does not accept.
pub(super) const CAUSE: Cause = Cause {
    code: "server-does-not-accept",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server does not accept the connection",
    symptom: "The connection is made, because the kernel makes it, and then nothing comes.",
    evidence: "The server's side of the connection has no file half a second later: no program has accepted it. What its \
               first thread waits in is told.",
    fix: "Look at what the server waits for, or restart it.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if case.stuck != Some(Stuck::Unaccepted) {
        return Opinion::Aside;
    }
    let Some(examined) = case.subjects().next() else {
        return open("nobody accepts; whose process the listener is, root may see");
    };
    if case.server.moves {
        let finding = case.finding(format!(
            "{} accepts more slowly than connections come: {}",
            case.who(examined),
            case.server.queue_text()
        ));
        return finding.advise("serve with more workers or threads, or find what is slow").into();
    }
    let wait = examined.telling();
    let orphan = if examined.is_orphan { "; its parent has ended" } else { "" };
    let finding = case
        .finding(format!("nothing accepts: {} waits {}{orphan}", case.who(examined), wait.text()))
        .saw_not(examined.state_file(), examined.state(), "accept, poll or epoll");
    let pid = examined.process.pid;
    let command = format!("gdb -p {pid} -batch -ex 'thread apply all bt'");
    let finding = case.signal(finding, examined, "where it is", command);
    case.restart(finding, examined).into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn what_it_does_instead_is_told() {
        let told = made::unaccepted(vec![made::process('S', Some("clock_nanosleep"))]).judged();
        assert_eq!(told.causes(), ["server-does-not-accept"]);
        let text = &told.diagnosis.causes[0].text;
        assert_eq!(text, "nothing accepts: node (pid 4121, /home/me/shop) waits for a time to pass (sleep)");
    }

    #[test]
    fn one_that_accepts_others_is_only_slow() {
        for state in ['S', 'R'] {
            let told = made::unaccepted(vec![made::process(state, None)])
                .with(|facts| facts.servers[0].moves = true)
                .judged();
            assert_eq!(told.causes(), ["server-does-not-accept"]);
            assert!(told.diagnosis.causes[0].text.contains("accepts more slowly"));
        }
    }

    #[test]
    fn whose_it_is_may_not_be_seen() {
        let told = made::unaccepted(Vec::new()).judged();
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec![]));
        assert!(told.is_untold("server-does-not-accept"));
    }

    #[test]
    fn what_is_more_special_comes_first() {
        let told = made::unaccepted(vec![made::process('T', None)]).judged();
        assert_eq!(told.causes(), ["server-stopped"]);
    }
}
