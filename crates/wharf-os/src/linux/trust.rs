//! Making a certificate trusted by this machine's programs, and undoing exactly that: the system's store, the NSS databases of
//! Chromium and Firefox, and Java's key stores.
//!
//! What is to be done is decided here, on facts ([`Facts`]) and without a look at the machine; `look` finds them and `act`
//! does it. What was put somewhere carries the certificate's fingerprint in its name, so that nothing of others is touched;
//! the [`journal`] holds where, for what is no longer found. Not here: whose certificate it is.

#[path = "trust/act.rs"]
mod act;
#[path = "trust/journal.rs"]
pub mod journal;
#[path = "trust/look.rs"]
mod look;

use std::path::{Path, PathBuf};

use wharf_model::shell;
use wharf_model::trust::TrustStore;

pub use self::act::carry_out;
pub use self::look::{Machine, as_root};

/// A certificate that is to be trusted, or no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its file.
    pub file: PathBuf,
    /// What that holds, in PEM.
    pub pem: Vec<u8>,
    /// Its SHA-256, in hexadecimal.
    pub fingerprint: String,
}

/// What is to become of an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Be trusted.
    Add,
    /// Be trusted no longer.
    Remove,
}

/// Whether an anchor is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is not.
    Absent,
    /// It is.
    Present,
    /// Half of what it takes is: that is to be completed, or removed.
    Partly,
    /// That cannot be told, and why.
    Unknown(String),
}

/// How an operating system keeps its certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Debian, Ubuntu, Alpine, Gentoo.
    Debian,
    /// Fedora, Red Hat.
    Fedora,
    /// Arch.
    Arch,
    /// SUSE.
    Suse,
}

/// The system's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemStore {
    /// How it is kept.
    pub way: Way,
    /// The file that the certificate has there or would have.
    pub file: PathBuf,
    /// Whether it is there.
    pub presence: Presence,
}

/// An NSS database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Whose it is.
    pub store: TrustStore,
    /// Its folder.
    pub folder: PathBuf,
    /// True if it is there.
    pub exists: bool,
    /// Whether the certificate is in it.
    pub presence: Presence,
}

/// A key store of Java that is not made of the system's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keystore {
    /// Its file.
    pub file: PathBuf,
    /// The program that changes it.
    pub keytool: PathBuf,
    /// True if it may be written to.
    pub is_writable: bool,
    /// Whether the certificate is in it.
    pub presence: Presence,
}

/// What is to be known of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// True for root.
    pub is_root: bool,
    /// The system's store; absent if none is known.
    pub system: Option<SystemStore>,
    /// True if certutil(1) of NSS is installed.
    pub has_certutil: bool,
    /// NSS databases.
    pub databases: Vec<Database>,
    /// Key stores of Java.
    pub keystores: Vec<Keystore>,
    /// How certutil is installed here.
    pub install_certutil: String,
    /// The command line that does the system's part as root.
    pub as_root: String,
}

/// What is to be done with one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Kind of the store.
    pub store: TrustStore,
    /// Its file or folder.
    pub place: Option<PathBuf>,
    /// What is to be done.
    pub doing: Doing,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Nothing.
    Already,
    /// This.
    Work(Work),
    /// Nothing that could be done now: why, and the command that does it.
    Left(String, Option<String>),
}

/// A change of one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Of the system's, by way of a file.
    System(Way, PathBuf),
    /// Of an NSS database, which is made first if it is not there.
    Database {
        /// Its folder.
        folder: PathBuf,
        /// True if it is made.
        is_made: bool,
    },
    /// Of a key store.
    Keystore {
        /// Its file.
        file: PathBuf,
        /// The program that changes it.
        keytool: PathBuf,
    },
}

impl Anchor {
    /// Returns what it is called in a store: the begin of its fingerprint, behind ours.
    #[must_use]
    pub fn name(&self) -> String {
        format!("wharf-{}", self.fingerprint.get(..NAME_DIGITS).unwrap_or(&self.fingerprint))
    }
}

/// Decides what is to be done, store by store.
#[must_use]
pub fn plan(action: Action, anchor: &Anchor, facts: &Facts) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    match &facts.system {
        Some(system) => steps.push(of_system(action, system, facts)),
        None if action == Action::Add => {
            let text =
                format!("no store of the system is known here: let it trust {}", anchor.file.display());
            steps.push(Step { store: TrustStore::System, place: None, doing: Doing::Left(text, None) });
        }
        None => {}
    }
    steps.extend(facts.databases.iter().filter_map(|database| of_database(action, database, facts)));
    steps.extend(facts.keystores.iter().map(|keystore| of_keystore(action, anchor, keystore)));
    steps
}

/// Decides what is to be done with the system's store alone, as root.
#[must_use]
pub fn plan_system(action: Action, facts: &Facts) -> Option<Step> {
    facts.system.as_ref().map(|system| of_system(action, system, facts))
}

/// Returns whether an action has come to its end already.
fn is_reached(action: Action, presence: &Presence) -> bool {
    matches!((action, presence), (Action::Add, Presence::Present) | (Action::Remove, Presence::Absent))
}

fn of_system(action: Action, system: &SystemStore, facts: &Facts) -> Step {
    let doing = match &system.presence {
        presence if is_reached(action, presence) => Doing::Already,
        Presence::Unknown(why) => Doing::Left(why.clone(), None),
        _ if !facts.is_root => Doing::Left("it takes root".to_owned(), Some(facts.as_root.clone())),
        _ => Doing::Work(Work::System(system.way, system.file.clone())),
    };
    Step { store: TrustStore::System, place: Some(system.file.clone()), doing }
}

fn of_database(action: Action, database: &Database, facts: &Facts) -> Option<Step> {
    let Database { store, folder, exists, presence } = database;
    if action == Action::Remove && !exists {
        return None;
    }
    let doing = match presence {
        presence if is_reached(action, presence) => Doing::Already,
        _ if !facts.has_certutil => {
            Doing::Left("certutil is not installed".to_owned(), Some(facts.install_certutil.clone()))
        }
        Presence::Unknown(why) => Doing::Left(why.clone(), None),
        _ => Doing::Work(Work::Database { folder: folder.clone(), is_made: !exists }),
    };
    Some(Step { store: *store, place: Some(folder.clone()), doing })
}

fn of_keystore(action: Action, anchor: &Anchor, keystore: &Keystore) -> Step {
    let Keystore { file, keytool, is_writable, presence } = keystore;
    let work = Work::Keystore { file: file.clone(), keytool: keytool.clone() };
    let doing = match presence {
        presence if is_reached(action, presence) => Doing::Already,
        Presence::Unknown(why) => Doing::Left(why.clone(), None),
        _ if !is_writable => {
            let lines = work.commands(action, anchor);
            Doing::Left("it takes root".to_owned(), lines.first().map(|line| format!("sudo {line}")))
        }
        _ => Doing::Work(work),
    };
    Step { store: TrustStore::Java, place: Some(file.clone()), doing }
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fedora, Self::Debian, Self::Arch, Self::Suse];

    /// Returns the folder for certificates that are added.
    #[must_use]
    pub fn anchors(self) -> &'static str {
        match self {
            Self::Debian => "/usr/local/share/ca-certificates",
            Self::Fedora => "/etc/pki/ca-trust/source/anchors",
            Self::Arch => "/etc/ca-certificates/trust-source/anchors",
            Self::Suse => "/etc/pki/trust/anchors",
        }
    }

    /// Returns the file that all certificates end up in.
    #[must_use]
    pub fn bundle(self) -> &'static str {
        match self {
            Self::Debian => "/etc/ssl/certs/ca-certificates.crt",
            Self::Fedora => "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            Self::Arch => "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
            Self::Suse => "/var/lib/ca-certificates/ca-bundle.pem",
        }
    }

    /// Returns the command that takes up what was added and drops what is gone.
    #[must_use]
    pub fn update(self) -> &'static [&'static str] {
        match self {
            Self::Debian | Self::Suse => &["update-ca-certificates"],
            Self::Fedora => &["update-ca-trust", "extract"],
            Self::Arch => &["update-ca-trust"],
        }
    }
}

impl Work {
    /// Returns the command lines that do it.
    #[must_use]
    pub fn commands(&self, action: Action, anchor: &Anchor) -> Vec<String> {
        let source = quoted(&anchor.file);
        match self {
            Self::System(way, file) => {
                let change = match action {
                    Action::Add => format!("install -m 0644 {source} {}", quoted(file)),
                    Action::Remove => format!("rm {}", quoted(file)),
                };
                vec![change, way.update().join(" ")]
            }
            Self::Database { folder, is_made } => {
                let make = is_made.then(|| act::make_words(folder));
                let lines = make.into_iter().chain([act::nss_words(action, anchor, folder)]);
                lines.map(|words| line("certutil", &words)).collect()
            }
            Self::Keystore { file, keytool } => {
                vec![line(&quoted(keytool), &act::java_words(action, anchor, file))]
            }
        }
    }
}

/// Returns a command line as a shell takes it.
fn line(program: &str, words: &[String]) -> String {
    format!("{program} {}", shell::line(words.iter().map(String::as_str)))
}

/// Returns a path as a shell takes it.
#[must_use]
pub fn quoted(path: &Path) -> String {
    shell::quoted(&path.to_string_lossy())
}

/// Digits of a fingerprint in a name.
const NAME_DIGITS: usize = 16;

#[cfg(test)]
#[path = "trust/tests.rs"]
mod tests;
