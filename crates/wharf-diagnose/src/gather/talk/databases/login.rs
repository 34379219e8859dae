//! Who logs in where, as the URL has it. Not here: what is sent.

use crate::target::{Scheme, Target, decoded};

/// A login as the URL has it. The password is that of the URL: there is no other.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// User; that of the system where the URL has none and clients do so.
    pub(super) user: String,
    /// Whether the URL has the user.
    pub(super) has_user: bool,
    /// Password of the URL.
    pub(super) password: Option<String>,
    /// Database, virtual host or number.
    pub(super) database: Option<String>,
    /// Whether TLS is wanted within the protocol.
    pub(super) tls: Tls,
    /// Whether the client looks at the certificate.
    pub(super) verifies: bool,
    /// Whether a server that takes changes is wanted.
    pub(super) wants_writable: bool,
}

/// Whether TLS is wanted, where the protocol asks for it in clear text first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// Without.
    Never,
    /// If the server offers it.
    IfOffered,
    /// With, or not at all.
    Must,
    /// The URL does not say, and clients differ.
    Unsaid,
}

impl Login {
    /// Reads it from a URL; `own` is the user who asks.
    pub(super) fn of(target: &Target, own: Option<&str>) -> Self {
        let (path, query) = target.path.split_once('?').unwrap_or((&target.path, ""));
        let option = |names: &[&str]| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(name, _)| names.iter().any(|own| own.eq_ignore_ascii_case(name)))
                .map(|(_, value)| decoded(value))
        };
        let user = target.user.clone().or_else(|| option(&["user"]));
        let named = Some(decoded(path.trim_start_matches('/'))).filter(|name| !name.is_empty());
        let sslmode = option(&["sslmode", "ssl-mode", "ssl_mode", "ssl", "tls", "useSSL"]);
        let scheme = target.scheme.unwrap_or(Scheme::Tcp);
        Self {
            has_user: user.is_some(),
            user: user.or_else(|| own.map(str::to_owned)).unwrap_or_default(),
            password: target.password.clone().or_else(|| option(&["password"])),
            database: named.or_else(|| option(&["dbname"])),
            tls: tls(scheme, sslmode.as_deref()),
            verifies: scheme.is_tls()
                || sslmode.is_some_and(|mode| mode.to_ascii_lowercase().starts_with("verify")),
            wants_writable: option(&["target_session_attrs", "targetServerType"])
                .is_some_and(|wanted| matches!(wanted.as_str(), "read-write" | "primary")),
        }
    }
}

/// What the words of libpq, of MySQL's own client and of the common drivers mean.
fn tls(scheme: Scheme, word: Option<&str>) -> Tls {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("disable" | "disabled" | "false" | "0" | "no") => Tls::Never,
        Some("prefer" | "preferred" | "allow") => Tls::IfOffered,
        Some(_) => Tls::Must,
        None if scheme == Scheme::Postgres => Tls::IfOffered,
        None if scheme == Scheme::Mysql => Tls::Unsaid,
        None => Tls::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::{Login, Tls};
    use crate::target::Target;

    fn login(url: &str) -> Login {
        Login::of(&Target::parse(url).unwrap(), Some("me"))
    }

    #[test]
    fn a_login_is_that_of_the_url() {
        let full = login(
            "postgres://al%20ice:s%40cret@db:5433/shop?sslmode=require&target_session_attrs=read-write",
        );
        assert_eq!((full.user.as_str(), full.password.as_deref()), ("al ice", Some("s@cret")));
        assert_eq!((full.database.as_deref(), full.tls), (Some("shop"), Tls::Must));
        assert!(full.wants_writable && full.has_user);
        let bare = login("postgres://db");
        assert_eq!((bare.user.as_str(), bare.password, bare.database), ("me", None, None));
        assert_eq!((bare.tls, bare.has_user), (Tls::IfOffered, false));
        let query = login("postgres://db/?user=bob&password=x&dbname=y");
        assert_eq!(
            (query.user.as_str(), query.password.as_deref(), query.database.as_deref()),
            ("bob", Some("x"), Some("y"))
        );
    }

    #[test]
    fn without_a_word_it_is_as_clients_do() {
        assert_eq!(login("mysql://db/x").tls, Tls::Unsaid);
        assert_eq!(login("mysql://db/x?ssl-mode=REQUIRED").tls, Tls::Must);
        assert_eq!(login("postgres://db/x?sslmode=disable").tls, Tls::Never);
    }
}
