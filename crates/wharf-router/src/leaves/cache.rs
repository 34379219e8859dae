//! The certificates that were given, as many as are of use: those that nobody asks for any more make room.
//!
//! Not here: making them.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use rustls::sign::CertifiedKey;

use crate::authority::Subject;

/// Two generations: what is asked for moves to the younger, and when that is full the elder is dropped.
#[derive(Default)]
pub(super) struct Cache {
    young: HashMap<Box<str>, Kept>,
    old: HashMap<Box<str>, Kept>,
}

struct Kept {
    certified: Arc<CertifiedKey>,
    /// From when on another is made, in seconds since 1970.
    until: i64,
}

impl Cache {
    /// Returns the certificate of `subject` if it is good at `now`, in seconds since 1970.
    pub(super) fn find(&mut self, subject: Subject<'_>, now: i64) -> Option<Arc<CertifiedKey>> {
        let name = name(subject);
        if let Some(kept) = self.young.get(name) {
            return (now < kept.until).then(|| Arc::clone(&kept.certified));
        }
        let (name, kept) = self.old.remove_entry(name)?;
        let certified = (now < kept.until).then(|| Arc::clone(&kept.certified))?;
        self.insert(name, kept);
        Some(certified)
    }

    /// Keeps a certificate that is good until `until`, in seconds since 1970.
    pub(super) fn keep(&mut self, subject: Subject<'_>, certified: Arc<CertifiedKey>, until: i64) {
        self.insert(name(subject).into(), Kept { certified, until });
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn insert(&mut self, name: Box<str>, kept: Kept) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&name) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(name, kept);
    }
}

/// Loopback has the name that no host has.
fn name(subject: Subject<'_>) -> &str {
    match subject {
        Subject::Host(host) => host,
        Subject::Loopback => "",
    }
}

/// Certificates of a generation at most; 1.5 KB each.
const GENERATION: usize = 256;

#[cfg(test)]
impl Cache {
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}
