//! The local authority: the certificate that browsers are to trust, made once for each user, and the one that it vouches for,
//! whose key signs leaves.
//!
//! The root's key signs one intermediate certificate and is gone: it is never written, and nobody can sign another. The
//! intermediate may vouch for the configured domains and for loopback alone. That stands in it and not in the root: of a
//! trust anchor, RFC 5280 section 6.2 lets a client regard no more than name and key, and LibreSSL 4.3.2 refuses what it
//! misreads there. Both end together, because a new one would need the root's key.
//!
//! Not here: leaves for names that are asked for (`leaves`), and who trusts it (`wharf trust`).

mod bundle;
mod der;
mod sign;

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use wharf_os::state;
use wharf_os::vault::{self, Guard, VaultError};

pub use self::bundle::refresh_bundle;
pub(crate) use self::sign::Subject;

/// The folder of the authority, in the state directory.
pub const FOLDER: &str = "authority";
/// The root certificate, which is trusted.
pub const ROOT: &str = "root.pem";
/// The intermediate certificate.
pub const CHAIN: &str = "chain.pem";
/// The key of the intermediate certificate.
pub const KEY: &str = "key.pem";
/// The certificates that this machine trusts, and ours.
pub const BUNDLE: &str = "bundle.pem";

/// The local authority, ready to sign.
#[derive(Debug)]
pub struct Authority {
    pub(crate) root: CertificateDer<'static>,
    pub(crate) chain: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    not_after: i64,
    domains: Vec<String>,
}

/// Why there is no authority to sign anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// None was made yet.
    #[error("there is no local authority yet: wharf trust makes one")]
    Absent,
    /// Its files are not kept as they must be.
    #[error("the local authority is not used: {0}")]
    Loose(String),
    /// Its files are not one whole.
    #[error(
        "the local authority in {0} is damaged ({1}): remove that folder, and let wharf trust make another"
    )]
    Foreign(String, String),
    /// Its time is over.
    #[error("the local authority in {0} has expired: wharf trust makes another")]
    Expired(String),
    /// Its time has not begun.
    #[error("the local authority in {0} is not valid yet: is this machine's clock right?")]
    Early(String),
    /// It may not vouch for this name.
    #[error(
        "the local authority may not vouch for {0}, but for {1}: wharf trust makes another for the domains of now"
    )]
    NotCovered(String, String),
    /// Its files cannot be read or written.
    #[error("the local authority: {0}")]
    Io(#[from] io::Error),
    /// It could not be made, or could not sign.
    #[error("the local authority cannot sign: {0}")]
    Sign(String),
}

/// Returns the folder where this user's authority is or would be; the folder around it is made.
///
/// # Errors
/// As [`state::directory`].
pub fn folder() -> io::Result<PathBuf> {
    Ok(state::directory()?.join(FOLDER))
}

impl Authority {
    /// Opens the authority of `folder`, at `now` in seconds since 1970, and looks whether what it signs is believed.
    ///
    /// # Errors
    /// Any [`AuthorityError`] but `NotCovered`.
    pub fn open(folder: &Path, now: i64) -> Result<Self, AuthorityError> {
        let shown = folder.display().to_string();
        let foreign = |text: &str| AuthorityError::Foreign(shown.clone(), text.to_owned());
        let read = |name: &str, guard: Guard| match vault::read(folder, name, guard) {
            Ok(bytes) => Ok(bytes),
            Err(VaultError::Loose(text)) => Err(AuthorityError::Loose(text)),
            // Without a folder there is none; without a file of it there is half of one.
            Err(VaultError::Absent(_)) if !folder.exists() => Err(AuthorityError::Absent),
            Err(error @ VaultError::Absent(_)) => Err(foreign(&error.to_string())),
            Err(VaultError::Io(_, error)) => Err(error.into()),
            Err(error) => Err(foreign(&error.to_string())),
        };
        let certificate = |name: &str| {
            let der = CertificateDer::from_pem_slice(&read(name, Guard::Own)?);
            der.map_err(|_| foreign(&format!("{name} holds no certificate")))
        };
        let key = read(KEY, Guard::Secret)?;
        let (root, chain) = (certificate(ROOT)?, certificate(CHAIN)?);
        let key = std::str::from_utf8(&key).ok().and_then(|key| KeyPair::from_pem(key).ok());
        let key = key.ok_or_else(|| foreign(&format!("{KEY} holds no key")))?;
        let facts =
            der::read(&chain).ok_or_else(|| foreign(&format!("{CHAIN} is no certificate of wharf's")))?;
        if facts.public_key != key.public_key_raw() {
            return Err(foreign(&format!("{KEY} is not the key of {CHAIN}")));
        }
        if facts.not_after <= now {
            return Err(AuthorityError::Expired(shown));
        }
        if facts.not_before > now {
            return Err(AuthorityError::Early(shown));
        }
        let issuer = sign::issuer(&facts.common_name, &facts.organization, key);
        let domains = facts.domains;
        let authority = Self { root, chain, issuer, not_after: facts.not_after, domains };
        authority.try_out(now).map_err(|text| foreign(&text))?;
        Ok(authority)
    }

    /// Opens the authority of `folder`, and makes one for `domains` if there is none. Of many who do so at once, one makes it.
    ///
    /// # Errors
    /// Any [`AuthorityError`] but `Absent` and `NotCovered`.
    pub fn open_or_make(folder: &Path, domains: &[String], now: i64) -> Result<Self, AuthorityError> {
        match Self::open(folder, now) {
            Err(AuthorityError::Absent) => {}
            other => return other,
        }
        let _turn = vault::alone(folder)?;
        match Self::open(folder, now) {
            Err(AuthorityError::Absent) => {}
            other => return other,
        }
        Self::put(folder, domains, now)
    }

    /// Makes an authority for `domains` in the place of the one of `folder`, unless that has become `good` meanwhile.
    ///
    /// # Errors
    /// Any [`AuthorityError`] but `Absent` and `NotCovered`.
    pub fn replace(
        folder: &Path,
        domains: &[String],
        now: i64,
        good: impl Fn(&Self) -> bool,
    ) -> Result<Self, AuthorityError> {
        let _turn = vault::alone(folder)?;
        match Self::open(folder, now) {
            Ok(authority) if good(&authority) => Ok(authority),
            // What is looser than it may be, or is no authority at all, is for its user to look at.
            Ok(_) | Err(AuthorityError::Absent | AuthorityError::Expired(_)) => {
                Self::put(folder, domains, now)
            }
            Err(error) => Err(error),
        }
    }

    fn put(folder: &Path, domains: &[String], now: i64) -> Result<Self, AuthorityError> {
        let made = sign::make(domains, now)?;
        let files =
            [(ROOT, made.root.as_bytes()), (CHAIN, made.chain.as_bytes()), (KEY, made.key.as_bytes())];
        vault::replace(folder, &files)?;
        Self::open(folder, now)
    }

    /// Returns whether it may vouch for the host name.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| is_below(host, domain))
    }

    /// Returns whether its time is over, at `now` in seconds since 1970.
    pub(crate) fn has_ended(&self, now: i64) -> bool {
        self.not_after <= now
    }

    /// Returns why another must be made, in a sentence: it does not cover all of `domains`, or ends soon.
    #[must_use]
    pub fn shortcoming(&self, domains: &[String], now: i64) -> Option<String> {
        let missing: Vec<&str> =
            domains.iter().map(String::as_str).filter(|domain| !self.covers(domain)).collect();
        if !missing.is_empty() {
            return Some(format!(
                "the local authority may not vouch for {}, but for {}: another must be made and trusted (wharf trust)",
                missing.join(", "),
                self.domains.join(", ")
            ));
        }
        let days = (self.not_after - now) / DAY;
        (days < RENEWAL_DAYS).then(|| {
            format!("the local authority ends in {days} days: another must be made and trusted (wharf trust)")
        })
    }

    /// Returns the SHA-256 of the root certificate, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.root)
    }
}

/// Returns the SHA-256 of the certificate of a file in PEM, in hexadecimal; `None` if it holds none.
#[must_use]
pub fn fingerprint_of(pem: &[u8]) -> Option<String> {
    CertificateDer::from_pem_slice(pem).ok().map(|der| fingerprint(&der))
}

fn fingerprint(der: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether `host` is `domain`, or below it.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Seconds.
const DAY: i64 = 86_400;
/// With less than this left, another is made by `wharf trust`.
const RENEWAL_DAYS: i64 = 60;

#[cfg(test)]
mod tests;
