//! A program was told the port and does not listen there: it starts, it starts again and again, it hangs, or it moved.
//!
//! Not here: how such a program is found (`gather::suspects`).

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::suspects::{Suspect, Watch};

/// It listens at another port.
pub(super) const MOVED: Cause = Cause {
    code: "moved-to-other-port",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server has taken another port",
    symptom: "`Connection refused` at the port that the server was told; many development servers take the next one where \
              theirs is taken, and go on.",
    evidence: "A process whose command line has the port listens at another one.",
    fix: "Ask for the port that the server printed, or tell it to insist (Vite: `--strictPort`) and free the port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: moved,
};

/// It ends and is started again.
pub(super) const RESTARTS: Cause = Cause {
    code: "restarts-again-and-again",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server ends and is started again and again",
    symptom: "`Connection refused` most of the time; now and then it works for a moment.",
    evidence: "A process whose command line has the port ended within a second, and another with the same command line took \
               its place.",
    fix: "Read what it wrote last (its terminal, `wharf logs`, `journalctl`), and mend that.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: restarts,
};

/// It ended before it listened.
pub(super) const ENDED: Cause = Cause {
    code: "server-ended-while-starting",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server ended before it listened",
    symptom: "`Connection refused`, right after the server was started.",
    evidence: "A process whose command line has the port was young, and ended while it was watched, without having listened.",
    fix: "Read what it wrote last (its terminal, `wharf logs`, `journalctl`), and mend that.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: ended,
};

/// It is starting.
pub(super) const STARTING: Cause = Cause {
    code: "server-starting",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server is still starting",
    symptom: "`Connection refused` for the first seconds, and then it works.",
    evidence: "A process whose command line has the port was started less than three seconds ago and does not listen yet.",
    fix: "Wait for it: `wharf url NAME --wait 30s`, or ask again.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: starting,
};

/// It runs and does not listen.
pub(super) const NOT_LISTENING: Cause = Cause {
    code: "server-runs-without-listening",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server runs and does not listen",
    symptom: "`Connection refused`, though the server's process is there.",
    evidence: "A process whose command line has the port has run for more than three seconds and listens nowhere.",
    fix: "See what it waits for before it listens: a database, a build, a question at its terminal.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: not_listening,
};

fn moved(facts: &Facts) -> Opinion {
    let Some(suspects) = looked(facts) else { return Opinion::Aside };
    let Some(suspect) = suspects.iter().find(|suspect| !suspect.listens.is_empty()) else {
        return ruled_out("nobody who was told the port listens at another");
    };
    let places: Vec<String> = suspect.listens.iter().map(ToString::to_string).collect();
    let places = places.join(" and ");
    finding(suspect, format!("{} was told {} and listens at {places} instead", named(suspect), suspect.told))
        .saw("listener", places.clone())
        .advise(format!("ask for {places}, or start the server so that it insists on its port"))
        .into()
}

fn restarts(facts: &Facts) -> Opinion {
    let Some(suspects) = looked(facts) else { return Opinion::Aside };
    let replaced = |suspect: &Suspect| match suspect.watch {
        Watch::Replaced(pid) => Some((suspect.clone(), pid)),
        _ => None,
    };
    match suspects.iter().find_map(replaced) {
        None => ruled_out("nobody who was told the port was started anew while it was watched"),
        Some((suspect, pid)) => finding(
            &suspect,
            format!("{} ended at once and was started again, as pid {pid}", named(&suspect)),
        )
        .saw("/proc", format!("pid {} ended, and pid {pid} has its command line", suspect.process.pid))
        .advise("read what it wrote last, and mend that")
        .into(),
    }
}

fn ended(facts: &Facts) -> Opinion {
    let Some(suspects) = looked(facts) else { return Opinion::Aside };
    match suspects.iter().find(|suspect| suspect.watch == Watch::Ended) {
        None => ruled_out("nobody who was told the port ended while it was watched"),
        Some(suspect) => finding(suspect, format!("{} ended before it listened", named(suspect)))
            .saw("/proc", format!("pid {} ended while it was watched", suspect.process.pid))
            .advise("read what it wrote last, and mend that")
            .into(),
    }
}

fn starting(facts: &Facts) -> Opinion {
    let Some(suspects) = looked(facts) else { return Opinion::Aside };
    let young = |suspect: &&Suspect| match suspect.watch {
        Watch::Listens => true,
        Watch::Unchanged => suspect.is_open,
        _ => false,
    };
    match suspects.iter().find(young) {
        None => ruled_out("nobody who was told the port was started within the last three seconds"),
        Some(suspect) => {
            let now = match suspect.watch {
                Watch::Listens => "and has begun to listen just now",
                _ => "and does not listen yet",
            };
            finding(suspect, format!("{} was started {} ago {now}", named(suspect), age(suspect)))
                .advise("ask again in a moment")
                .into()
        }
    }
}

fn not_listening(facts: &Facts) -> Opinion {
    let Some(suspects) = looked(facts) else { return Opinion::Aside };
    let old =
        |suspect: &&Suspect| suspect.watch == Watch::No && suspect.listens.is_empty() && suspect.is_open;
    match suspects.iter().find(old) {
        None => ruled_out("no running process was told the port"),
        Some(suspect) => {
            let pid = suspect.process.pid;
            finding(suspect, format!("{} runs since {} and listens nowhere", named(suspect), age(suspect)))
                .command("see what it waits for", format!("cat /proc/{pid}/wchan /proc/{pid}/syscall"))
                .into()
        }
    }
}

/// Returns the suspects, if nobody listens and it was looked for some.
fn looked(facts: &Facts) -> Option<&[Suspect]> {
    (!facts.reached.is_empty() && !facts.is_listened_at() && !facts.is_led_astray() && facts.is_loopback())
        .then_some(facts.suspects.as_slice())
}

fn finding(suspect: &Suspect, text: String) -> Finding {
    let pid = suspect.process.pid;
    Finding::new(text).saw(format!("/proc/{pid}/cmdline"), suspect.told.clone()).saw_not(
        "sock_diag",
        "no listener at the port",
        "a socket in LISTEN",
    )
}

fn named(suspect: &Suspect) -> String {
    let process = &suspect.process;
    match &process.cwd {
        Some(cwd) => format!("{} (pid {}, {cwd})", process.name, process.pid),
        None => format!("{} (pid {})", process.name, process.pid),
    }
}

fn age(suspect: &Suspect) -> String {
    match suspect.age_ms.unwrap_or(0) {
        ms @ ..=9_999 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => format!("{} s", ms / 1000),
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::process::ProcessState;
    use wharf_os::facts::ProcessFacts;

    use super::{Suspect, Watch};
    use crate::testing::{Told, asked};

    fn judged(change: impl FnOnce(&mut Suspect)) -> Told {
        let process = ProcessFacts {
            pid: 4121,
            ppid: 1,
            start_ticks: 1,
            started_at: None,
            name: "node".to_owned(),
            state: ProcessState::Sleeping,
            uid: Some(1000),
            command: vec!["node".to_owned(), "--port".to_owned(), "3000".to_owned()],
            exe: None,
            exe_deleted: false,
            cwd: Some("/home/me/shop".to_owned()),
            cgroup: None,
            tty: None,
            session: 1,
        };
        let mut suspect = Suspect {
            process,
            told: "--port 3000".to_owned(),
            age_ms: Some(60_000),
            listens: Vec::new(),
            is_open: true,
            watch: Watch::No,
        };
        change(&mut suspect);
        asked("127.0.0.1:3000").refused().with(|facts| facts.suspects.push(suspect)).judged()
    }

    #[test]
    fn what_became_of_the_server_decides() {
        let told = judged(|suspect| suspect.listens.push("127.0.0.1:3001".parse().unwrap()));
        assert_eq!(told.causes(), ["moved-to-other-port"]);
        assert!(told.diagnosis.summary.contains("--port 3000 and listens at 127.0.0.1:3001"));
        assert_eq!(judged(|_| {}).causes(), ["server-runs-without-listening"]);
        for (watch, code) in [
            (Watch::Unchanged, "server-starting"),
            (Watch::Listens, "server-starting"),
            (Watch::Ended, "server-ended-while-starting"),
            (Watch::Replaced(4200), "restarts-again-and-again"),
        ] {
            let told = judged(|suspect| {
                suspect.age_ms = Some(400);
                suspect.watch = watch;
            });
            assert_eq!(told.causes(), [code], "{watch:?}");
        }
    }

    #[test]
    fn one_that_cannot_be_looked_into_may_listen_elsewhere() {
        for watch in [Watch::No, Watch::Unchanged] {
            let told = judged(|suspect| {
                suspect.is_open = false;
                suspect.watch = watch;
            });
            assert_eq!(told.causes(), ["nothing-listening"], "{watch:?}");
        }
    }

    #[test]
    fn a_listener_ends_the_question() {
        let told = asked("127.0.0.1:3000").listener("127.0.0.1:3000").connected().judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
