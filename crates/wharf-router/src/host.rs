//! The host that a request is for, out of what the client calls it: RFC 3986 section 3.2.
//!
//! Not here: whether there is a route for it ([`crate::table`]).

use std::borrow::Cow;

use crate::config::is_host;

/// Returns the host name of an authority in lower case, without port and closing dot; `None` if it is none.
pub(crate) fn of(authority: &str) -> Option<Cow<'_, str>> {
    let (host, port) = match authority.strip_prefix('[') {
        // An address; no route has one, but it is well said.
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (&authority[..address.len() + 2], port.strip_prefix(':').or(port.is_empty().then_some("")))
        }
        None => authority.split_once(':').map_or((authority, Some("")), |(host, port)| (host, Some(port))),
    };
    let port = port?;
    if !port.is_empty() && port.parse::<u16>().is_err() || port.starts_with('+') {
        return None;
    }
    if host.starts_with('[') {
        return Some(Cow::Borrowed(host));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    };
    is_host(&host).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_host_has_many_writings() {
        for text in
            ["api.shop.localhost", "API.Shop.localhost.", "api.shop.localhost:8443", "api.shop.localhost:"]
        {
            assert_eq!(of(text).as_deref(), Some("api.shop.localhost"), "{text}");
        }
        assert_eq!(of("127.0.0.1:80").as_deref(), Some("127.0.0.1"));
        assert_eq!(of("[::1]:80").as_deref(), Some("[::1]"));
        for text in [
            "", "a b", "a/b", "a@b", "a:x", "a:99999", "a:+1", "[::1", "[x]", "a..b", "..", "a:1:2", "é",
            "a\0",
        ] {
            assert_eq!(of(text), None, "{text:?}");
        }
    }
}
