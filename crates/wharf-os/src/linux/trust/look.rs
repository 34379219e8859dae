//! Which stores this machine has, and whether a certificate is in them. Changes nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use wharf_model::trust::TrustStore;

use super::act::{self, CERTUTIL};
use super::journal::Journal;
use super::{Anchor, Database, Facts, Keystore, Presence, SystemStore, Way, quoted};

/// Where a machine and its user keep things.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The root of its files.
    pub root: PathBuf,
    /// The home of its user.
    pub home: PathBuf,
    /// `$XDG_DATA_HOME`.
    pub data: PathBuf,
    /// `$XDG_CONFIG_HOME`.
    pub config: PathBuf,
    /// Folders of programs.
    pub path: Vec<PathBuf>,
    /// `$JAVA_HOME`.
    pub java: Option<PathBuf>,
}

impl Machine {
    /// Returns this machine, as the environment tells it; `None` without a home.
    #[must_use]
    pub fn own() -> Option<Self> {
        let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME")?;
        let mut path: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
        // Where what root needs is kept, which users do not have in theirs.
        path.extend(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from));
        Some(Self {
            root: "/".into(),
            data: absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")),
            config: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            java: absolute("JAVA_HOME"),
            home,
            path,
        })
    }

    /// Returns what there is, and whether `anchor` is in it; `as_root` is the command line that does the system's part.
    #[must_use]
    pub fn look(&self, anchor: &Anchor, journal: &Journal, as_root: String) -> Facts {
        let has_certutil = self.program(&[CERTUTIL]).is_some();
        let mut databases = self.databases();
        for folder in journal.databases(&anchor.fingerprint) {
            if !databases.iter().any(|(_, known)| *known == folder) {
                databases.push((TrustStore::Chromium, folder));
            }
        }
        let of = |(store, folder): (TrustStore, PathBuf)| {
            let exists = folder.join(DATABASE_FILE).is_file();
            let presence = match exists {
                true if has_certutil => act::in_database(anchor, &folder),
                true => Presence::Unknown(format!("{CERTUTIL} is not installed")),
                false => Presence::Absent,
            };
            Database { store, folder, exists, presence }
        };
        Facts {
            is_root: rustix::process::geteuid().is_root(),
            system: self.system(anchor),
            has_certutil,
            databases: databases.into_iter().map(of).collect(),
            keystores: self.keystores(anchor),
            install_certutil: self.install_certutil().to_owned(),
            as_root,
        }
    }

    /// Returns what there is of the system's store alone.
    #[must_use]
    pub fn look_at_system(&self, anchor: &Anchor, as_root: String) -> Facts {
        Facts {
            is_root: rustix::process::geteuid().is_root(),
            system: self.system(anchor),
            has_certutil: false,
            databases: Vec::new(),
            keystores: Vec::new(),
            install_certutil: String::new(),
            as_root,
        }
    }

    /// Returns the system's store.
    #[must_use]
    pub fn system(&self, anchor: &Anchor) -> Option<SystemStore> {
        let way = Way::ALL
            .into_iter()
            .find(|way| self.at(way.anchors()).is_dir() && self.program(&way.update()[..1]).is_some())?;
        let file = self.at(way.anchors()).join(format!("{}.crt", anchor.name()));
        let body = body(&anchor.pem);
        let taken_up = fs::read(self.at(way.bundle())).is_ok_and(|bundle| holds(&bundle, &body));
        let presence = match fs::read(&file) {
            Ok(pem) if self::body(&pem) != body => {
                Presence::Unknown("there is another file of that name: look at it, and remove it".to_owned())
            }
            Ok(_) if taken_up => Presence::Present,
            Ok(_) => Presence::Partly,
            Err(_) if taken_up => Presence::Partly,
            Err(_) => Presence::Absent,
        };
        Some(SystemStore { way, file, presence })
    }

    /// Returns the NSS databases that there are, and the one that Chromium would look into if there is none.
    fn databases(&self) -> Vec<(TrustStore, PathBuf)> {
        use TrustStore::{Chromium, Firefox};
        let home = &self.home;
        let own = [home.join(".pki/nssdb"), self.data.join("pki/nssdb")];
        let each = |folder: &str, below: &[&str]| -> Vec<PathBuf> {
            let folders = children(&home.join(folder));
            folders.iter().flat_map(|folder| below.iter().map(|below| folder.join(below))).collect()
        };
        let mut chromium: Vec<PathBuf> = own.to_vec();
        chromium.extend(each("snap", &["current/.pki/nssdb", "current/.local/share/pki/nssdb"]));
        chromium.extend(each(".var/app", &[".pki/nssdb", "data/pki/nssdb"]));
        let mut homes = vec![home.join(".mozilla/firefox"), self.config.join("mozilla/firefox")];
        homes.push(home.join("snap/firefox/common/.mozilla/firefox"));
        homes.extend(each(".var/app", &[".mozilla/firefox", "config/mozilla/firefox"]));
        let firefox = homes.iter().flat_map(|folder| children(folder));
        let all = chromium.into_iter().map(|it| (Chromium, it)).chain(firefox.map(|it| (Firefox, it)));
        let mut found: Vec<(TrustStore, PathBuf)> = Vec::new();
        for (store, folder) in all.filter(|(_, folder)| folder.join(DATABASE_FILE).is_file()) {
            // By several names, it is one all the same.
            let folder = folder.canonicalize().unwrap_or(folder);
            if !found.iter().any(|(_, known)| *known == folder) {
                found.push((store, folder));
            }
        }
        let has_own = own.iter().any(|folder| folder.join(DATABASE_FILE).is_file());
        if !has_own && self.program(CHROMIUM).is_some() {
            let [folder, _] = own;
            found.insert(0, (Chromium, folder));
        }
        found
    }

    /// Returns the key stores of Java that are not made of the system's store.
    fn keystores(&self, anchor: &Anchor) -> Vec<Keystore> {
        let of_path = self.program(&["java"]).and_then(|java| java.canonicalize().ok());
        let of_path = of_path.and_then(|java| Some(java.parent()?.parent()?.to_owned()));
        let mut found: Vec<Keystore> = Vec::new();
        for home in self.java.clone().into_iter().chain(of_path) {
            let files = ["lib/security/cacerts", "jre/lib/security/cacerts"].map(|name| home.join(name));
            let Some(file) = files.iter().find_map(|file| file.canonicalize().ok()) else { continue };
            let keytool = home.join("bin/keytool");
            let is_of_system = OF_SYSTEM.iter().any(|folder| file.starts_with(self.at(folder)));
            if is_of_system || !keytool.is_file() || found.iter().any(|known| known.file == file) {
                continue;
            }
            let presence = act::in_keystore(anchor, &file, &keytool);
            let is_writable = access(&file, Access::WRITE_OK).is_ok();
            found.push(Keystore { file, keytool, is_writable, presence });
        }
        found
    }

    /// Returns the first of these programs that is installed.
    fn program(&self, names: &[&str]) -> Option<PathBuf> {
        let candidates = names.iter().flat_map(|name| self.path.iter().map(move |folder| folder.join(name)));
        candidates.into_iter().find(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
    }

    fn install_certutil(&self) -> &'static str {
        let known = INSTALL.iter().find(|(program, _)| self.program(&[program]).is_some());
        known.map_or("install certutil of NSS", |(_, line)| line)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// Returns the command line that does the system's part as root.
#[must_use]
pub fn as_root(words: &[&str], anchor: &Anchor) -> String {
    // sudo(8) does not look where users keep programs of their own.
    let own = env::current_exe().unwrap_or_else(|_| "wharf".into());
    format!("sudo {} {} {}", quoted(&own), words.join(" "), quoted(&anchor.file))
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// Returns the base64 of a certificate in PEM, without line breaks.
pub(super) fn body(pem: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(pem);
    let inner = text.split("-----").nth(2).unwrap_or_default();
    inner.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// Returns whether a bundle holds the certificate of that body.
pub(super) fn holds(bundle: &[u8], body: &[u8]) -> bool {
    let stripped: Vec<u8> = bundle.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    !body.is_empty() && stripped.windows(body.len()).any(|window| window == body)
}

const DATABASE_FILE: &str = "cert9.db";

/// Programs that look into `~/.pki/nssdb`.
const CHROMIUM: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "brave-browser",
    "microsoft-edge",
    "vivaldi",
];

/// Where the key stores of Java lie that are made of the system's store.
const OF_SYSTEM: &[&str] = &[
    "/etc/ssl/certs",
    "/etc/pki",
    "/etc/ca-certificates",
    "/var/lib/ca-certificates",
    "/etc/default/cacerts",
];

/// Installers, and how they install certutil.
const INSTALL: &[(&str, &str)] = &[
    ("apt-get", "sudo apt-get install libnss3-tools"),
    ("dnf", "sudo dnf install nss-tools"),
    ("pacman", "sudo pacman -S nss"),
    ("zypper", "sudo zypper install mozilla-nss-tools"),
    ("apk", "sudo apk add nss-tools"),
];
