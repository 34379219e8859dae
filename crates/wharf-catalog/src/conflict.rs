//! Which bound sockets keep another from being bound, as the kernel decides it by addresses alone; ipv6(7), bind(2).
//!
//! Not here: what SO_REUSEADDR and SO_REUSEPORT allow beyond that, which only a trial tells.

use std::net::IpAddr;

/// Returns whether a socket at `held` keeps one from `asked`, of the same port: a wildcard of IPv6 covers IPv4 too unless it is
/// known to be `v6_only`.
#[must_use]
pub fn conflicts(asked: IpAddr, held: IpAddr, v6_only: Option<bool>) -> bool {
    match (asked, held) {
        (IpAddr::V4(asked), IpAddr::V4(held)) => {
            asked == held || asked.is_unspecified() || held.is_unspecified()
        }
        (IpAddr::V6(asked), IpAddr::V6(held)) => {
            asked == held || asked.is_unspecified() || held.is_unspecified()
        }
        (IpAddr::V4(_), IpAddr::V6(held)) => held.is_unspecified() && v6_only != Some(true),
        // A server at :: takes IPv4 too, unless it says otherwise.
        (IpAddr::V6(asked), IpAddr::V4(_)) => asked.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::conflicts;

    fn conflict(asked: &str, held: &str, v6_only: bool) -> bool {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap().ip();
        conflicts(address(asked), address(held), Some(v6_only))
    }

    #[test]
    fn the_kernels_rules_of_conflict() {
        for (asked, held, v6_only, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1", false, true),
            ("127.0.0.1:1", "127.0.0.2:1", false, false),
            ("127.0.0.1:1", "0.0.0.0:1", false, true),
            ("0.0.0.0:1", "127.0.0.1:1", false, true),
            ("127.0.0.1:1", "[::]:1", false, true),
            ("127.0.0.1:1", "[::]:1", true, false),
            ("127.0.0.1:1", "[::1]:1", false, false),
            ("[::1]:1", "0.0.0.0:1", false, false),
            ("[::1]:1", "[::]:1", true, true),
            ("[::]:1", "127.0.0.1:1", false, true),
            ("[::]:1", "[::1]:1", true, true),
        ] {
            assert_eq!(conflict(asked, held, v6_only), expected, "{asked} with {held}, v6only {v6_only}");
        }
    }
}
