//! A unit of systemd that should listen: its socket has failed, or its service fails again and again.

use wharf_os::examine::units::UnitSeen;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The socket unit has failed.
pub(super) const SOCKET: Cause = Cause {
    code: "socket-unit-failed",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The socket unit that should listen has failed, or was stopped",
    symptom: "`Connection refused` at the port of a service that systemd starts when somebody connects.",
    evidence: "A socket unit names the port in `Listen`, and is not active; its `Result` says why: trigger-limit-hit, \
               service-start-limit-hit, resources.",
    fix: "See why its service failed (`systemctl status`), mend that, then `systemctl reset-failed` and start the socket.",
    proof: Proof::Documented("systemd.socket(5), TriggerLimitIntervalSec=; systemctl(1), show"),
    privilege: None,
    rule: socket,
};

/// The service fails.
pub(super) const SERVICE: Cause = Cause {
    code: "service-unit-failed",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The service that should listen has failed",
    symptom: "`Connection refused`; with `Restart=` it works for a moment now and then.",
    evidence: "A service unit whose command names the port has failed, or waits to be started again; exit code and number of \
               restarts are named.",
    fix: "Read its log (`journalctl -u NAME`), mend that, and start it again.",
    proof: Proof::Documented("systemd.service(5), Restart=; systemctl(1), show"),
    privilege: None,
    rule: service,
};

fn socket(facts: &Facts) -> Opinion {
    let Some(port) = asked(facts) else { return Opinion::Aside };
    let listens = |place: &String| {
        let place = place.split(' ').next().unwrap_or_default();
        place.rsplit(':').next() == Some(port.as_str())
    };
    let down = |unit: &&UnitSeen| unit.active != "active" && unit.listen.iter().any(listens);
    let Some(unit) = facts.units.iter().find(down) else {
        return ruled_out("no socket unit that is down has the port");
    };
    let user = flag(unit);
    let text = match unit.result.as_str() {
        "success" | "" => format!("{}, which listens at port {port}, is {}", unit.id, unit.active),
        result => format!("{}, which listens at port {port}, has failed: {result}", unit.id),
    };
    Finding::new(text)
        .saw(
            format!("systemctl{user} show {}", unit.id),
            format!("{} ({}), Result={}", unit.active, unit.sub, unit.result),
        )
        .command("see why", format!("systemctl{user} status {}", unit.id))
        .command(
            "start it again",
            format!("systemctl{user} reset-failed {0}; systemctl{user} start {0}", unit.id),
        )
        .into()
}

fn service(facts: &Facts) -> Opinion {
    let Some(port) = asked(facts) else { return Opinion::Aside };
    let digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    let names = |exec: &str| {
        exec.match_indices(&port).any(|(at, found)| {
            !digit(exec[..at].chars().next_back()) && !digit(exec[at + found.len()..].chars().next())
        })
    };
    let Some(unit) = facts.units.iter().find(|unit| names(&unit.exec)) else {
        return ruled_out("no service that has failed names the port");
    };
    let user = flag(unit);
    let restarts = match unit.restarts {
        0 => String::new(),
        count => format!(", started again {count} times"),
    };
    let exit =
        unit.exit.map_or_else(|| unit.result.clone(), |exit| format!("{}, exit code {exit}", unit.result));
    let state = if unit.sub == "auto-restart" { "fails and is started again" } else { "has failed" };
    let mine = if unit.of_user { " --user" } else { "" };
    Finding::new(format!("{} {state}: {exit}{restarts}", unit.id))
        .saw(
            format!("systemctl{user} show {}", unit.id),
            format!("{} ({}), Result={}", unit.active, unit.sub, unit.result),
        )
        .command("read its log", format!("journalctl{mine} -e -u {}", unit.id))
        .command("start it again", format!("systemctl{user} restart {}", unit.id))
        .into()
}

/// Returns the port that nobody listens at.
fn asked(facts: &Facts) -> Option<String> {
    let port = facts.addresses.first()?.port();
    (!facts.reached.is_empty() && !facts.is_listened_at()).then(|| port.to_string())
}

fn flag(unit: &UnitSeen) -> &'static str {
    if unit.of_user { " --user" } else { "" }
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::units::UnitSeen;

    use crate::testing::{Told, asked};

    fn judged(change: impl FnOnce(&mut UnitSeen)) -> Told {
        let mut unit = UnitSeen {
            id: "app.service".to_owned(),
            active: "failed".to_owned(),
            sub: "failed".to_owned(),
            result: "exit-code".to_owned(),
            exit: Some(1),
            restarts: 5,
            ..UnitSeen::default()
        };
        change(&mut unit);
        asked("127.0.0.1:3000").refused().with(|facts| facts.units.push(unit)).judged()
    }

    #[test]
    fn a_socket_that_is_down_is_named() {
        let told = judged(|unit| {
            unit.id = "app.socket".to_owned();
            unit.listen = vec!["[::]:3000 (Stream)".to_owned()];
            unit.result = "trigger-limit-hit".to_owned();
        });
        assert_eq!(told.causes(), ["socket-unit-failed"]);
        let told = judged(|unit| unit.listen = vec!["[::]:13000 (Stream)".to_owned()]);
        assert_eq!(told.causes(), ["nothing-listening"]);
    }

    #[test]
    fn a_service_is_known_by_the_port_in_its_command() {
        let told = judged(|unit| unit.exec = "{ path=/srv/app ; argv[]=/srv/app --port 3000 ; }".to_owned());
        assert_eq!(told.causes(), ["service-unit-failed"]);
        assert!(told.diagnosis.summary.contains("exit code 1, started again 5 times"));
        let told = judged(|unit| unit.exec = "{ argv[]=/srv/app --port 30001 ; }".to_owned());
        assert_eq!(told.causes(), ["nothing-listening"]);
    }
}
