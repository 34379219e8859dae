//! The server has accepted, and no byte came within the time: what it does instead. After all that is more special.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::servers::Stuck;
use crate::facts::servers::wait::Wait;
use crate::facts::{Facts, who};

/// The server does not answer.
pub(super) const CAUSE: Cause = Cause {
    code: "server-does-not-answer",
    group: Group::Silent,
    // After the server's process and after what is spoken: whoever speaks another protocol may be silent, too.
    layer: Layer::Protocol,
    title: "The server accepts the connection and does not answer",
    symptom: "The connection is made, the request is sent, and nothing comes.",
    evidence: "The server's side of the connection has a file, so a program has accepted it; within the time no byte came. \
               What its first thread waits in is told.",
    fix: "Look at what the server waits for: a database, a lock, another service.",
    proof: Proof::Reproduced,
    privilege: Some("what keeps another user's server can be seen by root alone"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if case.stuck != Some(Stuck::Silent) || facts.accepted != Some(true) || super::is_explained(facts) {
        return Opinion::Aside;
    }
    let Some(examined) = case.subjects().next() else {
        let server = facts.endpoint().map_or("the server".to_owned(), |detail| who(&detail.endpoint));
        let finding = case.finding(format!("{server} has accepted the connection and does not answer"));
        // What keeps it may be seen by root.
        return finding.beside_the_symptom().advise("look at the server's log").into();
    };
    let wait = match examined.telling() {
        // It has heeded the listener.
        Wait::Events(_) => Wait::Events(None),
        wait => wait,
    };
    let who = case.who(examined);
    let finding = case
        .finding(format!("{who} has accepted the connection and does not answer: it waits {}", wait.text()))
        .saw(examined.state_file(), examined.state())
        .advise("look at the server's log");
    let command = format!("gdb -p {} -batch -ex 'thread apply all bt'", examined.process.pid);
    case.signal(finding, examined, "where it is", command).into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn what_it_does_instead_is_told() {
        let told = made::silent(vec![made::process('S', Some("clock_nanosleep"))]).judged();
        assert_eq!(told.causes(), ["server-does-not-answer"]);
        assert!(told.diagnosis.causes[0].text.ends_with("it waits for a time to pass (sleep)"));
    }

    #[test]
    fn without_privilege_it_is_known_that_it_accepted() {
        let told = made::silent(Vec::new()).judged();
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec!["server-does-not-answer"]));
    }

    #[test]
    fn one_that_answers_is_reachable() {
        let told = made::silent(Vec::new()).with(|facts| facts.talk.silent = false).judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
