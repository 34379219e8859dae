//! How TLS is spoken: with clients, and with upstreams of this machine.
//!
//! Not here: connections.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::ring::{Ticketer, cipher_suite, default_provider};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::Leaves;

/// Returns how the router speaks TLS with its clients: 1.2 and 1.3, HTTP/2 and HTTP/1.1.
///
/// Sessions go on by tickets that the client keeps: nothing is kept here for a connection that is gone.
///
/// # Errors
/// If the kernel gives no random numbers.
pub fn server_config(leaves: Arc<Leaves>) -> Result<Arc<ServerConfig>, Error> {
    let builder =
        ServerConfig::builder_with_provider(Arc::new(provider())).with_protocol_versions(VERSIONS)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(leaves);
    config.alpn_protocols = alpn();
    // It has a name of its own there, RFC 7301 section 6: curl -0 offers that alone.
    config.alpn_protocols.push(b"http/1.0".to_vec());
    config.ticketer = Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // A client gets the next with its next connection; of two, it would seldom use the second.
    config.send_tls13_tickets = 1;
    config.ignore_client_order = true;
    Ok(Arc::new(config))
}

/// Returns how the router speaks TLS with an upstream of this machine, whose certificate it takes as it is: that it is the right
/// one, its socket's owner tells: for HTTP/2 or HTTP/1.1, and for HTTP/1.1 alone.
///
/// # Errors
/// None that is known.
pub fn client_configs() -> Result<[Arc<ClientConfig>; 2], Error> {
    let provider = Arc::new(provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(VERSIONS)?;
    let verifier = Arc::new(Anybody { provider });
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = alpn();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    let mut one = config.clone();
    one.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok([Arc::new(config), Arc::new(one)])
}

/// AES with 128 bits first: on one machine it is the cheapest, and all clients have it.
fn provider() -> CryptoProvider {
    let cipher_suites = vec![
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        // For a certificate of one's own, and upstreams.
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    CryptoProvider { cipher_suites, ..default_provider() }
}

fn alpn() -> Vec<Vec<u8>> {
    vec![b"h2".to_vec(), HTTP_1_1.to_vec()]
}

/// Believes every certificate whose key the server has.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

const HTTP_1_1: &[u8] = b"http/1.1";
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&TLS13, &TLS12];
/// Sessions with upstreams that are kept, at most.
const SESSIONS: usize = 32;
