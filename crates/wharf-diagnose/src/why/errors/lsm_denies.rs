//! A security module denies the connection.

use wharf_os::examine::attempt::{Attempt, Outcome};
use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// AppArmor, SELinux.
pub(super) const CAUSE: Cause = Cause {
    code: "lsm-denies",
    group: Group::Errors,
    layer: Layer::Client,
    title: "A security module (AppArmor, SELinux) denies the connection",
    symptom: "`Permission denied` (EACCES) from socket(2) or connect(2), at once.",
    evidence: "The client runs confined (/proc/self/attr/current), and neither a route, a seccomp filter, Landlock nor a BPF \
               program denies the connection. The audit log has a record of it.",
    fix: "Allow it in the profile: `aa-logprof`, or for SELinux `ausearch -m avc -ts recent` and `setsebool`.",
    proof: Proof::Documented("apparmor.d(5), network rules; selinux(8), audit2why(8)"),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(forbidden) = &facts.client.forbidden else { return Opinion::Aside };
    let Some(label) = &forbidden.confined_by else { return Opinion::Aside };
    let denied = |it: &&Attempt| it.outcome == Outcome::Failed(Errno::ACCES);
    let Some(attempt) = facts.attempts.iter().find(denied) else { return Opinion::Aside };
    let is_other = forbidden.connect.is_some()
        || forbidden.by_landlock
        || facts.way_to(attempt.to).is_some_and(|way| way.route.is_err());
    if is_other {
        return Opinion::Aside;
    }
    // The label of SELinux has four parts.
    let is_selinux = label.matches(':').count() >= 3;
    let module = if is_selinux { "SELinux" } else { "AppArmor" };
    let command = if is_selinux { "ausearch -m avc -ts recent" } else { "journalctl -k -g apparmor=.DENIED" };
    Finding::new(format!(
        "{module} confines this program as {label}, and denies the connection to {}",
        attempt.to
    ))
    .saw("connect(2)", "EACCES")
    .saw("/proc/self/attr/current", label.clone())
    .command("see what was denied", command)
    .as_root()
    .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::client::Forbidden;
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;

    #[test]
    fn a_confined_program_that_is_denied_is_told_by_whom() {
        for (label, module) in [("snap.x (enforce)", "AppArmor"), ("u:r:httpd_t:s0", "SELinux")] {
            let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES).with(|facts| {
                let confined_by = Some(label.to_owned());
                facts.client.forbidden = Some(Forbidden { confined_by, ..Forbidden::default() });
            });
            let told = told.judged();
            assert_eq!(told.causes(), ["lsm-denies"]);
            assert!(told.diagnosis.causes[0].text.starts_with(module));
        }
    }

    #[test]
    fn landlock_comes_first() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES).with(|facts| {
            let confined_by = Some("profile (enforce)".to_owned());
            facts.client.forbidden =
                Some(Forbidden { confined_by, by_landlock: true, ..Forbidden::default() });
        });
        assert_eq!(told.judged().causes(), ["client-landlock"]);
    }
}
