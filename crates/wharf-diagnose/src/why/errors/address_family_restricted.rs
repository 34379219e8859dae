//! The client may not have sockets of this family.

use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// systemd's RestrictAddressFamilies= and the like.
pub(super) const CAUSE: Cause = Cause {
    code: "address-family-restricted",
    group: Group::Errors,
    layer: Layer::Client,
    title: "The client may not use this address family",
    symptom: "`Address family not supported by protocol` (EAFNOSUPPORT) from socket(2), though the kernel has IPv4 and IPv6.",
    evidence: "socket(2) with a type that does not exist says EAFNOSUPPORT and not EINVAL: a seccomp filter looks at the family \
               before the kernel looks at the type.",
    fix: "Add AF_INET and AF_INET6 to RestrictAddressFamilies= of the unit, or run the client elsewhere.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(forbidden) = &facts.client.forbidden else { return Opinion::Aside };
    if forbidden.socket != Some(Errno::AFNOSUPPORT) {
        return Opinion::Aside;
    }
    let family = match facts.addresses.first() {
        Some(address) if address.is_ipv6() => "AF_INET6",
        _ => "AF_INET",
    };
    Finding::new(format!("a filter of this sandbox allows no sockets of {family}"))
        .saw_not("socket(2) with a type that does not exist", "EAFNOSUPPORT", "EINVAL")
        .advise(format!("add {family} to RestrictAddressFamilies= of the unit, or run it elsewhere"))
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::client::Forbidden;
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;

    #[test]
    fn a_filter_on_families_is_told_from_other_filters() {
        for (errno, code) in
            [(Errno::AFNOSUPPORT, "address-family-restricted"), (Errno::PERM, "client-seccomp")]
        {
            let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(errno).with(|facts| {
                facts.client.forbidden = Some(Forbidden { socket: Some(errno), ..Forbidden::default() });
            });
            assert_eq!(told.judged().causes(), [code]);
        }
    }
}
