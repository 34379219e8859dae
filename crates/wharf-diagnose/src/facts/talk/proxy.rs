//! Which proxy a client takes for a target, by its environment: the rules of curl(1) and of Python, which many programs
//! follow. Pure. Not here: whether the proxy is there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use wharf_os::examine::attempt::Attempt;

use crate::target::{Scheme, Target};

/// A proxy of the client's environment, and what became of asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySeen {
    /// What chose it.
    pub chosen: Chosen,
    /// Where it is, as the variable says: `127.0.0.1:3128`.
    pub authority: String,
    /// Whether that is on this machine.
    pub is_local: bool,
    /// A connection to it, if it is on this machine.
    pub attempt: Option<Attempt>,
    /// The status of its answer to the client's request, or to CONNECT.
    pub status: Option<u16>,
}

/// A proxy, and who takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The variable that names it, as it is written.
    pub variable: String,
    /// Its value, without a password.
    pub url: String,
    /// What `no_proxy` says; `None` if it is not set.
    pub no_proxy: Option<String>,
    /// Whether curl(1) takes it.
    pub by_curl: bool,
    /// Whether Python's requests and the like take it.
    pub by_python: bool,
}

/// Returns the proxy that a client with `environment` takes for `target`; `None` if it goes straight there. `program` is
/// the client's name, where that is known: one whose rules are known is held to them alone.
#[must_use]
pub fn chosen(
    environment: &BTreeMap<String, String>,
    target: &Target,
    program: Option<&str>,
) -> Option<Chosen> {
    let kind = match target.scheme? {
        Scheme::Http | Scheme::Ws => "http",
        Scheme::Https | Scheme::Wss => "https",
        _ => return None,
    };
    let host = target.host()?;
    let set = |name: &str| {
        let value = environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        value.map(|value| (name.to_owned(), value.to_owned()))
    };
    let no_proxy = set("no_proxy").or_else(|| set("NO_PROXY")).map(|(_, value)| value);
    let list = no_proxy.as_deref().unwrap_or_default();
    let (lower, upper) = (format!("{kind}_proxy"), format!("{}_PROXY", kind.to_ascii_uppercase()));
    let all = || set("all_proxy").or_else(|| set("ALL_PROXY"));
    // HTTP_PROXY in upper case is what a web server sets for a request's field, so curl does not take it.
    let upper_for_curl = || if kind == "http" { None } else { set(&upper) };
    let curl = set(&lower).or_else(upper_for_curl).or_else(all).filter(|_| !is_exempt(host, list, true));
    let python = set(&lower).or_else(|| set(&upper)).or_else(all).filter(|_| !is_exempt(host, list, false));
    let (by_curl, by_python) = match program {
        Some(name) if name.starts_with("curl") || name.starts_with("wget") => (curl.is_some(), false),
        Some(name) if name.starts_with("python") || name.starts_with("pip") => (false, python.is_some()),
        // Node asks no variables by itself, and Go never takes a proxy for this machine.
        Some(name) if name == "node" || name == "go" => (false, false),
        _ => (curl.is_some(), python.is_some()),
    };
    let (variable, url) = if by_curl { curl } else { python.filter(|_| by_python) }?;
    Some(Chosen { variable, url: without_password(&url), no_proxy, by_curl, by_python })
}

/// Returns whether a list of `no_proxy` names `host`.
fn is_exempt(host: &str, list: &str, by_curl: bool) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.split('%').next().and_then(|host| host.parse().ok());
    if list.trim() == "*" {
        return true;
    }
    let separator = |letter: char| letter == ',' || by_curl && letter.is_whitespace();
    list.split(separator).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
        match address {
            Some(address) => holds_address(&entry, address),
            None => host == entry || host.strip_suffix(&entry).is_some_and(|rest| rest.ends_with('.')),
        }
    })
}

/// Returns whether `entry`, an address or a network, holds `address`.
fn holds_address(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, None),
    };
    let network = network.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match (network, address) {
        (Ok(network), address) if bits.is_none() && !entry.contains('/') => network == address,
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) => {
            bits.filter(|bits| *bits <= 32).is_some_and(|bits| {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                u32::from(network) & mask == u32::from(address) & mask
            })
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) => {
            bits.filter(|bits| *bits <= 128).is_some_and(|bits| {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                u128::from(network) & mask == u128::from(address) & mask
            })
        }
        _ => false,
    }
}

/// Returns host and port of a proxy's URL.
#[must_use]
pub fn place(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let usual = match scheme {
        "https" => 443,
        "http" => 1080,
        _ => 1080,
    };
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None | Some("") => usual,
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn without_password(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    match rest.rsplit_once('@') {
        Some((credentials, rest)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{scheme}{user}@{rest}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_by(target: &str, variables: &[(&str, &str)]) -> Option<(String, bool, bool)> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        chosen(&environment.collect(), &Target::parse(target).unwrap(), None)
            .map(|it| (it.variable, it.by_curl, it.by_python))
    }

    #[test]
    fn clients_take_the_variables_that_their_manuals_tell() {
        let at = "http://127.0.0.1:3128";
        for (target, variables, taken) in [
            ("http://localhost:1", &[("http_proxy", at)][..], Some(("http_proxy", true, true))),
            ("http://localhost:1", &[("HTTP_PROXY", at)], Some(("HTTP_PROXY", false, true))),
            ("https://localhost:1", &[("HTTPS_PROXY", at)], Some(("HTTPS_PROXY", true, true))),
            ("https://localhost:1", &[("http_proxy", at)], None),
            ("http://localhost:1", &[("ALL_PROXY", at)], Some(("ALL_PROXY", true, true))),
            ("http://localhost:1", &[("http_proxy", "")], None),
            ("redis://localhost:1", &[("all_proxy", at)], None),
            ("localhost:1", &[("all_proxy", at)], None),
        ] {
            let taken =
                taken.map(|(variable, curl, python): (&str, _, _)| (variable.to_owned(), curl, python));
            assert_eq!(chosen_by(target, variables), taken, "{target} {variables:?}");
        }
    }

    #[test]
    fn no_proxy_names_hosts_domains_and_networks() {
        for (host, list, exempt) in [
            ("localhost", "localhost", true),
            ("localhost", "127.0.0.1", false),
            ("127.0.0.1", "localhost", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.0/8", true),
            ("10.0.0.1", "127.0.0.0/8", false),
            ("::1", "localhost,::1", true),
            ("::1", "[::1]", true),
            ("shop.localhost", "localhost", true),
            ("shop.localhost", ".localhost", true),
            ("mylocalhost", "localhost", false),
            ("LOCALHOST", "localhost", true),
            ("anything", "*", true),
            ("localhost", "x localhost", true),
            ("localhost", "", false),
        ] {
            assert_eq!(is_exempt(host, list, true), exempt, "{host} {list}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_proxy_or_none(url: String, list: String, host in "[a-z0-9.:]{1,20}") {
            let _ = (place(&url), without_password(&url), is_exempt(&host, &list, true), is_exempt("10.0.0.1", &list, false));
        }
    }

    #[test]
    fn a_proxy_is_found_by_its_url() {
        let at = |url: &str| place(url).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(at("http://u:p@127.0.0.1:3128/").as_deref(), Some("127.0.0.1 3128"));
        assert_eq!(at("proxy.corp").as_deref(), Some("proxy.corp 1080"));
        assert_eq!(at("http://[::1]:8080").as_deref(), Some("::1 8080"));
        assert_eq!(at("https://p").as_deref(), Some("p 443"));
        assert_eq!((at("http://"), at("http://x:0"), at("http://x:y")), (None, None, None));
        assert_eq!(without_password("http://u:p@x:1"), "http://u@x:1");
    }
}
