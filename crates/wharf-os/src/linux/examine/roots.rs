//! The authorities that this machine's programs trust, in PEM: the system's bundle, and what the environment names besides.
//!
//! Not here: the stores of browsers (NSS) and of Java, and whether a certificate is good.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file or folder of authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub pem: Vec<u8>,
}

/// Returns the system's bundle, and the stores that `environment` names. OpenSSL takes `SSL_CERT_FILE` instead of the
/// bundle, but the system's folder of certificates, which holds the same, besides. What cannot be read is left out.
#[must_use]
pub fn read(environment: &BTreeMap<String, String>) -> Vec<Store> {
    let mut stores: Vec<Store> = BUNDLES.iter().find_map(|path| store(Path::new(path))).into_iter().collect();
    let named = VARIABLES.iter().filter_map(|name| environment.get(*name));
    for path in named.filter(|path| !path.is_empty()).map(PathBuf::from) {
        if !stores.iter().any(|store| store.path == path) {
            stores.extend(store(&path));
        }
    }
    stores
}

/// Variables that name a file or a folder: OpenSSL's, curl's, Python's and Node's.
pub const VARIABLES: &[&str] =
    &["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

fn store(path: &Path) -> Option<Store> {
    let mut pem = Vec::new();
    if path.is_dir() {
        let mut files: Vec<PathBuf> = fs::read_dir(path).ok()?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().take(MOST_FILES) {
            append(file, &mut pem);
            pem.push(b'\n');
        }
    } else {
        append(path, &mut pem);
    }
    pem.windows(MARK.len()).any(|window| window == MARK).then(|| Store { path: path.to_owned(), pem })
}

fn append(path: &Path, pem: &mut Vec<u8>) {
    // A pipe or a device would be waited for.
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return;
    }
    if let Ok(file) = fs::File::open(path) {
        let left = MOST_BYTES.saturating_sub(pem.len()) as u64;
        let _ = file.take(left).read_to_end(pem);
    }
}

/// Where the system's bundle is: Debian, Fedora, SUSE, Alpine.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const MARK: &[u8] = b"-----BEGIN CERTIFICATE-----";
const MOST_BYTES: usize = 4 * 1024 * 1024;
const MOST_FILES: usize = 512;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::read;

    #[test]
    fn the_environment_names_stores_beside_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.pem"), folder.path().join("two.pem"));
        fs::write(&one, "-----BEGIN CERTIFICATE-----\nx\n").unwrap();
        fs::write(&two, "nothing of the kind").unwrap();
        let of = |pairs: &[(&str, &std::path::Path)]| {
            let pairs = pairs.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string()));
            let stores = read(&pairs.collect::<BTreeMap<_, _>>());
            let paths = stores.into_iter().map(|store| store.path);
            paths.filter(|path| path.starts_with(folder.path())).collect::<Vec<_>>()
        };
        assert_eq!(of(&[("SSL_CERT_FILE", &one)]), std::slice::from_ref(&one));
        assert_eq!(of(&[("SSL_CERT_DIR", folder.path())]), [folder.path().to_owned()]);
        assert_eq!(of(&[("SSL_CERT_FILE", &two), ("NODE_EXTRA_CA_CERTS", &one)]), [one]);
    }
}
