//! A filter of system calls forbids the client to connect.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use wharf_os::examine::errno::Errno;

/// seccomp.
pub(super) const CAUSE: Cause = Cause {
    code: "client-seccomp",
    group: Group::Errors,
    layer: Layer::Client,
    title: "A seccomp filter forbids the client to connect",
    symptom: "`Operation not permitted` (EPERM) or `Permission denied` (EACCES) from connect(2) or socket(2); or the program \
              is killed by SIGSYS.",
    evidence: "connect(2) on a file that is no socket does not say ENOTSOCK, as the kernel would: only a filter of system \
               calls comes before that. Of another process (`--from`) no more can be seen than that it has filters \
               (`Seccomp: 2` in /proc/PID/status).",
    fix: "Run it outside of that sandbox, or have the sandbox allow connect(2).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if let Some(filters) = facts.client.filters {
        return Opinion::Odd(format!(
            "{} has {filters} seccomp filters, which wharf cannot put on: whether they allow connect(2) is not known",
            facts.client.who()
        ));
    }
    let Some(forbidden) = &facts.client.forbidden else { return Opinion::Aside };
    let by_socket = forbidden.socket.filter(|errno| *errno != Errno::AFNOSUPPORT);
    let Some((call, errno)) =
        forbidden.connect.map(|errno| ("connect(2)", errno)).or(by_socket.map(|errno| ("socket(2)", errno)))
    else {
        return ruled_out("connect(2) on a file says ENOTSOCK, so no filter comes before the kernel");
    };
    let filters =
        forbidden.filters.map_or_else(|| "not shown".to_owned(), |count| format!("{count} filters"));
    Finding::new(format!("a seccomp filter of this sandbox forbids {call}"))
        .saw_not(format!("{call} that no network sees"), errno.to_string(), "ENOTSOCK or EINVAL")
        .saw("/proc/self/status", format!("Seccomp: {filters}"))
        .advise("run it outside of this sandbox, or have the sandbox allow it")
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::client::Forbidden;
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;

    #[test]
    fn a_filter_is_known_by_what_comes_before_the_kernel() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES).with(|facts| {
            facts.client.forbidden = Some(Forbidden { connect: Some(Errno::ACCES), ..Forbidden::default() });
        });
        assert_eq!(told.judged().causes(), ["client-seccomp"]);
    }

    #[test]
    fn where_the_kernel_itself_denies_it_is_ruled_out() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES);
        let told = told.with(|facts| facts.client.forbidden = Some(Forbidden::default())).judged();
        assert!(told.is_ruled_out("client-seccomp"));
    }

    #[test]
    fn filters_of_another_process_are_a_remark() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").connected();
        let told = told.with(|facts| facts.client.filters = Some(2)).judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["client-seccomp"]));
    }
}
