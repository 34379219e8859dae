//! A rule as its own tool writes it: nft(8), iptables-save(8). And rules of iptables-legacy, which no trace of nftables
//! sees: those whose counters rise.
//!
//! Not here: which rule it is (`firewall`).

use std::time::Duration;

use super::tool;

/// Returns rule `handle` of a chain as nft(8) writes it, without its handle and comment.
pub(super) fn by_nft(family: &str, table: &str, chain: &str, handle: u64) -> Option<String> {
    let text = tool::output("nft", &["-a", "-t", "list", "chain", family, table, chain], PATIENCE)?;
    let mark = format!("# handle {handle}");
    let line = text.lines().find_map(|line| line.trim_end().strip_suffix(&mark))?.trim();
    let line = line.find(" comment \"").map_or(line, |at| &line[..at]);
    Some(without_counters(line))
}

/// Returns the rule at place `index` of a chain as iptables-save(8) writes it: iptables that works by nftables.
pub(super) fn by_iptables(family: &str, table: &str, chain: &str, index: usize) -> Option<String> {
    let tools = match family {
        "ip" => ["iptables-nft-save", "iptables-save"],
        "ip6" => ["ip6tables-nft-save", "ip6tables-save"],
        _ => return None,
    };
    let text = tools.iter().find_map(|tool| tool::output(tool, &["-t", table], PATIENCE))?;
    let start = format!("-A {chain} ");
    text.lines().filter(|line| line.starts_with(&start)).nth(index).map(str::to_owned)
}

/// A rule of iptables-legacy, or the policy of a chain, with how many packets it has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) table: String,
    pub(super) chain: String,
    /// The rule as iptables-save(8) writes it; `None` for the policy.
    pub(super) rule: Option<String>,
    /// What it does: `DROP`, `REJECT`, `ufw-before-input`; empty if it only counts.
    pub(super) target: String,
    pub(super) packets: u64,
}

/// Returns the rules of iptables-legacy in this network namespace with their counters, none if it has none.
pub(super) fn legacy(is_v6: bool) -> Vec<Counted> {
    let (names, tool) = if is_v6 {
        ("/proc/thread-self/net/ip6_tables_names", "ip6tables-legacy-save")
    } else {
        ("/proc/thread-self/net/ip_tables_names", "iptables-legacy-save")
    };
    // Asking for rules makes the kernel have tables.
    if std::fs::read_to_string(names).is_ok_and(|names| names.trim().is_empty())
        || !std::path::Path::new(names).exists()
    {
        return Vec::new();
    }
    let other = if is_v6 { "ip6tables-save" } else { "iptables-save" };
    let text = tool::output(tool, &["-c"], PATIENCE).or_else(|| tool::output(other, &["-c"], PATIENCE));
    counted(&text.unwrap_or_default())
}

fn counted(text: &str) -> Vec<Counted> {
    let mut table = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('*') {
            name.clone_into(&mut table);
        } else if let Some(rest) = line.strip_prefix(':') {
            // :INPUT DROP [3:180]
            let mut words = rest.split_whitespace();
            let (Some(chain), Some(policy), Some(counter)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Some(packets) = packets(counter) else { continue };
            if policy != "-" {
                let (chain, target) = (chain.to_owned(), policy.to_owned());
                found.push(Counted { table: table.clone(), chain, rule: None, target, packets });
            }
        } else if let Some((counter, rule)) = line.split_once("] ") {
            // [3:180] -A INPUT -p tcp -j DROP
            let Some(packets) = packets(counter) else { continue };
            let word_after = |option: &str| {
                let mut words = rule.split_whitespace();
                words.find(|word| *word == option)?;
                words.next().map(str::to_owned)
            };
            let Some(chain) = word_after("-A") else { continue };
            let target = word_after("-j").or_else(|| word_after("-g")).unwrap_or_default();
            found.push(Counted { table: table.clone(), chain, rule: Some(rule.to_owned()), target, packets });
        }
    }
    found
}

fn packets(counter: &str) -> Option<u64> {
    counter.trim_start_matches('[').split(':').next()?.parse().ok()
}

/// Leaves out what `counter` has counted.
fn without_counters(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    while let Some(at) = words.iter().position(|word| *word == "packets") {
        if words.get(at + 2) != Some(&"bytes") {
            break;
        }
        words.drain(at..(at + 4).min(words.len()));
    }
    words.join(" ")
}

/// A tool that takes longer has more rules than anybody reads.
const PATIENCE: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use super::{counted, without_counters};

    #[test]
    fn counters_are_left_out() {
        assert_eq!(
            without_counters("tcp dport 7777 counter packets 3 bytes 180 drop"),
            "tcp dport 7777 counter drop"
        );
        assert_eq!(without_counters("drop"), "drop");
    }

    #[test]
    fn rules_and_policies_are_read_with_their_counters() {
        let text = "# x\n*filter\n:INPUT DROP [3:180]\n:own - [0:0]\n[7:420] -A INPUT -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset\nCOMMIT\n";
        let found = counted(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].chain.as_str(), found[0].target.as_str(), found[0].packets),
            ("INPUT", "DROP", 3)
        );
        assert_eq!(
            (found[1].table.as_str(), found[1].target.as_str(), found[1].packets),
            ("filter", "REJECT", 7)
        );
    }
}
