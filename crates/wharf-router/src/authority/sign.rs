//! Making certificates: the two of an authority, and the leaves that it signs. P-256 throughout.
//!
//! Not here: files.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, Error,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType, SerialNumber, date_time_ymd,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{RootCertStore, crypto};

use super::{Authority, AuthorityError, DAY};

/// What a leaf is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject<'a> {
    /// A host name, in lower case.
    Host(&'a str),
    /// 127.0.0.1 and ::1.
    Loopback,
}

/// An authority as its files hold it, in PEM.
pub(super) struct Made {
    pub root: String,
    pub chain: String,
    pub key: String,
}

/// Makes an authority that may vouch for `domains` and for loopback. The root's key is gone when this returns.
pub(super) fn make(domains: &[String], now: i64) -> Result<Made, AuthorityError> {
    let id = hex(&random::<4>()?);
    // Clients know certificates by their names: two authorities of one name would be taken for each other.
    let name = |kind: &str| format!("wharf local {kind} {id}");
    let root_key = KeyPair::generate()?;
    let mut root = ca(&name("authority"), 1, now)?;
    let root_certificate = root.self_signed(&root_key)?;
    root.use_authority_key_identifier_extension = false;
    let key = KeyPair::generate()?;
    let mut chain = ca(&name("intermediate"), 0, now)?;
    chain.use_authority_key_identifier_extension = true;
    // Servers alone: no code, no mail.
    chain.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let names = domains.iter().map(|domain| GeneralSubtree::DnsName(domain.clone()));
    let loopback = [
        CidrSubnet::from_addr_prefix(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
        CidrSubnet::from_addr_prefix(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    ];
    chain.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.chain(loopback.map(GeneralSubtree::IpAddress)).collect(),
        excluded_subtrees: Vec::new(),
    });
    let chain_certificate = chain.signed_by(&key, &Issuer::from_params(&root, &root_key))?;
    Ok(Made { root: root_certificate.pem(), chain: chain_certificate.pem(), key: key.serialize_pem() })
}

fn ca(name: &str, path_length: u8, now: i64) -> Result<CertificateParams, AuthorityError> {
    let mut params = validity(now, VALID_DAYS * DAY)?;
    params.distinguished_name = named(name, ORGANIZATION);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Returns who signs with `key` as the certificate of this name.
pub(super) fn issuer(common_name: &str, organization: &str, key: KeyPair) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common_name, organization);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Issuer::new(params, key)
}

impl Authority {
    /// Signs a leaf for `subject` with `key`, and returns it with the end of its validity, in seconds since 1970.
    ///
    /// # Errors
    /// [`AuthorityError::NotCovered`] of a name that it may not vouch for.
    pub(crate) fn issue(
        &self,
        subject: Subject<'_>,
        key: &KeyPair,
        now: i64,
    ) -> Result<(CertificateDer<'static>, i64), AuthorityError> {
        if let Subject::Host(host) = subject
            && !self.covers(host)
        {
            return Err(AuthorityError::NotCovered(host.to_owned(), self.domains.join(", ")));
        }
        self.sign(subject, key, now)
    }

    /// Signs without a look at the name.
    pub(super) fn sign(
        &self,
        subject: Subject<'_>,
        key: &KeyPair,
        now: i64,
    ) -> Result<(CertificateDer<'static>, i64), AuthorityError> {
        let seconds = (LEAF_DAYS * DAY).min(self.not_after - now);
        let mut params = validity(now, seconds)?;
        let name = match subject {
            Subject::Host(host) => {
                let host =
                    host.to_owned().try_into().map_err(|_| AuthorityError::Sign(format!("{host:?}")))?;
                params.subject_alt_names = vec![SanType::DnsName(host)];
                "wharf local name"
            }
            Subject::Loopback => {
                let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                params.subject_alt_names = both.map(SanType::IpAddress).into();
                "wharf local address"
            }
        };
        // The name itself stands where clients look for it; a common name holds 64 characters only.
        params.distinguished_name = named(name, ORGANIZATION);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        Ok((params.signed_by(key, &self.issuer)?.into(), now + seconds))
    }

    /// Looks whether a client that trusts the root believes what this signs.
    pub(super) fn try_out(&self, now: i64) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let (leaf, _) = self.sign(Subject::Loopback, self.issuer.key(), now).map_err(|e| text(&e))?;
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).map_err(|e| text(&e))?;
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|e| text(&e))?;
        let name = ServerName::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.try_into().unwrap_or(0)));
        verifier
            .verify_server_cert(&leaf, std::slice::from_ref(&self.chain), &name, &[], now)
            .map(drop)
            .map_err(|e| text(&e))
    }
}

impl From<Error> for AuthorityError {
    fn from(error: Error) -> Self {
        Self::Sign(error.to_string())
    }
}

fn named(common_name: &str, organization: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::CommonName, common_name);
    name
}

/// Returns the parameters of a certificate that is valid from a day ago, for clocks that differ, until `seconds` from now.
fn validity(now: i64, seconds: i64) -> Result<CertificateParams, AuthorityError> {
    let at = |seconds: i64| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.try_into().unwrap_or(0));
    let mut params = CertificateParams::default();
    params.not_before = at(now - DAY);
    params.not_after = at(now + seconds);
    // By default it is made of the key, which leaves share: Firefox refuses two certificates of one number.
    params.serial_number = Some(SerialNumber::from_slice(&random::<16>()?));
    Ok(params)
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], AuthorityError> {
    let mut bytes = [0; BYTES];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| AuthorityError::Sign("the kernel gives no random numbers".to_owned()))?;
    // A number is positive, and has as many bytes however it begins.
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ORGANIZATION: &str = "wharf";
/// Of both certificates of an authority.
const VALID_DAYS: i64 = 3650;
const LEAF_DAYS: i64 = 30;
