//! The hosts file cannot be read by the client.

use wharf_os::examine::names::HostsSeen;

use super::with_files;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The hosts file cannot be read.
pub(super) const CAUSE: Cause = Cause {
    code: "hosts-file-unreadable",
    group: Group::Names,
    layer: Layer::Name,
    title: "The hosts file cannot be read",
    symptom: "`Temporary failure in name resolution` or `Name or service not known` for one user, where root has no \
              trouble; curl and browsers still reach localhost.",
    evidence: "getaddrinfo(3) fails, and open(2) of /etc/hosts fails with EACCES, as it does for the client.",
    fix: "Let everybody read it: `sudo chmod 644 /etc/hosts`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(files) = &facts.names.files else { return Opinion::Aside };
    let HostsSeen::Unread(errno) = files.hosts else { return ruled_out("/etc/hosts can be read") };
    if facts.names.error.is_none() {
        return Opinion::Odd(format!(
            "/etc/hosts cannot be read ({errno}): names that only it has are not found"
        ));
    }
    let host = facts.names.host.as_deref().unwrap_or_default();
    let finding = Finding::new(format!("{host} is not found: /etc/hosts cannot be read ({errno})"));
    with_files(finding, facts).command("let everybody read it", "sudo chmod 644 /etc/hosts").as_root().into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::names::{HostsSeen, NameFiles};

    use crate::testing::asked;

    #[test]
    fn a_file_that_is_closed_is_it_where_the_name_is_not_found() {
        let files = NameFiles { hosts: HostsSeen::Unread(Errno::ACCES), ..NameFiles::default() };
        let asked = asked("http://localhost:3000").with(|facts| facts.names.files = Some(files));
        let found = asked.clone().judged();
        assert_eq!(found.remarks(), ["hosts-file-unreadable"]);
        let told = asked
            .with(|facts| {
                facts.names.error = Some("failed: Temporary failure in name resolution".to_owned());
                facts.names.addresses.clear();
            })
            .refused()
            .judged();
        assert_eq!(told.causes(), ["hosts-file-unreadable", "nothing-listening"]);
    }
}
