//! Ports that the kernel hands out to no outgoing connection: the text of net.ipv4.ip_local_reserved_ports, as
//! Documentation/networking/ip-sysctl.rst has it.
//!
//! A reserved port may still be bound by whoever asks for it. Not here: who writes the text where.

/// Returns the command, for root, by which no outgoing connection gets `port` until the machine starts again; those that are
/// reserved already stay so.
#[must_use]
pub fn command(reserved: &[(u16, u16)], port: u16) -> String {
    let known: Vec<String> = reserved.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    let all = with_port(&known.join(","), port).unwrap_or_else(|| port.to_string());
    format!("sysctl -w net.ipv4.ip_local_reserved_ports={all}")
}

/// Returns `text` with `port` among its ports, in the kernel's own form: sorted, ranges as long as they can be. `None` if
/// `text` is not a list of ports: then it is better left alone.
#[must_use]
pub fn with_port(text: &str, port: u16) -> Option<String> {
    let mut ranges = vec![(port, port)];
    for part in text.trim().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range: (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        if range.0 > range.1 {
            return None;
        }
        ranges.push(range);
    }
    ranges.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if u32::from(first) <= u32::from(before.1) + 1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    let words: Vec<String> = merged
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    Some(words.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{command, with_port};

    #[test]
    fn what_is_reserved_already_stays_reserved() {
        assert_eq!(
            command(&[(3000, 3000), (8000, 8010)], 8011),
            "sysctl -w net.ipv4.ip_local_reserved_ports=3000,8000-8011"
        );
        assert_eq!(command(&[], 62893), "sysctl -w net.ipv4.ip_local_reserved_ports=62893");
    }

    #[test]
    fn a_port_is_merged_into_what_is_there() {
        for (text, port, expected) in [
            ("\n", 3000, "3000"),
            ("3000,8000-8010\n", 8011, "3000,8000-8011"),
            ("3000,8000-8010", 7999, "3000,7999-8010"),
            ("3000,8000-8010", 8005, "3000,8000-8010"),
            ("3000,3002", 3001, "3000-3002"),
            ("8000-8010,3000", 1, "1,3000,8000-8010"),
            ("65534", 65535, "65534-65535"),
            ("1-65535", 9, "1-65535"),
        ] {
            assert_eq!(with_port(text, port).as_deref(), Some(expected), "{text} and {port}");
        }
    }

    #[test]
    fn what_is_no_list_of_ports_is_left_alone() {
        for text in ["x", "1-", "-1", "2-1", "65536", "1;2", "1 2"] {
            assert_eq!(with_port(text, 3000), None, "{text}");
        }
    }

    fn ports(text: &str) -> BTreeSet<u16> {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            first.parse::<u16>().unwrap()..=last.parse().unwrap()
        };
        text.split(',').filter(|part| !part.is_empty()).flat_map(range).collect()
    }

    proptest! {
        #[test]
        fn exactly_one_port_is_added(list in prop::collection::vec((1..2000_u16, 0..9_u16), 0..9), port in 1..2000_u16) {
            let text: Vec<String> = list.iter().map(|(first, more)| format!("{first}-{}", first + more)).collect();
            let mut expected = ports(&text.join(","));
            let merged = with_port(&text.join(","), port).unwrap();
            expected.insert(port);
            prop_assert_eq!(ports(&merged), expected);
            prop_assert_eq!(with_port(&merged, port), Some(merged.clone()));
        }

        #[test]
        fn no_text_makes_it_panic(text: String, port: u16) {
            let _ = with_port(&text, port);
        }
    }
}
