//! IPv6 is switched off, and the client asks for nothing else.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// ::1 cannot be had.
pub(super) const CAUSE: Cause = Cause {
    code: "ipv6-disabled",
    group: Group::Errors,
    layer: Layer::Network,
    title: "IPv6 is switched off",
    symptom: "`Cannot assign requested address` (EADDRNOTAVAIL) or `Network is unreachable` (ENETUNREACH) for ::1, \
              `Address family not supported` (EAFNOSUPPORT) where the kernel has none.",
    evidence: "Every address that the client tries is of IPv6, and `net.ipv6.conf.lo.disable_ipv6` or \
               `net.ipv6.conf.all.disable_ipv6` is 1, or /proc/net/if_inet6 does not exist.",
    fix: "Use 127.0.0.1, or switch IPv6 on again.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let fails = |it: &&wharf_os::examine::attempt::Attempt| {
        let errnos = [Errno::ADDRNOTAVAIL, Errno::NETUNREACH, Errno::AFNOSUPPORT];
        it.to.is_ipv6() && matches!(it.outcome, Outcome::Failed(errno) if errnos.contains(&errno))
    };
    let Some(attempt) = facts.attempts.iter().find(fails) else { return Opinion::Aside };
    let Some(ipv6) = facts.network.ipv6 else { return Opinion::Aside };
    if !facts.addresses.iter().all(|to| to.is_ipv6() && !to.ip().to_canonical().is_ipv4()) {
        return Opinion::Aside;
    }
    let observed = match ipv6 {
        it if it.is_absent => "/proc/net/if_inet6 does not exist: this kernel runs without IPv6",
        it if it.is_off_on_loopback => "net.ipv6.conf.lo.disable_ipv6 = 1",
        it if it.is_off => "net.ipv6.conf.all.disable_ipv6 = 1",
        _ => return ruled_out("IPv6 is on"),
    };
    let Outcome::Failed(errno) = attempt.outcome else { return Opinion::Aside };
    let port = attempt.to.port();
    let mut finding = Finding::new(format!("IPv6 is switched off, so {} cannot be reached", attempt.to.ip()))
        .saw("connect(2)", format!("{errno} for {}", attempt.to))
        .saw("sysctl", observed)
        .advise(format!("use 127.0.0.1:{port}"));
    if !ipv6.is_absent {
        let which = if ipv6.is_off_on_loopback { "lo" } else { "all" };
        let command = format!("sysctl -w net.ipv6.conf.{which}.disable_ipv6=0");
        finding = finding.command("switch IPv6 on", command).as_root();
    }
    finding.into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::system::Ipv6;

    use crate::testing::asked;

    fn off() -> Option<Ipv6> {
        Some(Ipv6 { is_off_on_loopback: true, ..Ipv6::default() })
    }

    #[test]
    fn an_address_of_ipv6_alone_needs_it() {
        let told = asked("[::1]:7777").listener("[::1]:7777").fails(Errno::ADDRNOTAVAIL);
        assert_eq!(told.with(|facts| facts.network.ipv6 = off()).judged().causes(), ["ipv6-disabled"]);
    }

    #[test]
    fn a_client_with_an_address_of_ipv4_too_does_not() {
        let told = asked("localhost:7777").listener("127.0.0.1:7777").fails(Errno::ADDRNOTAVAIL);
        assert!(told.with(|facts| facts.network.ipv6 = off()).judged().causes().is_empty());
    }

    #[test]
    fn where_it_is_on_it_is_ruled_out() {
        let told = asked("[::1]:7777").listener("[::1]:7777").fails(Errno::ADDRNOTAVAIL);
        let told = told.with(|facts| facts.network.ipv6 = Some(Ipv6::default())).judged();
        assert!(told.is_ruled_out("ipv6-disabled"));
    }
}
