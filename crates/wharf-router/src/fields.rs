//! Which header fields of a message go on, which are this hop's alone, and which the router sets itself; RFC 9110 section
//! 7.6.1, RFC 7239.
//!
//! The same for every version of HTTP. Not here: how fields are read and written.

use std::fmt::Write;
use std::net::IpAddr;

use crate::origin::Origin;

/// What a field is to the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// It goes on as it is.
    Other,
    /// It is about this connection alone, or the router says it anew.
    Dropped,
    /// Connection.
    Connection,
    /// Content-Length.
    ContentLength,
    /// Expect.
    Expect,
    /// Host.
    Host,
    /// The router's own count of passages.
    Hops,
    /// TE.
    Te,
    /// Transfer-Encoding.
    TransferEncoding,
    /// Upgrade.
    Upgrade,
}

impl Field {
    /// Returns what the field called `name` is, in whatever case it is written. An underscore is as good as a hyphen:
    /// CGI and its heirs make one variable of both.
    pub(crate) fn of(name: &[u8]) -> Self {
        // Most fields go on, and are told by their first letter.
        match name.first().map(u8::to_ascii_lowercase) {
            Some(b'c' | b'e' | b'f' | b'h' | b'k' | b'p' | b't' | b'u' | b'w' | b'x') => {}
            _ => return Self::Other,
        }
        let mut text = [0; LONGEST];
        let Some(text) = text.get_mut(..name.len()) else { return Self::Other };
        for (to, from) in text.iter_mut().zip(name) {
            *to = if *from == b'_' { b'-' } else { from.to_ascii_lowercase() };
        }
        match &*text {
            b"connection" => Self::Connection,
            b"content-length" => Self::ContentLength,
            b"expect" => Self::Expect,
            b"host" => Self::Host,
            b"te" => Self::Te,
            b"transfer-encoding" => Self::TransferEncoding,
            b"upgrade" => Self::Upgrade,
            HOPS_BYTES => Self::Hops,
            b"keep-alive"
            | b"proxy-connection"
            | b"proxy-authorization"
            | b"http2-settings"
            | b"forwarded"
            | b"x-forwarded"
            | b"x-real-ip"
            | b"x-client-ip"
            | b"x-original-host"
            | b"x-original-url"
            | b"x-rewrite-url" => Self::Dropped,
            text if text.starts_with(b"x-forwarded-")
                || text.starts_with(b"wharf-")
                || text.starts_with(b"x-wharf-") =>
            {
                Self::Dropped
            }
            _ => Self::Other,
        }
    }
}

/// Returns the names in a list as Connection has it.
pub(crate) fn names(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
}

/// Tells `each` field by which the upstream learns who asks, its value in parts: `X-Forwarded-For`, `-Proto`, `-Host`,
/// `-Port`, `Forwarded`, and how often the request has come by.
pub(crate) fn forwarded(origin: &Origin, host: &str, hops: u8, mut each: impl FnMut(&'static str, &[&str])) {
    let proto = if origin.is_tls { "https" } else { "http" };
    each("x-forwarded-for", &[&origin.peer]);
    each("x-forwarded-proto", &[proto]);
    each("x-forwarded-host", &[host]);
    each("x-forwarded-port", &[&origin.port]);
    each("forwarded", &["for=", &origin.node, ";host=\"", host, "\";proto=", proto]);
    let digits = [b'0' + hops / 10 % 10, b'0' + hops % 10];
    each(HOPS, &[std::str::from_utf8(&digits).unwrap_or_default().trim_start_matches('0')]);
}

/// Returns a node as `Forwarded` has it; RFC 7239 section 6.
pub(crate) fn node(ip: IpAddr) -> String {
    let mut text = String::new();
    let written = match ip {
        IpAddr::V4(ip) => write!(text, "{ip}"),
        IpAddr::V6(ip) => write!(text, "\"[{ip}]\""),
    };
    debug_assert!(written.is_ok(), "a String takes everything");
    text
}

/// The field that counts how often a request has come by.
pub(crate) const HOPS: &str = "x-wharf-hops";
const HOPS_BYTES: &[u8] = HOPS.as_bytes();
/// Passages after which a request goes round in a circle.
pub(crate) const MOST_HOPS: u8 = 5;
/// Bytes of the longest name that is looked at.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::{Field, names};

    #[test]
    fn fields_are_known_in_any_writing() {
        assert_eq!(Field::of(b"HOST"), Field::Host);
        assert_eq!(Field::of(b"Content_Length"), Field::ContentLength);
        assert_eq!(Field::of(b"X-Wharf-Hops"), Field::Hops);
        for dropped in
            ["X-Forwarded-For", "x_forwarded_proto", "FORWARDED", "Keep-Alive", "Wharf-User", "X-Real-IP"]
        {
            assert_eq!(Field::of(dropped.as_bytes()), Field::Dropped, "{dropped}");
        }
        for other in ["", "cookie", "Accept", "x-request-id", "content-type", &"x".repeat(300)] {
            assert_eq!(Field::of(other.as_bytes()), Field::Other, "{other}");
        }
        let listed: Vec<&[u8]> = names(b"close , ,Upgrade").collect();
        assert_eq!(listed, [&b"close"[..], b"Upgrade"]);
    }
}
