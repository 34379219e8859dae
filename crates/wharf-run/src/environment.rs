//! What a program under wharf is told in its environment: PORT, HOST, its name and URL, those of its siblings, and whom it may
//! trust so that it reaches them by name.
//!
//! Nothing else is changed. Not here: the rest of the environment, which is wharf's own.

use std::ffi::OsString;
use std::path::Path;

use wharf_model::lease::Lease;
use wharf_model::run::url;

/// Returns the variables for the service of `own` that has `port`, whose siblings hold `leases`.
#[must_use]
pub fn variables(own: &Lease, port: u16, leases: &[Lease]) -> Vec<(OsString, OsString)> {
    let mut variables = vec![
        ("PORT".to_owned(), port.to_string()),
        ("HOST".to_owned(), "127.0.0.1".to_owned()),
        ("WHARF_NAME".to_owned(), own.name.to_string()),
        ("WHARF_URL".to_owned(), url(port)),
    ];
    for sibling in siblings(own, leases) {
        let name = sibling.name.service.replace('-', "_").to_ascii_uppercase();
        variables.push((format!("WHARF_{name}_URL"), url(sibling.port)));
        variables.push((format!("WHARF_{name}_PORT"), sibling.port.to_string()));
    }
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Returns the variables by which programs trust the local authority: `root` is its certificate, `bundle` those of this machine
/// with it. What its user has set (`is_set`) stays as it is.
#[must_use]
pub fn trust(
    root: Option<&Path>,
    bundle: Option<&Path>,
    is_set: impl Fn(&str) -> bool,
) -> Vec<(OsString, OsString)> {
    // Node takes one beside its own; the others take one file for all: OpenSSL and Go, Python's requests, curl.
    let wanted = [
        ("NODE_EXTRA_CA_CERTS", root),
        ("SSL_CERT_FILE", bundle),
        ("REQUESTS_CA_BUNDLE", bundle),
        ("CURL_CA_BUNDLE", bundle),
    ];
    let unset = wanted.into_iter().filter(|(name, _)| !is_set(name));
    unset.filter_map(|(name, file)| Some((name.into(), file?.into()))).collect()
}

/// Returns those of `leases` that are of other services in the same directory.
pub fn siblings<'a>(own: &'a Lease, leases: &'a [Lease]) -> impl Iterator<Item = &'a Lease> {
    leases.iter().filter(|lease| {
        lease.root == own.root && lease.asked_port.is_none() && lease.name.service != own.name.service
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wharf_model::lease::{Lease, LeaseName};
    use wharf_model::timestamp::Timestamp;

    use super::{trust, variables};

    fn lease(service: &str, root: &str, asked_port: Option<u16>, port: u16) -> Lease {
        let now = Timestamp::from_unix_ms(0).unwrap();
        Lease {
            id: String::new(),
            name: LeaseName { service: service.to_owned(), worktree: None, project: "shop".to_owned() },
            root: root.to_owned(),
            asked_port,
            port,
            pinned: false,
            handed_out: false,
            fence: 1,
            created_at: now,
            used_at: now,
        }
    }

    #[test]
    fn a_program_is_told_whom_to_trust_unless_it_was_told_already() {
        let (root, bundle) = (Path::new("/a/root.pem"), Path::new("/a/bundle.pem"));
        let told = |root, bundle, set: &[&str]| -> Vec<String> {
            let variables = trust(root, bundle, |name| set.contains(&name));
            variables.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
        };
        let node = "NODE_EXTRA_CA_CERTS=/a/root.pem";
        let others = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
            .map(|name| format!("{name}=/a/bundle.pem"));
        assert_eq!(told(Some(root), Some(bundle), &[]), [&[node.to_owned()], &others[..]].concat());
        assert_eq!(told(Some(root), None, &[]), [node], "a bundle of ours alone would trust nobody else");
        let set = ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"];
        let left = [others[0].clone(), others[2].clone()];
        assert_eq!(told(Some(root), Some(bundle), &set), left);
        assert!(told(None, None, &[]).is_empty());
    }

    #[test]
    fn a_service_knows_itself_and_its_siblings() {
        let own = lease("web", "/shop", None, 20_001);
        let leases = [
            own.clone(),
            lease("the-api", "/shop", None, 20_002),
            lease("the-api", "/shop", Some(4000), 20_003),
            lease("web", "/other", None, 20_004),
        ];
        let told: Vec<String> = variables(&own, 20_001, &leases)
            .into_iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        let expected = [
            "PORT=20001",
            "HOST=127.0.0.1",
            "WHARF_NAME=web.shop",
            "WHARF_URL=http://127.0.0.1:20001",
            "WHARF_THE_API_URL=http://127.0.0.1:20002",
            "WHARF_THE_API_PORT=20002",
        ];
        assert_eq!(told, expected);
    }
}
