//! The target is another machine.

use wharf_os::examine::attempt::{Attempt, Outcome};

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open};
use crate::facts::Facts;

/// Not this machine's address: what was seen, and no more.
pub(super) const CAUSE: Cause = Cause {
    code: "other-machine",
    group: Group::Errors,
    layer: Layer::Network,
    title: "The target is another machine",
    symptom: "Refused, no answer, or unreachable, for an address that is not one of this machine's.",
    evidence: "No interface has the address; the way to it (RTM_GETROUTE) and what came back are told, and as far as was seen the \
               packets left this machine.",
    fix: "Look there: run `wharf why` on that machine, or check the address.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if facts.network.links.is_empty() {
        return Opinion::Aside;
    }
    // Where a name leads past the server here, the name is what is wrong.
    if facts.is_led_astray() || facts.names.is_localhost() {
        return Opinion::Aside;
    }
    let fails = |it: &&Attempt| it.outcome != Outcome::Connected && !facts.is_local(it.to);
    let Some(attempt) = facts.attempts.iter().find(fails) else { return Opinion::Aside };
    let to = attempt.to;
    let probe = facts.network.probe.as_ref().filter(|probe| probe.to == to);
    if facts.lost().is_some() || probe.is_some_and(|probe| probe.stopped.is_some()) {
        return Opinion::Aside;
    }
    // Packets that are made and do not leave are lost on this machine.
    if let Some(probe) = probe.filter(|probe| probe.way.is_empty()) {
        let names = if to.is_ipv4() {
            ["IpOutRequests", "IpOutTransmits"]
        } else {
            ["Ip6OutRequests", "Ip6OutTransmits"]
        };
        let [made, left] = names.map(|name| probe.counters.get(name));
        if made > left {
            return open("packets do not leave this machine: root can trace one");
        }
    }
    let way = facts.way_to(to);
    let is_unreachable = way.is_some_and(|way| way.route.is_err());
    let what = match attempt.outcome {
        _ if is_unreachable => "no route leads there".to_owned(),
        Outcome::TimedOut => "it gives no answer".to_owned(),
        Outcome::Failed(errno) if errno.name() == "ECONNREFUSED" => "it refuses the connection".to_owned(),
        Outcome::Failed(errno) => format!("connect(2) says {errno}"),
        Outcome::Connected => return Opinion::Aside,
    };
    let mut finding = Finding::new(format!("{} is not this machine, and {what}", to.ip())).saw_not(
        "RTM_GETADDR",
        "no interface has the address",
        "one of this machine's",
    );
    if let Some(way) = way {
        finding = finding.saw("RTM_GETROUTE", route(facts, way));
    }
    finding = finding.saw(
        "connect(2)",
        match attempt.outcome {
            Outcome::Failed(errno) => errno.to_string(),
            _ => format!("no answer within {} ms", attempt.elapsed.as_millis()),
        },
    );
    finding.advise(format!("check the address, or look on that machine: wharf why {}", to.port())).into()
}

fn route(facts: &Facts, way: &wharf_os::examine::routes::Way) -> String {
    match &way.route {
        Err(errno) => format!("{errno}: there is no route to {}", way.to),
        Ok(route) => {
            let link = facts.network.links.iter().find(|link| Some(link.index) == route.link);
            let device = link.map_or_else(String::new, |link| format!(" dev {}", link.name));
            let via = route.gateway.map_or_else(String::new, |gateway| format!(" via {gateway}"));
            format!("{}{via}{device}", way.to)
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::counters::Counters;
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::routes::Route;

    use crate::testing::asked;
    use crate::why::testing::{lo, probe, way};

    #[test]
    fn what_another_machine_says_is_reported_and_no_more() {
        let told = asked("192.0.2.7:7777").fails(Errno::CONNREFUSED).with(|facts| {
            facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])];
            facts.network.ways = vec![way("192.0.2.7", Ok(Route { link: Some(1), ..Route::default() }))];
        });
        let told = told.judged();
        assert_eq!(told.causes(), ["other-machine"]);
        assert!(told.diagnosis.summary.contains("it refuses the connection"));
    }

    #[test]
    fn packets_that_do_not_leave_are_lost_here() {
        let told = asked("192.0.2.7:7777").hangs().with(|facts| {
            facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])];
            let mut probe = probe();
            probe.to = facts.addresses[0];
            probe.counters = Counters::of(&[("IpOutRequests", 1)]);
            facts.network.probe = Some(probe);
        });
        let told = told.judged();
        assert_eq!(told.verdict(), "cannot_tell");
        assert!(told.is_untold("other-machine"));
    }

    #[test]
    fn an_own_address_is_this_machine() {
        let told = asked("192.0.2.7:7777").hangs();
        let told = told.with(|facts| facts.network.links = vec![lo(true, &[("192.0.2.7", 24)])]).judged();
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec!["nothing-listening"]));
    }
}
