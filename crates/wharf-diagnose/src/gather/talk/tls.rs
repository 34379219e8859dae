//! One TLS handshake as clients make it, with a verifier that lets everything pass and keeps what it saw.
//!
//! rustls speaks TLS 1.2 and 1.3; [`older`] reads what came to a hello of the catalogue's that offers more suites and no
//! 1.3. Not here: whether TLS should have been spoken, and what follows from a bad certificate.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use wharf_os::examine::roots;

use super::line::{End, Wire};
use super::x509;
use crate::facts::talk::tls::{Certificate, Older, TlsEnd, TlsSeen, Trust, is_named};

/// What a handshake is made with.
pub(super) struct Ask<'a> {
    /// Host name or address.
    pub(super) name: String,
    /// Inner protocols to offer.
    pub(super) inner: &'a [&'a str],
    /// The time, in seconds since 1970.
    pub(super) now: i64,
    /// The client's environment, which may name other authorities.
    pub(super) environment: &'a BTreeMap<String, String>,
}

/// A connection within which TLS was spoken.
pub(super) struct Session {
    wire: Wire,
    tls: ClientConnection,
    /// What came of it.
    pub(super) seen: TlsSeen,
    /// What came within TLS and was not yet taken.
    clear: Vec<u8>,
}

/// Shakes hands on `wire`; `None` if not even a hello could be made.
pub(super) fn handshake(wire: Wire, ask: &Ask<'_>, by: Instant) -> Option<Session> {
    let host = ask.name.split('%').next().unwrap_or(&ask.name);
    let name = ServerName::try_from(host.to_owned())
        .or_else(|_| ServerName::try_from("localhost".to_owned()))
        .ok()?;
    let seen = Arc::new(Witness::default());
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Witness>::clone(&seen))
        .with_client_cert_resolver(Arc::<Witness>::clone(&seen));
    config.alpn_protocols = ask.inner.iter().map(|inner| inner.as_bytes().to_vec()).collect();
    let tls = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut session = Session { wire, tls, seen: TlsSeen::default(), clear: Vec::new() };
    session.seen.asked.clone_from(&ask.name);
    session.seen.end = session.shake_hands(by);
    let chosen = session.tls.protocol_version().map(u16::from);
    session.seen.version = chosen.map(|version| crate::facts::talk::tls::version_name(version).to_owned());
    session.seen.alpn = session.tls.alpn_protocol().map(|inner| String::from_utf8_lossy(inner).into_owned());
    session.seen.certificate = seen.chain().map(|chain| judged(&chain, ask, &provider));
    session.seen.wants_client = seen.wants_client();
    Some(session)
}

impl Session {
    fn shake_hands(&mut self, by: Instant) -> TlsEnd {
        let mut first = Vec::new();
        while self.tls.is_handshaking() {
            if let Err(end) = self.flush() {
                return end;
            }
            let mut buffer = [0; 8192];
            let count = match self.wire.read(&mut buffer, by) {
                Ok(count) => count,
                Err(End::Closed { reset }) => return TlsEnd::Closed { reset },
                Err(_) => return TlsEnd::Stalled,
            };
            if first.len() < LEAST {
                first.extend_from_slice(&buffer[..count]);
                if !looks_like_tls(&first) {
                    self.wire.hear(&mut first, MORE, &super::http::is_enough);
                    return TlsEnd::NotTls(first);
                }
            }
            if let Err(error) = self.take(&buffer[..count]) {
                let _ = self.flush();
                return ended(error);
            }
        }
        // The last words of the client's part.
        match self.flush() {
            Ok(()) => TlsEnd::Done,
            Err(end) => end,
        }
    }

    /// Sends `request`, and adds what comes to `heard` until `enough`, an end, or until time is up.
    pub(super) fn converse(
        &mut self,
        request: &[u8],
        heard: &mut Vec<u8>,
        patience: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> End {
        let by = Instant::now() + patience;
        let _ = self.tls.writer().write_all(request);
        let _ = self.flush();
        let mut buffer = [0; 8192];
        loop {
            heard.append(&mut self.clear);
            if heard.len() >= MOST || !heard.is_empty() && enough(heard) {
                return End::Enough;
            }
            match self.wire.read(&mut buffer, by) {
                Ok(count) => {
                    if let Err(error) = self.take(&buffer[..count]) {
                        self.seen.end = ended(error);
                        return End::Closed { reset: false };
                    }
                }
                Err(end) => return end,
            }
        }
    }

    /// Ends the connection, and returns what came of it.
    pub(super) fn end(mut self) -> TlsSeen {
        self.tls.send_close_notify();
        let _ = self.flush();
        self.wire.hang_up();
        self.seen
    }

    fn flush(&mut self) -> Result<(), TlsEnd> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.wire) {
                Ok(0) => break,
                Ok(_) => {}
                // What the server says of it, or has said, is heard next.
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Takes bytes of the server, and what they hold in clear.
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            if self.tls.read_tls(&mut bytes).is_err() {
                break;
            }
            let state = self.tls.process_new_packets()?;
            let count = state.plaintext_bytes_to_read();
            if count > 0 {
                let mut clear = vec![0; count];
                let read = std::io::Read::read(&mut self.tls.reader(), &mut clear).unwrap_or(0);
                clear.truncate(read);
                self.clear.append(&mut clear);
            }
        }
        Ok(())
    }
}

fn ended(error: Error) -> TlsEnd {
    match error {
        Error::AlertReceived(alert) => {
            let number = u8::from(alert);
            TlsEnd::Alert(number, alert_name(number))
        }
        error => TlsEnd::Broken(error.to_string()),
    }
}

fn looks_like_tls(bytes: &[u8]) -> bool {
    match bytes {
        [kind, 3, ..] => (20..=24).contains(kind),
        [kind] => (20..=24).contains(kind),
        _ => false,
    }
}

/// Sees the certificates of the server and whether it wants one of the client. Lets everything pass: no secret is sent
/// to a server whose certificate is not good.
#[derive(Debug, Default)]
struct Witness {
    chain: Mutex<Option<Vec<CertificateDer<'static>>>>,
    wants_client: Mutex<Option<Vec<String>>>,
}

impl Witness {
    fn chain(&self) -> Option<Vec<CertificateDer<'static>>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn wants_client(&self) -> Option<Vec<String>> {
        self.wants_client.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let others = intermediates.iter().take(LONGEST_CHAIN);
        let chain = std::iter::once(leaf).chain(others).map(|der| der.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, issuers: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = issuers.iter().take(LONGEST_CHAIN).map(|der| x509::name(der)).collect();
        *self.wants_client.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Returns what is to be held of a chain.
fn judged(chain: &[CertificateDer<'_>], ask: &Ask<'_>, provider: &CryptoProvider) -> Certificate {
    let Some((leaf, others)) = chain.split_first() else { return Certificate::default() };
    let read = x509::read(leaf);
    let legible = read.is_some();
    let facts = read.unwrap_or_default();
    let (trust, store) = trust(leaf, others, &facts, ask, provider);
    Certificate {
        // Without alternative names OpenSSL, and with it curl, Python and Node, takes the common name.
        holds_for_name: is_named(&facts.names, &ask.name)
            || facts.names.is_empty() && facts.subject.eq_ignore_ascii_case(&ask.name),
        subject: facts.subject,
        issuer: facts.issuer,
        self_signed: facts.self_issued,
        names: facts.names,
        not_before: facts.not_before,
        not_after: facts.not_after,
        now: ask.now,
        intermediates: others.len(),
        trust,
        store,
        legible,
    }
}

fn trust(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    facts: &x509::Facts,
    ask: &Ask<'_>,
    provider: &CryptoProvider,
) -> (Trust, String) {
    let stores = roots::read(ask.environment);
    let names: Vec<String> = stores.iter().map(|store| store.path.display().to_string()).collect();
    let names = names.join(", ");
    let mut anchors = RootCertStore::empty();
    for store in &stores {
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&store.pem).filter_map(Result::ok).collect();
        // OpenSSL trusts a certificate that lies in the store itself, be it an authority or not.
        if certificates.iter().any(|known| known == leaf) {
            return (Trust::Trusted, names);
        }
        anchors.add_parsable_certificates(certificates);
    }
    if anchors.is_empty() {
        return (Trust::Unknown, names);
    }
    let Ok(parsed) = ParsedCertificate::try_from(leaf) else {
        return (Trust::Bad("it cannot be read".to_owned()), names);
    };
    // Its time is looked at by itself: a chain is looked at as of a time when the leaf is valid.
    let at = ask.now.clamp(facts.not_before, facts.not_after.max(facts.not_before));
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at).unwrap_or(0)));
    let algorithms = provider.signature_verification_algorithms.all;
    let trust = match verify_server_cert_signed_by_trust_anchor(&parsed, &anchors, others, at, algorithms) {
        Ok(()) => Trust::Trusted,
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Trust::UnknownIssuer,
        // An authority's certificate that shows itself: whoever has it not in the store does not know its issuer.
        Err(_) if facts.self_issued => Trust::UnknownIssuer,
        Err(Error::InvalidCertificate(error)) => Trust::Bad(error.to_string()),
        Err(error) => Trust::Bad(error.to_string()),
    };
    (trust, names)
}

/// Returns whether a client takes a certificate.
pub(super) fn is_good(certificate: &Certificate) -> bool {
    certificate.trust == Trust::Trusted
        && certificate.holds_for_name
        && !certificate.has_expired()
        && !certificate.is_not_yet_valid()
}

/// Returns what the answer to an older hello is.
pub(super) fn older(heard: &[u8]) -> Older {
    match heard {
        [22, 3, _, _, _, 2, _, _, _, high, low, rest @ ..] => {
            // 32 bytes of random, then the session's id, then the suite.
            let session = rest.get(32).copied().map_or(0, usize::from);
            match rest.get(33 + session..35 + session) {
                Some(&[a, b]) => Older::Chose {
                    version: u16::from_be_bytes([*high, *low]),
                    suite: u16::from_be_bytes([a, b]),
                },
                _ => Older::Nothing,
            }
        }
        [21, 3, _, 0, 2, _, alert, ..] => Older::Alert(*alert, alert_name(*alert)),
        _ => Older::Nothing,
    }
}

/// Returns the name of an alert, RFC 8446 section 6.
fn alert_name(number: u8) -> String {
    let known = ALERTS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("alert {number}"), |(_, name)| (*name).to_owned())
}

/// The server has no inner protocol of those that were offered.
pub(super) const NO_APPLICATION_PROTOCOL: u8 = 120;
/// Nothing in common, and no better word for it.
pub(super) const HANDSHAKE_FAILURE: u8 = 40;
/// No version in common.
pub(super) const PROTOCOL_VERSION: u8 = 70;
/// The suites that were offered are too weak.
pub(super) const INSUFFICIENT_SECURITY: u8 = 71;

const ALERTS: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (22, "record_overflow"),
    (HANDSHAKE_FAILURE, "handshake_failure"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (PROTOCOL_VERSION, "protocol_version"),
    (INSUFFICIENT_SECURITY, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (112, "unrecognized_name"),
    (116, "certificate_required"),
    (NO_APPLICATION_PROTOCOL, "no_application_protocol"),
];

/// Bytes by which TLS is told from other things.
const LEAST: usize = 2;
/// Time for the rest of what is not TLS.
const MORE: Duration = Duration::from_millis(100);
const MOST: usize = 64 * 1024;
const LONGEST_CHAIN: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{looks_like_tls, older};
    use crate::facts::talk::tls::Older;

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_to_a_hello_or_none(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let hello = [&[22, 3, 1, 0, 80, 2, 0, 0, 76, 3, 2][..], &bytes].concat();
            let _ = (older(&bytes), older(&hello), looks_like_tls(&bytes));
        }
    }

    #[test]
    fn an_older_hello_is_answered_with_a_version_and_a_suite() {
        let random = [7; 32];
        let hello = [&[22, 3, 2, 0, 80, 2, 0, 0, 76, 3, 2][..], &random, &[2, 9, 9], &[0, 0x2f, 0]].concat();
        assert_eq!(older(&hello), Older::Chose { version: 0x0302, suite: 0x002f });
        let alert = [21, 3, 1, 0, 2, 2, 70];
        assert_eq!(older(&alert), Older::Alert(70, "protocol_version".to_owned()));
        assert_eq!(older(b"HTTP/1.1 400"), Older::Nothing);
    }
}
