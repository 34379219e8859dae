//! Names: what a host name leads to, what a URL names that cannot be, and what browsers refuse. One file a cause.

use wharf_os::examine::names::{HostsLine, HostsSeen};

use crate::cause::{Cause, Finding};
use crate::facts::Facts;

mod browser_blocked_port;
mod dns_rebinding_blocked;
mod hosts_file_unreadable;
mod ipv6_first_no_fallback;
mod localhost_leads_elsewhere;
mod localhost_name_unresolved;
mod localhost_not_in_hosts;
mod name_leads_elsewhere;
mod name_unresolved;
mod nsswitch_without_files;
mod port_illegal;
mod port_zero;
mod wildcard_as_host;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &port_zero::CAUSE,
    &port_illegal::CAUSE,
    &hosts_file_unreadable::CAUSE,
    &nsswitch_without_files::CAUSE,
    &localhost_not_in_hosts::CAUSE,
    &localhost_leads_elsewhere::CAUSE,
    &localhost_name_unresolved::CAUSE,
    &name_leads_elsewhere::CAUSE,
    &dns_rebinding_blocked::CAUSE,
    &name_unresolved::CAUSE,
    &ipv6_first_no_fallback::CAUSE,
    &wildcard_as_host::CAUSE,
    &browser_blocked_port::CAUSE,
];

/// Adds what getaddrinfo(3) said, and the files behind it.
fn with_files(mut finding: Finding, facts: &Facts) -> Finding {
    let names = &facts.names;
    let host = names.host.as_deref().unwrap_or_default();
    let said = match &names.error {
        Some(_) => names.error_text().to_owned(),
        None => names.addresses_text(),
    };
    finding = finding.saw(format!("getaddrinfo(\"{host}\")"), said);
    let Some(files) = &names.files else { return finding };
    finding = match &files.hosts {
        HostsSeen::Unread(errno) => {
            finding.saw_not("/etc/hosts", errno.name(), "a file that everybody may read")
        }
        HostsSeen::Lines(_) => match names.lines().next() {
            Some(line) => finding.saw("/etc/hosts", line_text(line)),
            None => match names.slip() {
                Some(line) => finding.saw_not("/etc/hosts", line_text(line), host),
                None => finding.saw("/etc/hosts", format!("no line names {host}")),
            },
        },
    };
    finding.saw("/etc/nsswitch.conf", format!("hosts: {}", files.services.join(" ")))
}

/// Returns a line of the hosts file: `line 3: 10.0.0.7 shop.test`.
fn line_text(line: &HostsLine) -> String {
    format!("line {}: {} {}", line.number, line.place, line.name)
}

/// Returns a finding with the command that makes a name known to everybody by the hosts file.
fn with_line_for(finding: Finding, host: &str) -> Finding {
    finding
        .command("add it to the hosts file", format!("echo '127.0.0.1 {host}' | sudo tee -a /etc/hosts"))
        .as_root()
}
