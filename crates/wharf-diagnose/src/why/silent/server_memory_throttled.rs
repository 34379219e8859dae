//! The control group of the server is out of memory and makes its processes wait.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// The server waits for memory.
pub(super) const CAUSE: Cause = Cause {
    code: "server-memory-throttled",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server's control group is out of memory, and makes it wait",
    symptom: "The connection is made, and answers come very late or never.",
    evidence: "`high` in memory.events rises while nobody accepts (version 2), or memory.oom_control says under_oom 1 with \
               the killer switched off (version 1).",
    fix: "Raise memory.high or the limit, or find what uses the memory.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let found = case.subjects().find_map(|examined| Some((examined, examined.memory.as_ref()?)));
    let Some((examined, (memory, times))) = found.filter(|_| case.stuck.is_some()) else {
        return case.ruled_out();
    };
    let (used, limit) = (memory.used / MIB, memory.limit / MIB);
    let rise = match memory.waits {
        true => "under_oom 1, oom_kill_disable 1".to_owned(),
        false => format!("high +{times}"),
    };
    case.finding(format!(
        "{}: {} has used up the memory of its control group ({used} of {limit} MiB), and waits for some",
        case.lack(),
        case.who(examined)
    ))
    .saw(format!("memory of the control group {}", memory.group), rise)
    .saw_not(memory.file.clone(), format!("{limit} MiB, {used} MiB are used"), "more than is used")
    .saw(examined.state_file(), examined.state())
    .advise(format!("raise the limit of the control group {}, or free memory there", memory.group))
    .into()
}

const MIB: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use wharf_os::examine::cgroup::Memory;

    use crate::facts::servers::{Examined, made};

    #[test]
    fn a_group_that_makes_it_wait_is_it() {
        let memory = Memory {
            group: "/a".to_owned(),
            waits: true,
            limit: 64 << 20,
            used: 64 << 20,
            ..Memory::default()
        };
        let waiting = Examined { memory: Some((memory, 0)), ..made::process('S', None) };
        let told = made::unaccepted(vec![waiting]).judged();
        assert_eq!(told.causes(), ["server-memory-throttled"]);
        assert!(told.diagnosis.causes[0].text.contains("64 of 64 MiB"));
    }

    #[test]
    fn a_group_with_room_is_not() {
        let told = made::unaccepted(vec![made::process('S', Some("futex"))]).judged();
        assert!(told.is_ruled_out("server-memory-throttled"));
    }
}
