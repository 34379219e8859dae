//! Changing one store, by the programs that are made for it: certutil(1), keytool(1), update-ca-certificates(8) and its kin.
//!
//! Not here: which store (`super::plan`).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use super::journal::Journal;
use super::look::{body, holds};
use super::{Action, Anchor, Presence, Way, Work};
use crate::launch::Launch;

/// Does it, and enters into the journal what was changed.
///
/// # Errors
/// What went wrong, in a sentence. What was begun then stands, and is completed or undone by the next.
pub fn carry_out(work: &Work, action: Action, anchor: &Anchor, journal: &mut Journal) -> Result<(), String> {
    match work {
        Work::System(way, file) => match action {
            Action::Add => add_to_system(*way, file, anchor),
            Action::Remove => remove_from_system(*way, file, anchor),
        },
        Work::Database { folder, is_made } => {
            if *is_made {
                let made = make_folders(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
                journal.makes(folder, &made);
                run(CERTUTIL, &make_words(folder))?;
                journal.has_changed(folder);
            }
            let is_ours = journal.is_untouched(folder);
            run(CERTUTIL, &nss_words(action, anchor, folder))?;
            match action {
                Action::Add => journal.enters(anchor, folder),
                Action::Remove => journal.leaves(anchor, folder),
            }
            if !is_ours {
                journal.is_anothers(folder);
            } else if !journal.unmake(folder) {
                journal.has_changed(folder);
            }
            Ok(())
        }
        Work::Keystore { file, keytool } => {
            run(&keytool.to_string_lossy(), &java_words(action, anchor, file)).map(drop)
        }
    }
}

/// Returns whether an NSS database has the certificate.
pub(super) fn in_database(anchor: &Anchor, folder: &Path) -> Presence {
    let words = words(&["-L", "-d", &database(folder), "-n", &anchor.name()]);
    match run(CERTUTIL, &words) {
        Ok(_) => Presence::Present,
        Err(text) if text.contains("could not find") || text.contains("not found") => Presence::Absent,
        Err(text) => Presence::Unknown(text),
    }
}

/// Returns whether a key store of Java has the certificate.
pub(super) fn in_keystore(anchor: &Anchor, file: &Path, keytool: &Path) -> Presence {
    let words = words(&["-list", "-keystore", &text(file), "-storepass", PASSWORD, "-alias", &anchor.name()]);
    match run(&keytool.to_string_lossy(), &words) {
        Ok(_) => Presence::Present,
        Err(text) if text.contains("does not exist") => Presence::Absent,
        Err(text) => Presence::Unknown(text),
    }
}

pub(super) fn make_words(folder: &Path) -> Vec<String> {
    words(&["-N", "--empty-password", "-d", &database(folder)])
}

pub(super) fn nss_words(action: Action, anchor: &Anchor, folder: &Path) -> Vec<String> {
    let (name, database) = (anchor.name(), database(folder));
    match action {
        // C: it may vouch for servers, and for nothing else.
        Action::Add => words(&["-A", "-d", &database, "-n", &name, "-t", "C,,", "-i", &text(&anchor.file)]),
        Action::Remove => words(&["-D", "-d", &database, "-n", &name]),
    }
}

pub(super) fn java_words(action: Action, anchor: &Anchor, file: &Path) -> Vec<String> {
    let (name, store, source) = (anchor.name(), text(file), text(&anchor.file));
    let common = ["-keystore", &store, "-storepass", PASSWORD, "-alias", &name];
    match action {
        Action::Add => words(&[&["-importcert", "-noprompt", "-file", &source], &common[..]].concat()),
        Action::Remove => words(&[&["-delete"], &common[..]].concat()),
    }
}

fn add_to_system(way: Way, file: &Path, anchor: &Anchor) -> Result<(), String> {
    let said = |error: io::Error| format!("{}: {error}", file.display());
    // Not with the name of a certificate before it is one.
    let draft = file.with_extension("draft");
    let written = fs::write(&draft, &anchor.pem)
        .and_then(|()| fs::set_permissions(&draft, fs::Permissions::from_mode(0o644)))
        .and_then(|()| fs::rename(&draft, file));
    written.map_err(said).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })?;
    update(way, &[])?;
    match fs::read(way.bundle()) {
        Ok(bundle) if !holds(&bundle, &body(&anchor.pem)) => {
            Err(format!("{} did not take up {}", way.update()[0], file.display()))
        }
        _ => Ok(()),
    }
}

fn remove_from_system(way: Way, file: &Path, anchor: &Anchor) -> Result<(), String> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", file.display()));
        }
        _ => {}
    }
    if way != Way::Debian {
        return update(way, &[]);
    }
    // Debian's looks for what was added only: to its hooks (Java's) and links a removal is known by its configuration.
    let name = anchor.name();
    if let Ok(draft) = without(&name) {
        let updated = update(way, &["--certsconf", &text(&draft)]);
        let _ = fs::remove_file(&draft);
        updated?;
    }
    let link = Path::new("/etc/ssl/certs").join(format!("{name}.pem"));
    let is_held = fs::read(way.bundle()).is_ok_and(|bundle| holds(&bundle, &body(&anchor.pem)));
    if is_held || fs::symlink_metadata(link).is_ok() {
        update(way, &["--fresh"])?;
    }
    Ok(())
}

/// Writes Debian's configuration with the certificate of that name taken out.
fn without(name: &str) -> io::Result<PathBuf> {
    let draft = std::env::temp_dir().join(format!("{name}.{}.conf", std::process::id()));
    let mut text = fs::read("/etc/ca-certificates.conf")?;
    text.extend(format!("\n!{name}.crt\n").bytes());
    // Made by this, or not at all: the folder may be everybody's.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?.write_all(&text)?;
    Ok(draft)
}

fn update(way: Way, further: &[&str]) -> Result<(), String> {
    let [program, own @ ..] = way.update() else { return Ok(()) };
    run(program, &words(&[own, further].concat())).map(drop)
}

/// Makes the folder and those around it (mode 0700), and returns those that were not there, the inner first.
fn make_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let made = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(made)
}

/// Runs a program to its end, and returns its output.
fn run(program: &str, arguments: &[String]) -> Result<Output, String> {
    let launch = Launch {
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        // What it says is looked at.
        environment: vec![("LC_ALL".into(), "C".into())],
    };
    let output = launch.command().stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let said =
        said.iter().find(|text| !text.is_empty()).cloned().unwrap_or_else(|| output.status.to_string());
    Err(format!("{}: {}", program.rsplit('/').next().unwrap_or(program), said.replace('\n', " ")))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn database(folder: &Path) -> String {
    format!("sql:{}", folder.display())
}

pub(super) const CERTUTIL: &str = "certutil";
/// That of every key store that Java comes with.
const PASSWORD: &str = "changeit";
