//! Landlock forbids the client to connect to this port.

use wharf_os::examine::attempt::{Attempt, Outcome};
use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A sandbox of Landlock with rules for the network.
pub(super) const CAUSE: Cause = Cause {
    code: "client-landlock",
    group: Group::Errors,
    layer: Layer::Client,
    title: "Landlock forbids the client to connect",
    symptom: "`Permission denied` (EACCES) from connect(2), at once.",
    evidence: "Landlock is not shown in /proc, but it compares families before TCP does: connect(2) of an IPv4 socket to an \
               address of IPv6 says EINVAL under it, and EAFNOSUPPORT without it (`current_check_access_socket` in \
               security/landlock/net.c). No route or seccomp filter denies the connection.",
    fix: "Run the client outside of that sandbox, or have it allow the port (LANDLOCK_ACCESS_NET_CONNECT_TCP).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(forbidden) = &facts.client.forbidden else { return Opinion::Aside };
    let denied = |it: &&Attempt| it.outcome == Outcome::Failed(Errno::ACCES);
    let Some(attempt) = facts.attempts.iter().find(denied) else { return Opinion::Aside };
    if !forbidden.by_landlock {
        return ruled_out("Landlock has no say on TCP here");
    }
    let is_other =
        forbidden.connect.is_some() || facts.way_to(attempt.to).is_some_and(|way| way.route.is_err());
    if is_other {
        return Opinion::Aside;
    }
    let port = attempt.to.port();
    Finding::new(format!("a sandbox of Landlock, which wharf runs in too, denies TCP port {port}"))
        .saw("connect(2)", format!("EACCES for {}", attempt.to))
        .saw_not("connect(2) to an address of the other family", "EINVAL", "EAFNOSUPPORT")
        .advise(format!("run it outside of this sandbox, or have the sandbox allow port {port}"))
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::client::Forbidden;
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;
    use crate::why::testing::way;

    fn under(by_landlock: bool) -> Option<Forbidden> {
        Some(Forbidden { by_landlock, ..Forbidden::default() })
    }

    #[test]
    fn a_sandbox_that_has_a_say_is_it() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES);
        assert_eq!(
            told.with(|facts| facts.client.forbidden = under(true)).judged().causes(),
            ["client-landlock"]
        );
    }

    #[test]
    fn without_it_it_is_ruled_out() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES);
        assert!(
            told.with(|facts| facts.client.forbidden = under(false)).judged().is_ruled_out("client-landlock")
        );
    }

    #[test]
    fn a_route_that_denies_is_another_matter() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES).with(|facts| {
            facts.client.forbidden = under(true);
            facts.network.ways = vec![way("127.0.0.1", Err(Errno::ACCES))];
        });
        assert!(!told.judged().causes().contains(&"client-landlock"));
    }
}
