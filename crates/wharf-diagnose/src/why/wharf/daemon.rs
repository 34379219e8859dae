//! The daemon: whether it runs, answers, and is of this version.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::itself::Daemon;

/// It runs and does not answer.
pub(in super::super) const SILENT: Cause = Cause {
    code: "wharf-daemon-silent",
    group: Group::Wharf,
    layer: Layer::Client,
    title: "wharf's daemon does not answer",
    symptom: "`wharf route`, `wharf url` and names of the router hang or fail.",
    evidence: "The daemon's socket takes connections, and no answer to a request comes, or none that is understood.",
    fix: "Start it again: `wharf daemon restart`; if it is stopped, continue it.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: silent,
};

/// It does not run.
pub(in super::super) const ABSENT: Cause = Cause {
    code: "wharf-daemon-absent",
    group: Group::Wharf,
    layer: Layer::Client,
    title: "wharf's daemon does not run",
    symptom: "Leased ports are not kept between runs, and names such as https://api.shop.localhost lead nowhere.",
    evidence: "Nobody listens at the daemon's socket, though there are leases, or a name of the router was asked for.",
    fix: "Start it: `wharf daemon start`. `wharf run` does so by itself, and `wharf service install` with each login.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: absent,
};

/// It is of an older version.
pub(in super::super) const OLDER: Cause = Cause {
    code: "wharf-daemon-of-other-version",
    group: Group::Wharf,
    layer: Layer::Server,
    title: "wharf's daemon is of another version than this program",
    symptom: "Commands that the daemon does not know yet fail.",
    evidence: "The version that the daemon tells differs from this program's.",
    fix: "Start it again, which hands its ports and connections over: `wharf daemon restart`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: older,
};

fn silent(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    match &itself.daemon {
        Daemon::Silent(why) => Finding::new(format!("the daemon does not answer: {why}"))
            .saw("its socket", why.clone())
            .safe_command("start it again; it hands everything over", "wharf daemon restart")
            .into(),
        _ => ruled_out("it answers, or is not there"),
    }
}

fn absent(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    if itself.daemon != Daemon::Absent || !itself.is_wanted {
        return ruled_out("the daemon runs, or is not needed");
    }
    let text = match facts.names.host.as_deref() {
        Some(host) => format!("wharf's daemon, which answers for {host}, does not run"),
        None => "the daemon does not run, and ports of leases are not kept".to_owned(),
    };
    Finding::new(text)
        .saw_not("its socket", "nobody listens", "the daemon")
        .safe_command("start it", "wharf daemon start")
        .into()
}

fn older(facts: &Facts) -> Opinion {
    let Some(itself) = &facts.itself else { return Opinion::Aside };
    match &itself.daemon {
        Daemon::Runs { pid, version } if *version != itself.version => Finding::new(format!(
            "the daemon (pid {pid}) is version {version}, this program {}",
            itself.version
        ))
        .saw_not("GET /v1/daemon", version.clone(), itself.version.clone())
        .safe_command("start it again; it hands everything over", "wharf daemon restart")
        .into(),
        _ => ruled_out("it is of this version, or does not run"),
    }
}

#[cfg(test)]
mod tests {
    use super::Daemon;
    use crate::testing::asked_of_itself;

    #[test]
    fn each_state_of_the_daemon_has_its_cause() {
        for (daemon, causes) in [
            (Daemon::Absent, vec!["wharf-daemon-absent"]),
            (Daemon::Silent("timed out".to_owned()), vec!["wharf-daemon-silent"]),
            (Daemon::Runs { pid: 9, version: "0.0.9".to_owned() }, vec!["wharf-daemon-of-other-version"]),
            (Daemon::Runs { pid: 9, version: "0.1.0".to_owned() }, vec![]),
            (Daemon::Off, vec![]),
        ] {
            assert_eq!(
                asked_of_itself(|itself| itself.daemon = daemon.clone()).causes(),
                causes,
                "{daemon:?}"
            );
        }
    }

    #[test]
    fn nobody_misses_a_daemon_without_leases() {
        let told = asked_of_itself(|itself| {
            itself.daemon = Daemon::Absent;
            itself.is_wanted = false;
        });
        assert_eq!(told.verdict(), "reachable");
    }
}
