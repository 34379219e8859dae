//! Which number a lease gets: the same for the same name wherever that is free, out of a range of wharf's own.
//!
//! The range lies below the kernel's ephemeral ports: what is leased there is never handed to an outgoing
//! connection, and holding thousands of ports does not slow the kernel's own search. Not here: whether a number is
//! free (the caller asks the kernel and the store) or has a name at IANA (`wharf-catalog`).

use std::ops::RangeInclusive;

use crate::name::hash;

/// Returns wharf's own range, given the first and last ephemeral port where they are known.
#[must_use]
pub fn range(ephemeral: Option<(u16, u16)>) -> RangeInclusive<u16> {
    let (first, last) = ephemeral.unwrap_or(LINUX_EPHEMERAL);
    match first {
        _ if first > *PREFERRED.end() => PREFERRED,
        // A kernel that begins lower leaves what lies below it, and else what lies above.
        11_000.. => 10_000..=first - 1,
        _ if last < 64_535 => last + 1..=u16::MAX,
        _ => PREFERRED,
    }
}

/// Returns the number for `key` in `range`: the first from its own place on for which `is_free` holds.
pub fn choose(key: &str, range: &RangeInclusive<u16>, mut is_free: impl FnMut(u16) -> bool) -> Option<u16> {
    let (first, count) = (u32::from(*range.start()), range.len() as u64);
    // A hash below the number of ports, which fits.
    let start = if count == 0 { 0 } else { (hash(key) % count) as u32 };
    let count = count as u32;
    (0..count)
        .filter_map(|step| u16::try_from(first + (start + step) % count).ok())
        .find(|&port| is_free(port))
}

const PREFERRED: RangeInclusive<u16> = 20_000..=29_999;
/// Default of `net.ipv4.ip_local_port_range`, ip(7).
const LINUX_EPHEMERAL: (u16, u16) = (32_768, 60_999);

#[cfg(test)]
mod tests {
    use super::{choose, range};

    #[test]
    fn the_range_lies_outside_of_ephemeral_ports() {
        assert_eq!(range(None), 20_000..=29_999);
        assert_eq!(range(Some((32_768, 60_999))), 20_000..=29_999);
        assert_eq!(range(Some((15_000, 60_999))), 10_000..=14_999);
        assert_eq!(range(Some((1_024, 60_999))), 61_000..=65_535);
        // All ports are ephemeral: nothing lies outside.
        assert_eq!(range(Some((1_024, 65_535))), 20_000..=29_999);
    }

    #[test]
    fn a_name_has_its_place_and_goes_on_from_there() {
        let range = 20_000..=20_009;
        let first = choose("api.shop", &range, |_| true).unwrap();
        assert_eq!(choose("api.shop", &range, |_| true), Some(first));
        let second = choose("api.shop", &range, |port| port != first).unwrap();
        assert_eq!(second, if first == 20_009 { 20_000 } else { first + 1 });
        let mut asked = Vec::new();
        assert_eq!(
            choose("api.shop", &range, |port| {
                asked.push(port);
                false
            }),
            None
        );
        asked.sort_unstable();
        assert_eq!(asked, (20_000..=20_009).collect::<Vec<_>>());
        assert_eq!(choose("a", &(u16::MAX..=u16::MAX), |_| true), Some(u16::MAX));
    }
}
