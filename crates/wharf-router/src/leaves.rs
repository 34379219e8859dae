//! Certificates for the names that are asked for in a TLS handshake: made at first need, kept in memory, for registered names
//! only.
//!
//! All leaves share one key, made when the first is: they live in one process, which would lose all keys at once, and its end
//! is the end of them. What a new name costs is one signature. Nothing is read or made before somebody asks.
//!
//! Not here: who signs (`authority`), and how connections are made of it ([`tls`] holds the settings).

mod cache;
pub mod tls;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::KeyPair;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use wharf_os::traits::Clock;
use wharf_os::vault;

use self::cache::Cache;
use crate::authority::{Authority, AuthorityError, KEY, Subject};

/// Tells whether a host name, in lower case, is registered; also asked for `127.0.0.1` and `::1` where a client names no host.
pub type IsRegistered = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// The certificates of one router.
pub struct Leaves {
    source: Source,
    is_registered: IsRegistered,
}

/// Why a certificate of one's own cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The file cannot be read, or is not what it should be.
    #[error("{0}: {1}")]
    File(String, String),
    /// Certificate and key are not of one another.
    #[error("{0} is not the key of the first certificate of {1}")]
    Mismatch(String, String),
}

enum Source {
    /// One certificate for every registered name.
    Own(Arc<CertifiedKey>),
    Authority(Box<Issue>),
}

struct Issue {
    folder: PathBuf,
    domains: Vec<String>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    signer: Option<Signer>,
    cache: Cache,
    /// Why the last certificate could not be given.
    fault: Option<String>,
    /// When the files were last looked at, in seconds since 1970.
    looked_at: i64,
}

struct Signer {
    authority: Authority,
    stamp: Stamp,
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
}

type Stamp = Option<(u64, i64, i64)>;

impl Leaves {
    /// Returns certificates signed by the authority of `folder`, which is made for `domains` at first need if there is none.
    #[must_use]
    pub fn new(
        folder: PathBuf,
        domains: Vec<String>,
        clock: Arc<dyn Clock>,
        is_registered: IsRegistered,
    ) -> Self {
        let state = Mutex::default();
        Self { source: Source::Authority(Box::new(Issue { folder, domains, clock, state })), is_registered }
    }

    /// Returns the certificate chain of the file `cert` with the key of the file `key`, both in PEM, for every registered name.
    ///
    /// # Errors
    /// Any [`CertificateError`].
    pub fn with_certificate(
        cert: &Path,
        key: &Path,
        is_registered: IsRegistered,
    ) -> Result<Self, CertificateError> {
        let file = |path: &Path, text: String| CertificateError::File(path.display().to_string(), text);
        let read = |path: &Path| std::fs::read(path).map_err(|error| file(path, error.to_string()));
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(cert)?).collect();
        let chain = chain.map_err(|error| file(cert, error.to_string()))?;
        if chain.is_empty() {
            return Err(file(cert, "holds no certificate in PEM".to_owned()));
        }
        let der = PrivateKeyDer::from_pem_slice(&read(key)?);
        let der = der.map_err(|_| file(key, "holds no private key in PEM".to_owned()))?;
        let signing = any_supported_type(&der).map_err(|error| file(key, error.to_string()))?;
        let certified = CertifiedKey::new(chain, signing);
        if certified.keys_match().is_err() {
            return Err(CertificateError::Mismatch(key.display().to_string(), cert.display().to_string()));
        }
        Ok(Self { source: Source::Own(Arc::new(certified)), is_registered })
    }

    /// Returns why the last handshake for a registered name got no certificate; `None` once one has got its own.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match &self.source {
            Source::Own(_) => None,
            Source::Authority(issue) => issue.lock().fault.clone(),
        }
    }

    /// Returns the certificate for the host that a client names, or for loopback if it names none.
    fn certificate(&self, host: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let lower;
        let host = match host {
            Some(host) if host.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                lower = host.to_ascii_lowercase();
                Some(lower.as_str())
            }
            other => other,
        };
        let subject = match host {
            Some(host) if (self.is_registered)(host) => Subject::Host(host),
            // A client that was given an address names no host; RFC 6066 section 3.
            None if LOOPBACK.iter().any(|address| (self.is_registered)(address)) => Subject::Loopback,
            _ => return None,
        };
        match &self.source {
            Source::Own(certified) => Some(Arc::clone(certified)),
            Source::Authority(issue) => issue.certificate(subject),
        }
    }
}

impl Issue {
    fn certificate(&self, subject: Subject<'_>) -> Option<Arc<CertifiedKey>> {
        let now = self.clock.now().unix_ms().div_euclid(1000);
        let mut state = self.lock();
        let given = self.given(&mut state, subject, now);
        match given {
            Ok(certified) => {
                state.fault = None;
                Some(certified)
            }
            Err(error) => {
                state.fault = Some(error);
                None
            }
        }
    }

    fn given(&self, state: &mut State, subject: Subject<'_>, now: i64) -> Result<Arc<CertifiedKey>, String> {
        let State { signer, cache, fault, looked_at } = state;
        // `wharf trust` may have made another meanwhile, and clients then trust that one.
        if now.abs_diff(*looked_at) >= LOOK_AGAIN_S {
            *looked_at = now;
            let stamp = vault::stamp(&self.folder.join(KEY));
            if signer.as_ref().is_none_or(|signer| signer.stamp != stamp || signer.authority.has_ended(now)) {
                *signer = None;
                *fault = None;
                cache.clear();
            }
        }
        if let Some(certified) = cache.find(subject, now) {
            return Ok(certified);
        }
        let signer = match signer {
            Some(signer) => signer,
            None => match fault {
                // Nobody is to keep the disk busy by asking again and again.
                Some(fault) => return Err(fault.clone()),
                None => signer.insert(self.signer(now).map_err(|error| error.to_string())?),
            },
        };
        let (leaf, end) =
            signer.authority.issue(subject, &signer.key, now).map_err(|error| error.to_string())?;
        let chain = vec![leaf, signer.authority.chain.clone()];
        let certified = Arc::new(CertifiedKey::new(chain, Arc::clone(&signer.signing)));
        // For the rest of a connection, and for clocks that differ.
        cache.keep(subject, Arc::clone(&certified), end - (end - now) / 3);
        Ok(certified)
    }

    fn signer(&self, now: i64) -> Result<Signer, AuthorityError> {
        let stamp = || vault::stamp(&self.folder.join(KEY));
        let before = stamp();
        let authority = Authority::open_or_make(&self.folder, &self.domains, now)?;
        let key = KeyPair::generate()?;
        let der = PrivateKeyDer::try_from(key.serialize_der());
        let der = der.map_err(|text| AuthorityError::Sign(text.to_owned()))?;
        let signing = any_supported_type(&der).map_err(|error| AuthorityError::Sign(error.to_string()))?;
        // One that changed while it was read is read again at the next look.
        Ok(Signer { authority, stamp: before.or_else(stamp), key, signing })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing is left half done by one that panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certificate(hello.server_name())
    }
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves").finish_non_exhaustive()
    }
}

const LOOPBACK: [&str; 2] = ["127.0.0.1", "::1"];
/// After so many seconds it is looked whether there is another authority.
const LOOK_AGAIN_S: u64 = 2;

#[cfg(test)]
mod tests;
