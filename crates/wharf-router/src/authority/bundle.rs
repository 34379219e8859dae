//! The certificates that this machine trusts with ours behind them, for programs that are told one file of them all.
//!
//! Not here: who is told of it (`wharf run`).

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use wharf_os::vault;

use super::{BUNDLE, ROOT};

/// Makes `bundle.pem` anew if this machine's certificates, or ours, are newer; removes it where neither are known: a program
/// that is told of it would trust nobody else. Returns whether it changed.
///
/// # Errors
/// What open(2), write(2) or rename(2) said.
pub fn refresh_bundle(folder: &Path) -> io::Result<bool> {
    refresh(folder, SYSTEM)
}

fn refresh(folder: &Path, system: &[&str]) -> io::Result<bool> {
    let bundle = folder.join(BUNDLE);
    let found = system.iter().map(Path::new).find(|path| path.is_file());
    let Some(found) = found.filter(|_| folder.join(ROOT).is_file()) else {
        return match fs::remove_file(&bundle) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            removed => Ok(removed.is_ok()),
        };
    };
    let changed =
        |path: &Path| fs::metadata(path).and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let sources = changed(found).max(changed(&folder.join(ROOT)));
    // Of one moment: it may have been made in the midst of a change.
    if bundle.is_file() && changed(&bundle) > sources {
        return Ok(false);
    }
    let (mut text, ours) = (fs::read(found)?, fs::read(folder.join(ROOT))?);
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text.extend(ours);
    vault::write(folder, BUNDLE, &text)?;
    Ok(true)
}

/// Where systems keep all that they trust in one file: Debian and Arch, Fedora, SUSE, Alpine.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use super::refresh;

    #[test]
    fn follows_what_the_machine_trusts() {
        let home = tempfile::tempdir().unwrap();
        let (folder, system) = (home.path().join("authority"), home.path().join("system.crt"));
        fs::create_dir(&folder).unwrap();
        let places = [home.path().join("none"), system.clone()];
        let places: Vec<&str> = places.iter().map(|path| path.to_str().unwrap()).collect();
        let bundle = || fs::read_to_string(folder.join("bundle.pem")).ok();
        let age = |path: &std::path::Path, seconds| {
            let file = File::options().write(true).open(path).unwrap();
            let at = file.metadata().unwrap().modified().unwrap() - Duration::from_secs(seconds);
            file.set_modified(at).unwrap();
        };
        fs::write(&system, "SYSTEM").unwrap();
        assert!(!refresh(&folder, &places).unwrap(), "there is no authority");
        fs::write(folder.join("root.pem"), "OURS\n").unwrap();
        age(&system, 20);
        age(&folder.join("root.pem"), 10);
        assert!(refresh(&folder, &places).unwrap());
        assert_eq!(bundle().as_deref(), Some("SYSTEM\nOURS\n"));
        assert!(!refresh(&folder, &places).unwrap(), "nothing has changed");
        age(&folder.join("bundle.pem"), 5);
        fs::write(&system, "OTHER\n").unwrap();
        assert!(refresh(&folder, &places).unwrap());
        assert_eq!(bundle().as_deref(), Some("OTHER\nOURS\n"));
        fs::remove_file(&system).unwrap();
        assert!(refresh(&folder, &places).unwrap());
        assert_eq!(bundle(), None, "one that trusts nobody else is worse than none");
        assert!(!refresh(&folder, &places).unwrap());
    }
}
