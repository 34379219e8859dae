//! The server waits in the kernel and cannot be interrupted: a disk, a network file system, a child that it has vforked.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::servers::wait::{Wait, state_text};
use crate::facts::servers::{Examined, Seen};

/// The server is in state D.
pub(super) const CAUSE: Cause = Cause {
    code: "server-uninterruptible",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server waits in the kernel and cannot be interrupted",
    symptom: "The connection is made, and then nothing comes.",
    evidence: "/proc/PID/stat has state D at the beginning and at the end of the watch; /proc/PID/wchan says where in the \
               kernel.",
    fix: "Mend what it waits for: the disk, the network file system, the child that it has forked.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let waits = |examined: &Examined| {
        let is_it = |seen: &Seen| matches!(seen.wait, Wait::Uninterruptible | Wait::Vfork) && seen.is_steady;
        let accepts = examined.threads.iter().any(|seen| seen.wait.may_accept());
        examined.threads.iter().position(is_it).filter(|_| !accepts && examined.frozen.is_none())
    };
    let found = case.subjects().find_map(|examined| Some((examined, waits(examined)?)));
    let Some((examined, at)) = found else { return case.ruled_out() };
    if case.stuck.is_none() {
        return ruled_out("it is not known that it keeps anybody waiting");
    }
    let pid = examined.process.pid;
    let thread = &examined.process.threads[at];
    let place = thread.wchan.as_deref();
    let vforked = examined.threads[at].wait == Wait::Vfork;
    let what = if vforked {
        "waits for a child that it has forked and that neither starts its program nor ends".to_owned()
    } else {
        match place {
            Some(place) => format!("waits in the kernel ({place}) and cannot be interrupted"),
            None => "waits in the kernel and cannot be interrupted".to_owned(),
        }
    };
    let finding = case.finding(format!("{}: {} {what}", case.lack(), case.who(examined))).saw_not(
        format!("/proc/{pid}/task/{}/stat", thread.tid),
        format!("{}, all the time", state_text(thread)),
        "S or R",
    );
    if vforked {
        finding
            .command("look at its child, and end that", format!("ps -o pid,stat,wchan,args --ppid {pid}"))
            .into()
    } else {
        finding
            .advise("see to the disk or the network file system that it waits for")
            .command("where in the kernel it waits", format!("cat /proc/{pid}/stack"))
            .as_root()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn state_d_all_the_time_is_it() {
        let mut waiting = made::process('D', Some("read"));
        waiting.process.threads[0].wchan = Some("folio_wait_bit_common".to_owned());
        let told = made::unaccepted(vec![waiting]).judged();
        assert_eq!(told.causes(), ["server-uninterruptible"]);
        assert!(told.diagnosis.causes[0].text.contains("folio_wait_bit_common"));
    }

    #[test]
    fn a_moment_of_reading_a_disk_is_not() {
        let mut waiting = made::process('D', Some("read"));
        waiting.threads[0].is_steady = false;
        assert!(!made::unaccepted(vec![waiting]).judged().causes().contains(&"server-uninterruptible"));
    }
}
