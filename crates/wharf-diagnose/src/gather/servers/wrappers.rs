//! The files of tcp_wrappers: which line lets a client in or denies it; hosts_access(5), hosts_options(5). Pure.

use std::net::IpAddr;

/// Returns the line that denies `client` a service of one of these names: its file and number, and its text.
pub(super) fn denying(
    allow: &str,
    deny: &str,
    daemons: &[String],
    client: IpAddr,
) -> Option<(String, String)> {
    let found = |text: &str| rules(text).find(|(_, rule)| rule.matches(daemons, client));
    let (file, (at, rule)) = match found(allow) {
        Some(found) => ("/etc/hosts.allow", found),
        None => ("/etc/hosts.deny", found(deny)?),
    };
    let denies = match rule.options.iter().find(|option| ["allow", "deny"].contains(&option.as_str())) {
        Some(option) => option == "deny",
        None => file.ends_with("deny"),
    };
    denies.then(|| (format!("{file}:{at}"), rule.text))
}

/// One line: `daemons : clients : options`.
struct Rule {
    text: String,
    daemons: String,
    clients: String,
    options: Vec<String>,
}

impl Rule {
    fn matches(&self, names: &[String], client: IpAddr) -> bool {
        let is_daemon = |word: &str| {
            let name = word.split('@').next().unwrap_or(word);
            name == "ALL" || names.iter().any(|own| own == name)
        };
        listed(&self.daemons, &is_daemon) && listed(&self.clients, &|word| is_client(word, client))
    }
}

/// Returns the rules of a file, each with the number of its first line.
fn rules(text: &str) -> impl Iterator<Item = (usize, Rule)> + '_ {
    let mut lines = text.lines().enumerate();
    std::iter::from_fn(move || {
        loop {
            let (at, first) = lines.next()?;
            let mut line = first.to_owned();
            while let Some(begun) = line.strip_suffix('\\') {
                line = format!("{begun}{}", lines.next().map_or("", |(_, next)| next));
            }
            if !line.trim_start().starts_with('#')
                && let Some(rule) = rule(line.trim())
            {
                return Some((at + 1, rule));
            }
        }
    })
}

/// Reads a line; a colon within brackets is part of an IPv6 address.
fn rule(line: &str) -> Option<Rule> {
    let mut fields = vec![String::new()];
    let mut depth = 0_u32;
    for letter in line.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                fields.push(String::new());
                continue;
            }
            _ => {}
        }
        fields.last_mut()?.push(letter);
    }
    let mut fields = fields.into_iter();
    let (daemons, clients) = (fields.next()?, fields.next()?);
    let options = fields.map(|field| field.trim().to_ascii_lowercase()).collect();
    Some(Rule { text: line.to_owned(), daemons, clients, options })
}

/// Returns whether a list has a word that matches, and none behind EXCEPT that does.
fn listed(list: &str, matches: &dyn Fn(&str) -> bool) -> bool {
    let words: Vec<&str> = list.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
    fn within(words: &[&str], matches: &dyn Fn(&str) -> bool) -> bool {
        let end = words.iter().position(|word| *word == "EXCEPT").unwrap_or(words.len());
        let (wanted, rest) = words.split_at(end);
        wanted.iter().any(|word| matches(word)) && !(rest.len() > 1 && within(&rest[1..], matches))
    }
    within(&words, matches)
}

fn is_client(word: &str, client: IpAddr) -> bool {
    let word = word.rsplit('@').next().unwrap_or(word);
    let bare = word.replace(['[', ']'], "");
    match word {
        "ALL" | "KNOWN" => true,
        "LOCAL" | "localhost" => client.is_loopback(),
        _ if word.ends_with('.') => client.to_string().starts_with(word),
        _ => match bare.split_once('/') {
            Some((net, mask)) => is_in_net(net, mask, client),
            None => bare.parse() == Ok(client),
        },
    }
}

fn is_in_net(net: &str, mask: &str, client: IpAddr) -> bool {
    match (net.parse(), client) {
        (Ok(IpAddr::V4(net)), IpAddr::V4(client)) => {
            let bits = match (mask.parse::<u32>(), mask.parse::<std::net::Ipv4Addr>()) {
                (Ok(length), _) if length <= 32 => u32::MAX.checked_shl(32 - length).unwrap_or(0),
                (_, Ok(mask)) => mask.to_bits(),
                _ => return false,
            };
            net.to_bits() & bits == client.to_bits() & bits
        }
        (Ok(IpAddr::V6(net)), IpAddr::V6(client)) => {
            let Ok(length @ 0..=128) = mask.parse::<u32>() else { return false };
            let bits = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            net.to_bits() & bits == client.to_bits() & bits
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;

    use super::denying;

    fn by(allow: &str, deny: &str, client: &str) -> Option<String> {
        denying(allow, deny, &["sshd".to_owned()], client.parse().unwrap()).map(|(place, _)| place)
    }

    #[test]
    fn the_first_line_that_matches_decides() {
        assert_eq!(by("", "", "127.0.0.1"), None);
        assert_eq!(by("", "# none\nALL: ALL\n", "::1").as_deref(), Some("/etc/hosts.deny:2"));
        assert_eq!(by("sshd: 127.\n", "ALL: ALL\n", "127.0.0.1"), None);
        assert_eq!(by("smtpd: 127.\n", "ALL: ALL\n", "127.0.0.1").as_deref(), Some("/etc/hosts.deny:1"));
        assert_eq!(by("ALL: ALL: DENY\n", "", "127.0.0.1").as_deref(), Some("/etc/hosts.allow:1"));
    }

    #[test]
    fn clients_are_named_in_many_ways() {
        for pattern in ["127.0.0.0/8", "127.0.0.0/255.0.0.0", "LOCAL", "127.", "ALL EXCEPT 10.", "127.0.0.1"]
        {
            assert!(by("", &format!("sshd: {pattern}"), "127.0.0.1").is_some(), "{pattern}");
        }
        for pattern in ["10.0.0.0/8", "10.", "ALL EXCEPT 127.0.0.1", "[::1]/128"] {
            assert!(by("", &format!("sshd: {pattern}"), "127.0.0.1").is_none(), "{pattern}");
        }
        assert!(by("", "sshd: [::1]/128", "::1").is_some());
        assert!(by("", "ALL: \\\n 127.\n", "127.0.0.1").is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(allow in any::<String>(), deny in any::<String>()) {
            let _ = by(&allow, &deny, "127.0.0.1");
        }
    }
}
