//! What rules of firewalls are called in findings, and what to do about one. Not here: any cause.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::firewall::{How, LEGACY, Probe, Rule, Stopped};

use crate::cause::Finding;
use crate::facts::{Facts, Symptom, symptom_of};

/// Returns the probe and how a firewall stopped it.
pub(super) fn stopped(facts: &Facts) -> Option<(&Probe, &Stopped)> {
    let probe = facts.network.probe.as_ref()?;
    if probe.outcome == Outcome::Connected {
        return None;
    }
    Some((probe, probe.stopped.as_ref()?))
}

/// Returns whether a firewall could be what the client meets with.
pub(super) fn is_possible(facts: &Facts) -> bool {
    facts.attempts.iter().any(|attempt| match symptom_of(attempt) {
        Symptom::Hangs | Symptom::RefusedByOther => true,
        Symptom::Failed(errno) => FIREWALLS_SAY.contains(&errno.name().as_str()),
        _ => false,
    })
}

/// Returns the finding on a rule that stops packets, with its evidence and fixes.
pub(super) fn finding(probe: &Probe, stopped: &Stopped, whom: &str) -> Finding {
    let rule = &stopped.rule;
    let what = match stopped.how {
        How::Dropped => "drops",
        How::Rejected => "refuses",
        How::Queued => "hands to a program that does not decide",
        How::Taken => "takes away",
    };
    let packets = if stopped.reply { "the answers of" } else { "connections to" };
    let mut finding =
        Finding::new(format!("{} {what} {packets} {}{whom}: {}", by(rule), probe.to, short(rule)));
    let outcome = match probe.outcome {
        Outcome::Failed(errno) => format!("{errno}, and this kernel counted no reset (TcpOutRsts +0)"),
        _ => "no answer".to_owned(),
    };
    finding = finding.saw("connect(2)", outcome);
    finding = match rule.family.as_str() {
        LEGACY => finding.saw("iptables-legacy-save -c", format!("the counter of {} rose", whole(rule))),
        _ => finding.saw("nftables trace of one packet", whole(rule)),
    };
    for via in &rule.via {
        finding = finding.saw("the way there", via.clone());
    }
    fixed(finding, rule, probe)
}

fn fixed(finding: Finding, rule: &Rule, probe: &Probe) -> Finding {
    let port = probe.to.port();
    match tool(rule) {
        Some("ufw") => {
            return finding.command("allow the port in ufw", format!("ufw allow {port}/tcp")).as_root();
        }
        Some("firewalld") => {
            let command = format!("firewall-cmd --add-port={port}/tcp");
            return finding.command("allow the port in firewalld", command).as_root();
        }
        _ => {}
    }
    let is_legacy = rule.family == LEGACY;
    let iptables = match (is_legacy, rule.family == "ip6" || probe.to.is_ipv6()) {
        (true, false) => "iptables-legacy",
        (true, true) => "ip6tables-legacy",
        (false, false) => "iptables",
        (false, true) => "ip6tables",
    };
    let table = if rule.table == "filter" { String::new() } else { format!(" -t {}", rule.table) };
    let deletion = rule.text.as_deref().and_then(|text| text.strip_prefix("-A "));
    if let Some(rest) = deletion {
        return finding.command("remove the rule", format!("{iptables}{table} -D {rest}")).as_root();
    }
    let Rule { family, table, chain, .. } = rule;
    match rule.handle {
        Some(handle) => {
            let command = format!("nft delete rule {family} {table} {chain} handle {handle}");
            finding.command("remove the rule", command).as_root()
        }
        None if is_legacy || rule.text.is_none() && is_iptables(rule) => {
            let command = format!("{iptables} -I {chain} -p tcp --dport {port} -j ACCEPT");
            finding.command("accept the port before the policy", command).as_root()
        }
        None => {
            let command = format!("nft insert rule {family} {table} {chain} tcp dport {port} accept");
            finding.command("accept the port before the policy", command).as_root()
        }
    }
}

/// Returns the rule in one line: what it says, and where it stands.
pub(super) fn whole(rule: &Rule) -> String {
    let place = match rule.family.as_str() {
        LEGACY => format!("iptables-legacy table {}, chain {}", rule.table, rule.chain),
        family => format!("table {family} {}, chain {}", rule.table, rule.chain),
    };
    let handle = rule.handle.map_or_else(String::new, |handle| format!(", handle {handle}"));
    format!("{} in {place}{handle}", short(rule))
}

/// Returns what the rule says, with its comment.
pub(super) fn short(rule: &Rule) -> String {
    let comment = rule.comment.as_ref().map(|comment| format!(" comment \"{comment}\"")).unwrap_or_default();
    match &rule.text {
        // iptables-save(8) writes the comment itself.
        Some(text) if text.contains("--comment") => format!("rule `{text}`"),
        Some(text) => format!("rule `{text}{comment}`"),
        None => format!("the policy of chain {}", rule.chain),
    }
}

fn by(rule: &Rule) -> String {
    match tool(rule) {
        Some(tool) => format!("the firewall ({tool})"),
        None => "a firewall".to_owned(),
    }
}

/// Returns the program that keeps such rules, as its names tell.
fn tool(rule: &Rule) -> Option<&'static str> {
    let names = [("ufw", "ufw"), ("f2b-", "fail2ban"), ("DOCKER", "Docker"), ("KUBE-", "kube-proxy")];
    let more =
        [("LIBVIRT_", "libvirt"), ("ts-", "Tailscale"), ("firewalld", "firewalld"), ("mullvad", "Mullvad")];
    names.into_iter().chain(more).find_map(|(start, tool)| {
        (rule.chain.starts_with(start) || rule.table.starts_with(start)).then_some(tool)
    })
}

fn is_iptables(rule: &Rule) -> bool {
    ["ip", "ip6"].contains(&rule.family.as_str()) && rule.chain.chars().all(|it| it.is_ascii_uppercase())
}

const FIREWALLS_SAY: [&str; 5] = ["EHOSTUNREACH", "ENETUNREACH", "EACCES", "ECONNRESET", "EPROTO"];
