//! What an authority vouches for, when it is refused, and that many make one.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::KeyPair;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{RootCertStore, crypto};
use tempfile::TempDir;
use wharf_os::vault;

use super::{Authority, AuthorityError, DAY, Subject, der, is_below};

const NOW: i64 = 1_795_000_000;

fn domains(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn made() -> (TempDir, PathBuf, Authority) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("authority");
    let authority = Authority::open_or_make(&folder, &domains(&["localhost", "test"]), NOW).unwrap();
    (home, folder, authority)
}

/// Asks a client that trusts the root whether it takes a leaf for `subject` to be `name`, after `days`.
fn believes(authority: &Authority, subject: Subject<'_>, name: &str, days: i64) -> Result<(), String> {
    let (leaf, _) = authority.sign(subject, &KeyPair::generate().unwrap(), NOW).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root.clone()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs((NOW + days * DAY).try_into().unwrap()));
    let chain = std::slice::from_ref(&authority.chain);
    verifier.verify_server_cert(&leaf, chain, &name, &[], at).map(drop).map_err(|error| error.to_string())
}

#[test]
fn its_names_are_believed_and_no_others() {
    let (_home, _folder, authority) = made();
    for host in ["localhost", "api.shop.localhost", "shop.test", "a_b.localhost"] {
        assert_eq!(believes(&authority, Subject::Host(host), host, 0), Ok(()), "{host}");
    }
    let long = format!("{}.localhost", ["abcdefghijabcdefghijabcdefghij"; 7].join("."));
    assert_eq!(believes(&authority, Subject::Host(&long), &long, 0), Ok(()));
    for address in ["127.0.0.1", "::1"] {
        assert_eq!(believes(&authority, Subject::Loopback, address, 0), Ok(()));
    }
    for host in ["example.com", "localhost.example.com", "notlocalhost", "xtest"] {
        let error = believes(&authority, Subject::Host(host), host, 0).unwrap_err();
        assert!(error.contains("NameConstraintViolation"), "{host}: {error}");
        let refused = authority.issue(Subject::Host(host), &KeyPair::generate().unwrap(), NOW).unwrap_err();
        assert!(refused.to_string().contains("may not vouch for"), "{refused}");
    }
}

#[test]
fn a_leaf_lasts_thirty_days_and_never_longer_than_its_issuer() {
    let (_home, _folder, mut authority) = made();
    let leaf = Subject::Host("api.localhost");
    assert_eq!(believes(&authority, leaf, "api.localhost", 29), Ok(()));
    assert!(believes(&authority, leaf, "api.localhost", 31).is_err());
    let key = KeyPair::generate().unwrap();
    assert_eq!(authority.issue(leaf, &key, NOW).unwrap().1, NOW + 30 * DAY);
    authority.not_after = NOW + 5 * DAY;
    let (der, end) = authority.issue(leaf, &key, NOW).unwrap();
    let facts = der::read(&der).unwrap();
    assert_eq!((end, facts.not_after, facts.not_before), (NOW + 5 * DAY, NOW + 5 * DAY, NOW - DAY));
    // Of one key, as Firefox and others will have it.
    assert_ne!(authority.issue(leaf, &key, NOW).unwrap().0, authority.issue(leaf, &key, NOW).unwrap().0);
}

#[test]
fn its_certificates_say_what_they_may() {
    let (_home, folder, authority) = made();
    let (root, chain) = (der::read(&authority.root).unwrap(), der::read(&authority.chain).unwrap());
    assert_eq!(chain.domains, ["localhost", "test"]);
    assert!(root.domains.is_empty());
    let id = root.common_name.strip_prefix("wharf local authority ").unwrap();
    assert_eq!(chain.common_name, format!("wharf local intermediate {id}"));
    assert_eq!((root.not_after, chain.not_after), (NOW + 3650 * DAY, NOW + 3650 * DAY));
    let key = fs::read_to_string(folder.join("key.pem")).unwrap();
    assert_eq!(KeyPair::from_pem(&key).unwrap().public_key_raw(), chain.public_key);
    // Nothing else is kept: the key of the root is gone.
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["chain.pem", "key.pem", "root.pem"]);
    let again = Authority::open(&folder, NOW).unwrap();
    assert_eq!(again.fingerprint(), authority.fingerprint());
    assert_eq!(again.fingerprint().len(), 64);
}

#[test]
fn what_is_not_whole_is_refused_with_what_to_do() {
    let (_home, folder, _) = made();
    let refusal = || Authority::open(&folder, NOW).unwrap_err().to_string();
    let (_other_home, other, _) = made();
    for (name, word) in [
        ("key.pem", "is not the key of chain.pem"),
        ("chain.pem", "is not the key of chain.pem"),
        ("root.pem", "UnknownIssuer"),
    ] {
        let good = fs::read(folder.join(name)).unwrap();
        let spoil = |text: &[u8]| fs::write(folder.join(name), text).unwrap();
        spoil(&fs::read(other.join(name)).unwrap());
        assert!(refusal().contains(word), "{name}: {}", refusal());
        spoil(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert!(
            refusal().contains("is damaged") && refusal().contains("remove that folder"),
            "{}",
            refusal()
        );
        spoil(b"");
        assert!(refusal().contains("holds no"), "{}", refusal());
        fs::remove_file(folder.join(name)).unwrap();
        assert!(refusal().contains("is not there"), "{}", refusal());
        // Nor is it made anew over what is left: somebody may trust it.
        assert!(Authority::open_or_make(&folder, &domains(&["localhost"]), NOW).is_err());
        vault::write(&folder, name, &good).unwrap();
    }
    assert!(Authority::open(&folder, NOW).is_ok());
    assert!(matches!(Authority::open(&folder, NOW + 3650 * DAY), Err(AuthorityError::Expired(_))));
    assert!(matches!(Authority::open(&folder, NOW - 2 * DAY), Err(AuthorityError::Early(_))));
    assert!(matches!(Authority::open(&folder.join("none"), NOW), Err(AuthorityError::Absent)));
}

#[test]
fn many_that_make_one_make_one() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("authority");
    let names = domains(&["localhost"]);
    let made: Vec<String> = std::thread::scope(|scope| {
        let begin = || Authority::open_or_make(&folder, &names, NOW).unwrap().fingerprint();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(begin)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(made.iter().all(|fingerprint| *fingerprint == made[0]), "{made:?}");
}

#[test]
fn another_is_made_for_other_domains_and_near_the_end() {
    let (_home, folder, authority) = made();
    let both = domains(&["localhost", "test"]);
    assert_eq!(authority.shortcoming(&both, NOW), None);
    assert_eq!(authority.shortcoming(&domains(&["shop.test"]), NOW), None);
    let text = authority.shortcoming(&domains(&["localhost", "example", "dev"]), NOW).unwrap();
    assert!(text.contains("may not vouch for example, dev, but for localhost, test"), "{text}");
    let text = authority.shortcoming(&both, NOW + 3600 * DAY).unwrap();
    assert!(text.contains("ends in 50 days"), "{text}");
    let wanted = domains(&["dev"]);
    let is_good = |it: &Authority| it.shortcoming(&wanted, NOW).is_none();
    let another = Authority::replace(&folder, &wanted, NOW, is_good).unwrap();
    assert_ne!(another.fingerprint(), authority.fingerprint());
    assert!(another.covers("api.dev") && !another.covers("localhost"));
    let same = Authority::replace(&folder, &wanted, NOW, is_good).unwrap();
    assert_eq!(same.fingerprint(), another.fingerprint());
}

#[test]
fn a_name_is_below_a_domain() {
    for host in ["localhost", "a.localhost", "a.b.localhost"] {
        assert!(is_below(host, "localhost"));
    }
    for host in ["", "ocalhost", "xlocalhost", "localhost.x"] {
        assert!(!is_below(host, "localhost"));
    }
}
