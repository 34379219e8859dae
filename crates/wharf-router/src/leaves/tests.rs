//! Handshakes in memory: who gets a certificate, and which.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore, ServerConfig,
    ServerConnection, SideData,
};
use tempfile::TempDir;
use wharf_model::timestamp::Timestamp;
use wharf_os::traits::Clock;

use super::tls::{client_configs, server_config};
use super::{CertificateError, Leaves, Source};
use crate::authority::Authority;

/// Seconds since 1970.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::Relaxed) * 1000).unwrap()
    }
}

struct Scene {
    _home: TempDir,
    folder: PathBuf,
    names: Arc<Mutex<Vec<String>>>,
    clock: Arc<Hand>,
    leaves: Arc<Leaves>,
    server: Arc<ServerConfig>,
}

#[expect(clippy::disallowed_methods, reason = "rustls looks at the clock of this machine, too")]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs().try_into().unwrap()
}

fn scene(names: &[&str]) -> Scene {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("authority");
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let names = Arc::new(Mutex::new(names));
    let known = Arc::clone(&names);
    let is_registered = Box::new(move |name: &str| known.lock().unwrap().iter().any(|known| known == name));
    let clock = Arc::new(Hand(AtomicI64::new(now())));
    let time = Arc::clone(&clock);
    let leaves = Arc::new(Leaves::new(folder.clone(), vec!["localhost".to_owned()], time, is_registered));
    let server = server_config(Arc::clone(&leaves)).unwrap();
    Scene { _home: home, folder, names, clock, leaves, server }
}

impl Scene {
    fn trusting(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(Authority::open(&self.folder, now()).unwrap().root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        builder.with_root_certificates(roots).with_no_client_auth()
    }

    fn cached(&self) -> usize {
        let Source::Authority(issue) = &self.leaves.source else { panic!("it is one") };
        issue.lock().cache.len()
    }
}

/// Shakes hands; what went wrong is said by whom it went wrong for.
fn shake(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    name: &str,
) -> Result<ClientConnection, String> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let told = hand_over(&mut client, &mut server);
        let answered = hand_over(&mut server, &mut client);
        answered.map_err(|error| format!("client: {error}"))?;
        told.map_err(|error| format!("server: {error}"))?;
    }
    Ok(client)
}

fn hand_over<A: SideData, B: SideData>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
) -> Result<(), rustls::Error> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn a_registered_name_gets_its_certificate_and_another_an_alert() {
    let scene = scene(&["api.shop.localhost"]);
    let [anybody, _] = client_configs().unwrap();
    let refused = shake(&anybody, &scene.server, "web.shop.localhost").unwrap_err();
    assert!(refused.contains("AccessDenied"), "{refused}");
    assert!(!scene.folder.exists(), "nothing is made before it is needed");
    let client = shake(&anybody, &scene.server, "api.shop.localhost").unwrap();
    assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(client.peer_certificates().map(<[_]>::len), Some(2), "the root is the client's own");
    let trusting = Arc::new(scene.trusting());
    shake(&trusting, &scene.server, "api.shop.localhost").unwrap();
    shake(&trusting, &scene.server, "API.shop.localhost").unwrap();
    assert_eq!(scene.cached(), 1);
    // Known or not: what is no longer registered gets none, also with a ticket of before.
    scene.names.lock().unwrap().clear();
    shake(&trusting, &scene.server, "api.shop.localhost").unwrap_err();
    assert_eq!(scene.leaves.fault(), None);
}

#[test]
fn an_address_gets_a_certificate_only_if_it_is_registered() {
    let scene = scene(&["api.localhost"]);
    let [anybody, _] = client_configs().unwrap();
    for address in ["127.0.0.1", "::1"] {
        shake(&anybody, &scene.server, address).unwrap_err();
    }
    scene.names.lock().unwrap().push("127.0.0.1".to_owned());
    shake(&anybody, &scene.server, "127.0.0.1").unwrap();
    let trusting = Arc::new(scene.trusting());
    for address in ["127.0.0.1", "::1"] {
        shake(&trusting, &scene.server, address).unwrap();
    }
}

#[test]
fn a_name_outside_the_domains_gets_none_and_it_is_said_why() {
    let scene = scene(&["shop.example", "shop.localhost"]);
    let [anybody, _] = client_configs().unwrap();
    shake(&anybody, &scene.server, "shop.example").unwrap_err();
    let fault = scene.leaves.fault().unwrap();
    assert!(fault.contains("may not vouch for shop.example, but for localhost"), "{fault}");
    shake(&anybody, &scene.server, "shop.localhost").unwrap();
    assert_eq!(scene.leaves.fault(), None);
}

#[test]
fn a_session_goes_on_by_its_ticket_in_both_versions() {
    let scene = scene(&["api.localhost"]);
    shake(&client_configs().unwrap()[0], &scene.server, "api.localhost").unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(Authority::open(&scene.folder, now()).unwrap().root).unwrap();
        let client = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
        let first = shake(&client, &scene.server, "api.localhost").unwrap();
        assert_eq!(first.protocol_version(), Some(version.version));
        assert_ne!(first.handshake_kind(), Some(HandshakeKind::Resumed));
        let second = shake(&client, &scene.server, "api.localhost").unwrap();
        assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
    }
}

#[test]
fn a_leaf_is_renewed_before_its_end() {
    let scene = scene(&["api.localhost"]);
    let leaf = || scene.leaves.certificate(Some("api.localhost")).unwrap().cert[0].clone();
    let first = leaf();
    let day = |days: i64| scene.clock.0.fetch_add(days * 86_400, Ordering::Relaxed);
    day(19);
    assert_eq!(leaf(), first);
    day(2);
    assert_ne!(leaf(), first);
    assert_eq!(scene.cached(), 1);
}

#[test]
fn another_authority_is_seen() {
    let scene = scene(&["api.localhost"]);
    let [anybody, _] = client_configs().unwrap();
    shake(&anybody, &scene.server, "api.localhost").unwrap();
    let names = ["localhost".to_owned()];
    Authority::replace(&scene.folder, &names, now(), |_| false).unwrap();
    let trusting = Arc::new(scene.trusting());
    shake(&trusting, &scene.server, "api.localhost").unwrap_err();
    scene.clock.0.fetch_add(3, Ordering::Relaxed);
    shake(&trusting, &scene.server, "api.localhost").unwrap();
}

#[test]
fn many_names_are_forgotten_again() {
    let home = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let wildcard = Box::new(move |name: &str| {
        count.fetch_add(1, Ordering::Relaxed);
        name.ends_with(".api.localhost")
    });
    let clock = Arc::new(Hand(AtomicI64::new(now())));
    let folder = home.path().join("authority");
    let leaves = Leaves::new(folder, vec!["localhost".to_owned()], clock, wildcard);
    let leaf = |name: &str| leaves.certificate(Some(name)).unwrap().cert[0].clone();
    let often = leaf("often.api.localhost");
    for number in 0..1000 {
        leaf(&format!("n{number}.api.localhost"));
        assert_eq!(leaf("often.api.localhost"), often, "what is asked for stays");
    }
    assert_eq!(leaves.certificate(Some("web.localhost")).map(drop), None);
    assert_eq!(asked.load(Ordering::Relaxed), 2002, "whatever is kept, it is asked whether it is registered");
    let Source::Authority(issue) = &leaves.source else { panic!("it is one") };
    assert!(issue.lock().cache.len() <= 512);
}

#[test]
fn a_certificate_of_ones_own_is_for_registered_names_too() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (one, other) = (made("dev.example.com"), made("x"));
    write("cert", &one.cert.pem());
    write("key", &one.signing_key.serialize_pem());
    write("other", &other.signing_key.serialize_pem());
    write("none", "");
    let own = |cert: &str, key: &str| {
        Leaves::with_certificate(&path(cert), &path(key), Box::new(|name| name == "dev.example.com"))
    };
    let server = server_config(Arc::new(own("cert", "key").unwrap())).unwrap();
    let [anybody, _] = client_configs().unwrap();
    let client = shake(&anybody, &server, "dev.example.com").unwrap();
    assert_eq!(client.peer_certificates().unwrap()[0], *one.cert.der());
    shake(&anybody, &server, "example.com").unwrap_err();
    let fault = |cert: &str, key: &str| own(cert, key).unwrap_err();
    assert!(matches!(fault("cert", "other"), CertificateError::Mismatch(..)));
    assert!(fault("none", "key").to_string().contains("holds no certificate"));
    assert!(fault("cert", "none").to_string().contains("holds no private key"));
    assert!(fault("absent", "key").to_string().contains("No such file"));
}
