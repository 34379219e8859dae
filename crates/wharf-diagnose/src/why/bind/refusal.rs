//! bind(2) is refused, whoever has the port: privilege, an address that is not this machine's, no number left, a sandbox.

use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A port below 1024.
pub(in super::super) const PRIVILEGE: Cause = Cause {
    code: "port-needs-privilege",
    group: Group::Bind,
    layer: Layer::Client,
    title: "Ports this low are for privileged programs",
    symptom: "`Permission denied` (EACCES) from bind(2): at 80 and 443, most often.",
    evidence: "bind(2) says EACCES, and the number is below net.ipv4.ip_unprivileged_port_start.",
    fix: "Take a higher port; or let ordinary users have it (sysctl), give the program CAP_NET_BIND_SERVICE, or have wharf's \
          router answer there (`wharf service install`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule: privilege,
};

/// An address of another machine, or of none.
pub(in super::super) const NOT_LOCAL: Cause = Cause {
    code: "address-not-local",
    group: Group::Bind,
    layer: Layer::Network,
    title: "The address is none of this machine",
    symptom: "`Cannot assign requested address` (EADDRNOTAVAIL) from bind(2).",
    evidence: "bind(2) says EADDRNOTAVAIL: no interface of this network namespace has the address.",
    fix: "Bind 127.0.0.1, or an address that `ip address` lists; in a container, bind 0.0.0.0.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: not_local,
};

/// No ephemeral port is left.
pub(in super::super) const EXHAUSTED: Cause = Cause {
    code: "no-port-left",
    group: Group::Bind,
    layer: Layer::Port,
    title: "Every port that the kernel hands out is taken",
    symptom: "`Address already in use` from a bind(2) to port 0, which takes any.",
    evidence: "bind(2) to port 0 says EADDRINUSE: each number of net.ipv4.ip_local_port_range is held.",
    fix: "End what holds them (`wharf ls --all`), or widen the range.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: exhausted,
};

/// A security module.
pub(in super::super) const SANDBOX: Cause = Cause {
    code: "sandbox-denies-bind",
    group: Group::Bind,
    layer: Layer::Client,
    title: "A sandbox denies binding the port",
    symptom: "`Permission denied` (EACCES) from bind(2) at a port that any user may have.",
    evidence: "bind(2) says EACCES at a number that needs no privilege: of all that the kernel has, only a security module says \
               so (Landlock, SELinux, AppArmor), or a seccomp filter.",
    fix: "Start the server outside the sandbox, or allow the port there.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: sandbox,
};

fn privilege(facts: &Facts) -> Opinion {
    let Some(address) = facts.bind() else { return Opinion::Aside };
    let first = facts.unprivileged_from.unwrap_or(1024);
    let low = address.port() != 0 && address.port() < first;
    // As another user, what this one may do says nothing.
    let denied = facts.bind_error() == Some(Errno::ACCES)
        || matches!(facts.view, crate::question::View::User(uid) if uid != 0);
    if !low || !denied {
        return ruled_out("the port needs no privilege, or this user has it");
    }
    let port = address.port();
    Finding::new(format!("port {port} is below {first}, and user {} may not bind it", facts.client.uid))
        .saw_not(format!("bind(2) {address}"), "EACCES", "success")
        .saw("net.ipv4.ip_unprivileged_port_start", first.to_string())
        .advise(format!("take a port from {first} on"))
        .command(
            "let ordinary users have it",
            format!("sysctl -w net.ipv4.ip_unprivileged_port_start={port}"),
        )
        .as_root()
        .into()
}

fn not_local(facts: &Facts) -> Opinion {
    let Some(address) = facts.bind() else { return Opinion::Aside };
    if facts.bind_error() != Some(Errno::ADDRNOTAVAIL) {
        return ruled_out("the address is one of this machine's");
    }
    let text = if address.ip().is_loopback() {
        format!("{} is not there: IPv6 is turned off, or lo has lost it", address.ip())
    } else {
        format!("no interface of this machine has {}", address.ip())
    };
    Finding::new(text)
        .saw_not(format!("bind(2) {address}"), "EADDRNOTAVAIL", "success")
        .command("see which addresses there are", "ip address")
        .advise(format!("bind 127.0.0.1:{} instead", address.port()))
        .into()
}

fn exhausted(facts: &Facts) -> Opinion {
    let Some(address) = facts.bind().filter(|address| address.port() == 0) else { return Opinion::Aside };
    if facts.bind_error() != Some(Errno::ADDRINUSE) {
        return ruled_out("there are free ports");
    }
    let range = facts.ephemeral.as_ref();
    let (first, last) = range.map_or((32768, 60999), |range| (range.first, range.last));
    Finding::new(format!("every port from {first} to {last} is taken"))
        .saw_not(format!("bind(2) {address}"), "EADDRINUSE", "any free port")
        .saw("net.ipv4.ip_local_port_range", format!("{first} to {last}"))
        .command("see who has them", format!("wharf ls --all {first}-{last}"))
        .command("widen the range", "sysctl -w net.ipv4.ip_local_port_range='10240 65535'")
        .as_root()
        .into()
}

fn sandbox(facts: &Facts) -> Opinion {
    let Some(address) = facts.bind() else { return Opinion::Aside };
    let first = facts.unprivileged_from.unwrap_or(1024);
    let free = address.port() == 0 || address.port() >= first || facts.client.uid == 0;
    if facts.bind_error() != Some(Errno::ACCES) || !free {
        return ruled_out("no security module denies it");
    }
    Finding::new(format!("a sandbox that wharf itself runs in denies binding port {}", address.port()))
        .saw_not(format!("bind(2) {address}"), "EACCES", "success")
        .saw("net.ipv4.ip_unprivileged_port_start", format!("{first}: the port needs no privilege"))
        .advise("start the server outside the sandbox (Landlock, SELinux, AppArmor), or allow the port there")
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked_to_bind;

    #[test]
    fn each_refusal_has_its_cause() {
        for (address, errno, code) in [
            ("127.0.0.1:80", Errno::ACCES, "port-needs-privilege"),
            ("127.0.0.1:3000", Errno::ACCES, "sandbox-denies-bind"),
            ("192.0.2.1:3000", Errno::ADDRNOTAVAIL, "address-not-local"),
            ("127.0.0.1:0", Errno::ADDRINUSE, "no-port-left"),
        ] {
            assert_eq!(asked_to_bind(address).bind_fails(errno).judged().causes(), [code], "{address}");
        }
    }

    #[test]
    fn one_that_succeeds_is_said_to() {
        assert_eq!(asked_to_bind("127.0.0.1:3000").bound().judged().verdict(), "reachable");
    }
}
