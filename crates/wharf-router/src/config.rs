//! What its user may choose about the router: `$XDG_CONFIG_HOME/wharf/config.toml`, the table `[router]`.
//!
//! Not here: routes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wharf_model::lease::LeaseName;

/// What may be chosen. Whatever is absent has its default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// False if there is to be no router.
    pub enabled: bool,
    /// Port for HTTPS; absent for 443, and 8443 where that cannot be had.
    pub https: Option<u16>,
    /// Port for HTTP; absent for 80 where HTTPS has 443, and else for none.
    pub http: Option<u16>,
    /// True if HTTP is to be answered as HTTPS is, and not with a redirect.
    pub plain_http: bool,
    /// Domains whose names are known, the first of which is printed.
    pub domains: Vec<String>,
    /// How a host name is made of a lease's: `{service}`, `{worktree}` and `{project}`, before the domain.
    pub template: String,
    /// Certificate chain to be used for every name, in PEM, instead of leaves of the local authority.
    pub cert: Option<PathBuf>,
    /// Its private key, in PEM.
    pub key: Option<PathBuf>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// It does not say what it may.
    #[error("{0}: {1}")]
    Bad(String, String),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            https: None,
            http: None,
            plain_http: false,
            domains: vec!["localhost".to_owned()],
            template: TEMPLATE.to_owned(),
            cert: None,
            key: None,
        }
    }
}

/// The file's other tables are for others.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    router: Config,
}

impl Config {
    /// Reads the file; the defaults if there is none.
    ///
    /// # Errors
    /// Any [`ConfigError`].
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let name = || file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map_err(|text| ConfigError::Bad(name(), text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigError::Io(name(), error)),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let File { router } =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().replace('\n', " "))?;
        if let Some(domain) = router.domains.iter().find(|domain| !is_host(domain)) {
            return Err(format!("router.domains: {domain:?} is no domain"));
        }
        if router.domains.is_empty() {
            return Err("router.domains: at least one, as [\"localhost\"]".to_owned());
        }
        if [router.http, router.https].contains(&Some(0)) {
            return Err("router.http and router.https: ports are 1 to 65535".to_owned());
        }
        if router.cert.is_some() != router.key.is_some() {
            return Err("router.cert and router.key: both or none".to_owned());
        }
        let known = ["{service}", "{worktree}", "{project}"];
        let rest = known.iter().fold(router.template.clone(), |text, word| text.replace(word, "x"));
        if !is_host(&rest) || !router.template.contains("{service}") {
            return Err(format!("router.template: as {TEMPLATE:?}, with {{service}} in it"));
        }
        Ok(router)
    }

    /// Returns the host names of a lease, the one that is printed first: with `is_alone`, when no other service of its
    /// project has one, and for the service that is called like its project, that of the project itself as well.
    fn hosts(&self, name: &LeaseName, is_alone: bool) -> Vec<String> {
        let full = self.name(&name.service, name);
        let is_bare = is_alone || name.service == name.project;
        let bare = is_bare.then(|| match &name.worktree {
            Some(worktree) => format!("{worktree}.{}", name.project),
            None => name.project.clone(),
        });
        let names = bare.into_iter().chain([full]);
        names.flat_map(|name| self.domains.iter().map(move |domain| format!("{name}.{domain}"))).collect()
    }

    /// Returns the host names of all `leases`, with whose each is: a service's own before that of a project or a work tree
    /// that is called the same.
    #[must_use]
    pub fn hosts_of_all<'a>(
        &self,
        leases: impl IntoIterator<Item = &'a LeaseName>,
    ) -> BTreeMap<String, &'a LeaseName> {
        let leases: BTreeSet<&LeaseName> = leases.into_iter().collect();
        let mut services: BTreeMap<_, usize> = BTreeMap::new();
        for lease in &leases {
            *services.entry((&lease.project, &lease.worktree)).or_default() += 1;
        }
        let (mut own, mut bare) = (BTreeMap::new(), BTreeMap::new());
        for lease in leases {
            let is_alone = services.get(&(&lease.project, &lease.worktree)) == Some(&1);
            let mut hosts = self.hosts(lease, is_alone);
            own.extend(
                hosts.split_off(hosts.len() - self.domains.len()).into_iter().map(|host| (host, lease)),
            );
            bare.extend(hosts.into_iter().map(|host| (host, lease)));
        }
        bare.extend(own);
        bare
    }

    fn name(&self, service: &str, name: &LeaseName) -> String {
        let worktree = name.worktree.as_deref().unwrap_or_default();
        let text = self.template.replace("{service}", service).replace("{project}", &name.project);
        let text = text.replace("{worktree}", worktree);
        // Without a work tree, its place is left out.
        let parts: Vec<&str> =
            text.split('.').map(|part| part.trim_matches('-')).filter(|part| !part.is_empty()).collect();
        parts.join(".")
    }
}

/// Returns whether a text is a host name in lower case; RFC 1123 section 2.1.
#[must_use]
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        (1..=63).contains(&label.len())
            && label.bytes().all(is_letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

const TEMPLATE: &str = "{service}.{worktree}.{project}";

#[cfg(test)]
mod tests {
    use wharf_model::lease::LeaseName;

    use super::Config;

    fn name(service: &str, worktree: Option<&str>) -> LeaseName {
        let worktree = worktree.map(str::to_owned);
        LeaseName { service: service.to_owned(), worktree, project: "shop".to_owned() }
    }

    #[test]
    fn a_lease_has_names() {
        let config = Config::default();
        assert_eq!(config.hosts(&name("api", None), false), ["api.shop.localhost"]);
        assert_eq!(config.hosts(&name("api", None), true), ["shop.localhost", "api.shop.localhost"]);
        assert_eq!(config.hosts(&name("shop", None), false), ["shop.localhost", "shop.shop.localhost"]);
        assert_eq!(config.hosts(&name("api", Some("cart")), false), ["api.cart.shop.localhost"]);
        let text =
            "[router]\ndomains = [\"localhost\", \"test\"]\ntemplate = \"{service}-{worktree}.{project}\"";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.hosts(&name("api", None), false), ["api.shop.localhost", "api.shop.test"]);
        assert_eq!(config.hosts(&name("api", Some("cart")), false)[1], "api-cart.shop.test");
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let fault = |text: &str| Config::parse(&format!("[router]\n{text}")).unwrap_err();
        assert!(fault("domains = [\"Local Host\"]").contains("is no domain"));
        assert!(fault("domains = []").contains("at least one"));
        assert!(fault("https = 0").contains("1 to 65535"));
        assert!(fault("cert = \"/x\"").contains("both or none"));
        assert!(fault("template = \"{project}\"").contains("{service}"));
        assert!(fault("colour = 1").contains("unknown field `colour`"));
        assert_eq!(Config::parse("[other]\nx = 1").unwrap(), Config::default());
    }
}
