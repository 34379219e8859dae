//! One rule of nftables, read out of its expressions as far as they are known: enough to tell what it does, whom it is
//! limited to, and to write it down where nft(8) is not installed.
//!
//! Not here: asking for it (`nftables`), and how its own tool writes it (`rule_text`).

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wharf_sys::linux::netlink::attributes;

/// What is known of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RuleFacts {
    /// Its handle.
    pub handle: u64,
    /// Its comment.
    pub comment: Option<String>,
    /// Its expressions in words, as near to nft(8) as they are known.
    pub text: String,
    /// Whether the text is what nft(8) would write.
    pub is_whole: bool,
    /// Whether it answers that the packet is refused.
    pub rejects: bool,
    /// Whether it is limited to packets of a user, a group or a control group.
    pub by_owner: bool,
    /// Whether it is limited to packets of a control group.
    pub by_group: bool,
    /// Whether it was made by iptables-nft.
    pub is_iptables: bool,
    /// Whether it changes where packets go.
    pub redirects: bool,
}

/// Reads the attributes of a rule.
pub(super) fn rule_facts<'a>(rule: impl Iterator<Item = (u16, &'a [u8])>) -> RuleFacts {
    let mut facts = RuleFacts { is_whole: true, ..RuleFacts::default() };
    for (kind, value) in rule {
        match kind {
            HANDLE => facts.handle = value.try_into().map_or(0, u64::from_be_bytes),
            USERDATA => facts.comment = comment(value).or(facts.comment.take()),
            EXPRESSIONS => {
                let mut reader = Reader {
                    facts: &mut facts,
                    words: Vec::new(),
                    protocol: false,
                    family: false,
                    subject: None,
                };
                for (_, expression) in attributes(value, 0) {
                    reader.expression(expression);
                }
                let (words, protocol, family) = (reader.words, reader.protocol, reader.family);
                let speaks_of = |starts: &[&str]| {
                    words.iter().any(|word| starts.iter().any(|start| word.starts_with(start)))
                };
                facts.is_whole &=
                    protocol == speaks_of(&["tcp "]) && (!family || speaks_of(&["ip ", "ip6 "]));
                facts.text = words.join(" ");
            }
            _ => {}
        }
    }
    facts
}

struct Reader<'a> {
    facts: &'a mut RuleFacts,
    words: Vec<String>,
    /// Whether the protocol was said to be TCP, and the family which.
    protocol: bool,
    family: bool,
    /// What is in the register: what it is called, and how a value of it is written.
    subject: Option<(String, Form)>,
}

#[derive(Clone, Copy)]
enum Form {
    Port,
    Address,
    Number,
    Interface,
    Protocol,
    Name,
    Raw,
}

impl Reader<'_> {
    fn expression(&mut self, expression: &[u8]) {
        let part = |kind| attributes(expression, 0).find(|(own, _)| *own == kind).map(|(_, value)| value);
        let name = part(1).map(super::nftables::text).unwrap_or_default();
        let data = part(2).unwrap_or_default();
        match name.as_str() {
            "meta" => self.meta(data),
            "socket" if number(data, 1) == Some(SOCKET_CGROUP) => {
                self.facts.by_group = true;
                self.owner("socket cgroupv2", Form::Number);
            }
            "payload" => self.payload(data),
            "cmp" => self.compare(data),
            "lookup" => self.look_up(data),
            "immediate" => self.immediate(data),
            "reject" => self.reject(data),
            "match" => self.extension(data, "-m"),
            "target" => self.extension(data, "-j"),
            "redir" | "nat" | "tproxy" => {
                self.facts.redirects = true;
                self.facts.is_whole = false;
                self.words.push(if name == "redir" { "redirect".to_owned() } else { name });
            }
            "counter" => self.words.push(name),
            // What else there is has words of its own.
            _ => {
                self.facts.is_whole = false;
                self.words.push(name);
            }
        }
    }

    fn owner(&mut self, what: &str, form: Form) {
        self.facts.by_owner = true;
        self.subject = Some((what.to_owned(), form));
    }

    fn meta(&mut self, data: &[u8]) {
        // A value that is set is no condition.
        let Some(key) = number(data, 2).filter(|_| number(data, 1).is_some()) else { return };
        match key {
            10 => self.owner("meta skuid", Form::Number),
            11 => self.owner("meta skgid", Form::Number),
            23 => self.owner("meta cgroup", Form::Number),
            _ => {
                let name = META.iter().find(|(own, ..)| *own == key);
                self.facts.is_whole &= name.is_some();
                self.subject = Some(match name {
                    Some((_, name, form)) => ((*name).to_owned(), *form),
                    None => (format!("meta {key}"), Form::Raw),
                });
            }
        }
    }

    fn payload(&mut self, data: &[u8]) {
        let (Some(base), Some(offset), Some(length)) = (number(data, 2), number(data, 3), number(data, 4))
        else {
            return;
        };
        self.subject = Some(match (base, offset, length) {
            (2, 0, 2) => ("tcp sport".to_owned(), Form::Port),
            (2, 2, 2) => ("tcp dport".to_owned(), Form::Port),
            (2, 13, 1) => ("tcp flags".to_owned(), Form::Raw),
            (1, 9, 1) => ("ip protocol".to_owned(), Form::Protocol),
            (1, 12, 4) => ("ip saddr".to_owned(), Form::Address),
            (1, 16, 4) => ("ip daddr".to_owned(), Form::Address),
            (1, 8, 16) => ("ip6 saddr".to_owned(), Form::Address),
            (1, 24, 16) => ("ip6 daddr".to_owned(), Form::Address),
            _ => (
                format!(
                    "@{},{},{}",
                    ["ll", "nh", "th"].get(base as usize).unwrap_or(&"?"),
                    offset * 8,
                    length * 8
                ),
                Form::Raw,
            ),
        });
    }

    fn compare(&mut self, data: &[u8]) {
        let Some((subject, form)) = self.subject.take() else {
            self.facts.is_whole = false;
            return;
        };
        let value = attributes(data, 0).find(|(kind, _)| *kind == 3);
        let value =
            value.and_then(|(_, value)| attributes(value, 0).next()).map_or(&[][..], |(_, value)| value);
        let sign = match number(data, 2) {
            Some(1) => "!= ",
            Some(2) => "< ",
            Some(3) => "<= ",
            Some(4) => "> ",
            Some(5) => ">= ",
            _ => "",
        };
        // `tcp dport` and `ip saddr` say it already, if they follow.
        let is_equal = sign.is_empty();
        let is_said = match subject.as_str() {
            "meta l4proto" | "ip protocol" if is_equal && value == [6] => {
                self.protocol = true;
                true
            }
            "meta nfproto" if is_equal => {
                self.family = true;
                true
            }
            _ => false,
        };
        let is_other_interface = matches!(form, Form::Interface) && value != 1_u32.to_ne_bytes();
        let is_named = matches!(form, Form::Name) && value.last() == Some(&0);
        let is_written =
            matches!(form, Form::Port | Form::Address | Form::Number | Form::Interface) || is_named;
        self.facts.is_whole &= is_said || is_written && !is_other_interface;
        if !is_said {
            self.words.push(format!("{subject} {sign}{}", written(value, form)));
        }
    }

    fn look_up(&mut self, data: &[u8]) {
        let subject = self.subject.take().map_or_else(|| "?".to_owned(), |(subject, _)| subject);
        let set =
            attributes(data, 0).find(|(kind, _)| *kind == 1).map(|(_, name)| super::nftables::text(name));
        let set = set.unwrap_or_default();
        // Sets without a name, and maps, are written out by what they hold.
        self.facts.is_whole &= !set.starts_with("__");
        self.words.push(format!("{subject} @{set}"));
    }

    fn immediate(&mut self, data: &[u8]) {
        let value = attributes(data, 0).find(|(kind, _)| *kind == 2);
        let verdict = value.and_then(|(_, value)| attributes(value, 0).find(|(kind, _)| *kind == 2));
        let Some((_, verdict)) = verdict else { return };
        let part = |kind| attributes(verdict, 0).find(|(own, _)| *own == kind).map(|(_, value)| value);
        let code = part(1).and_then(|code| code.try_into().ok().map(i32::from_be_bytes));
        let chain = part(2).map(super::nftables::text).unwrap_or_default();
        self.words.push(match code {
            Some(0) => "drop".to_owned(),
            Some(1) => "accept".to_owned(),
            Some(-3) => format!("jump {chain}"),
            Some(-4) => format!("goto {chain}"),
            Some(-5) => "return".to_owned(),
            _ => "continue".to_owned(),
        });
        self.facts.is_whole &= code.is_some_and(|code| (-5..=1).contains(&code));
    }

    fn reject(&mut self, data: &[u8]) {
        self.facts.rejects = true;
        // Type and code: NFT_REJECT_TCP_RST; ICMP, ICMPv6 and both with port-unreachable, which go without saying.
        let code =
            attributes(data, 0).find(|(kind, _)| *kind == 2).and_then(|(_, value)| value.first().copied());
        let how = match (number(data, 1), code) {
            (Some(1), _) => "reject with tcp reset",
            (Some(0), Some(3 | 4)) | (Some(2), Some(1)) => "reject",
            _ => {
                self.facts.is_whole = false;
                "reject"
            }
        };
        self.words.push(how.to_owned());
    }

    /// An extension of iptables.
    fn extension(&mut self, data: &[u8], option: &str) {
        (self.facts.is_iptables, self.facts.is_whole) = (true, false);
        let part = |kind| attributes(data, 0).find(|(own, _)| *own == kind).map(|(_, value)| value);
        let name = part(1).map(super::nftables::text).unwrap_or_default();
        match name.as_str() {
            "comment" => self.facts.comment = part(3).map(super::nftables::text),
            "REJECT" => self.facts.rejects = true,
            "owner" => self.facts.by_owner = true,
            "cgroup" => (self.facts.by_owner, self.facts.by_group) = (true, true),
            "REDIRECT" | "DNAT" | "TPROXY" => self.facts.redirects = true,
            _ => {}
        }
        self.words.push(format!("{option} {name}"));
    }
}

/// Returns an attribute that is a number in network order.
fn number(data: &[u8], kind: u16) -> Option<u32> {
    let (_, value) = attributes(data, 0).find(|(own, _)| *own == kind)?;
    value.try_into().ok().map(u32::from_be_bytes)
}

fn written(value: &[u8], form: Form) -> String {
    let native = || value.try_into().ok().map(u32::from_ne_bytes);
    match (form, value.len()) {
        (Form::Port, 2) => u16::from_be_bytes([value[0], value[1]]).to_string(),
        (Form::Address, 4) => <[u8; 4]>::try_from(value)
            .map_or_else(|_| String::new(), |it| IpAddr::V4(Ipv4Addr::from(it)).to_string()),
        (Form::Address, 16) => <[u8; 16]>::try_from(value)
            .map_or_else(|_| String::new(), |it| IpAddr::V6(Ipv6Addr::from(it)).to_string()),
        (Form::Protocol, 1) if value[0] == 6 => "tcp".to_owned(),
        (Form::Interface, 4) if native() == Some(1) => "\"lo\"".to_owned(),
        (Form::Number | Form::Interface, 4) => {
            native().map_or_else(String::new, |number: u32| number.to_string())
        }
        (Form::Name, _) => format!("\"{}\"", super::nftables::text(value)),
        _ => value.iter().fold("0x".to_owned(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

/// Reads the comment out of what nft(8) keeps with a rule: type, length, text.
fn comment(mut data: &[u8]) -> Option<String> {
    while let [kind, length, rest @ ..] = data {
        let value = rest.get(..usize::from(*length))?;
        if *kind == 0 {
            return Some(super::nftables::text(value)).filter(|text| !text.is_empty());
        }
        data = &rest[usize::from(*length)..];
    }
    None
}

/// Keys of `meta`.
const META: &[(u32, &str, Form)] = &[
    (3, "meta mark", Form::Raw),
    (4, "iif", Form::Interface),
    (5, "oif", Form::Interface),
    (6, "iifname", Form::Name),
    (7, "oifname", Form::Name),
    (15, "meta nfproto", Form::Raw),
    (16, "meta l4proto", Form::Protocol),
];
/// NFT_SOCKET_CGROUPV2.
const SOCKET_CGROUP: u32 = 3;
const HANDLE: u16 = 3;
const EXPRESSIONS: u16 = 4;
const USERDATA: u16 = 7;

#[cfg(test)]
mod tests {
    use super::{comment, rule_facts};

    #[test]
    fn a_comment_is_found_among_other_data() {
        assert_eq!(comment(&[9, 1, 7, 0, 3, b'o', b'k', 0]).as_deref(), Some("ok"));
        for none in [&[][..], &[0], &[0, 9, 1], &[1, 0]] {
            assert_eq!(comment(none), None);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        proptest::proptest!(|(value: Vec<u8>, kind in 0_u16..9)| {
            let _ = rule_facts([(kind, &value[..])].into_iter());
        });
    }
}
