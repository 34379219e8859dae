//! The control group of the server may use so little CPU time that it hardly runs.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Seen;
use crate::facts::servers::wait::Wait;

/// The server is throttled.
pub(super) const CAUSE: Cause = Cause {
    code: "server-throttled",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server's control group has used up its CPU time",
    symptom: "The connection is made, and answers come very late or never.",
    evidence: "A thread is ready to run, its group's limit is below a quarter of a CPU, and nr_throttled or the throttled \
               time in cpu.stat rises while nobody accepts.",
    fix: "Raise the limit: `docker update --cpus`, `systemctl set-property … CPUQuota=`, cpu.max.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let found = case.subjects().find_map(|examined| {
        let (throttle, times, micros) = examined.throttled.as_ref()?;
        // The kernel counts when time is given again: a thread that is ready and gets none all the while is throttled, too.
        let starves = |seen: &Seen| {
            seen.wait == Wait::Cpu && seen.is_steady && seen.busy < STARVED && throttle.times > 0
        };
        let rises = *times > 0 || *micros > 0;
        let is_ready = |seen: &Seen| seen.wait == Wait::Cpu || seen.busy >= LITTLE;
        let held = examined.threads.iter().any(|seen| starves(seen) || rises && is_ready(seen));
        (throttle.percent < SMALL && held).then_some((examined, throttle, *times, *micros))
    });
    let Some((examined, throttle, times, micros)) = found.filter(|_| case.stuck.is_some()) else {
        return case.ruled_out();
    };
    let rise = match (times, micros) {
        (0, 0) => {
            format!("nr_throttled {}, and it is ready to run all the time and does not", throttle.times)
        }
        _ => format!("throttled {times} times more, {} ms", micros / 1000),
    };
    let share = match throttle.percent {
        0 => "less than 1 %".to_owned(),
        percent => format!("{percent} %"),
    };
    case.finding(format!(
        "{}: {} may use {share} of a CPU, and has used that up",
        case.lack(),
        case.who(examined)
    ))
    .saw(format!("cpu.stat of {}", throttle.group), rise)
    .saw(throttle.file.clone(), format!("{share} of one CPU"))
    .saw(examined.state_file(), examined.state())
    .advise(format!("raise the limit of the control group {}", throttle.group))
    .into()
}

/// Percent of a CPU below which a limit is what makes a server late; above it the server's own work does.
const SMALL: u64 = 25;
/// Percent of the time that a thread at least has that is ready to run and not kept from it.
const STARVED: u32 = 50;
/// Percent of the time that a thread wanted to run, from which on it is one that is held up.
const LITTLE: u32 = 2;

#[cfg(test)]
mod tests {
    use wharf_os::examine::cgroup::Throttle;

    use crate::facts::servers::{Examined, made};

    fn limited(percent: u64, state: char) -> Examined {
        let throttle =
            Throttle { group: "/a".to_owned(), file: "/a/cpu.max".to_owned(), percent, times: 9, micros: 9 };
        Examined { throttled: Some((throttle, 4, 390_000)), ..made::process(state, None) }
    }

    #[test]
    fn a_small_limit_that_is_used_up_is_it() {
        assert_eq!(made::unaccepted(vec![limited(1, 'R')]).judged().causes(), ["server-throttled"]);
    }

    #[test]
    fn one_that_is_ready_and_never_runs_is_throttled_though_nothing_rises() {
        let mut starved = limited(1, 'R');
        starved.throttled = starved.throttled.map(|(throttle, ..)| (throttle, 0, 0));
        starved.threads[0].busy = 1;
        assert_eq!(made::unaccepted(vec![starved.clone()]).judged().causes(), ["server-throttled"]);
        starved.threads[0].busy = 100;
        assert_eq!(made::unaccepted(vec![starved]).judged().causes(), ["server-busy-loop"]);
    }

    #[test]
    fn a_fair_limit_or_a_server_that_sleeps_is_not() {
        assert_eq!(made::unaccepted(vec![limited(100, 'R')]).judged().causes(), ["server-busy-loop"]);
        let told = made::unaccepted(vec![limited(1, 'S')]).judged();
        assert!(told.is_ruled_out("server-throttled"));
    }
}
