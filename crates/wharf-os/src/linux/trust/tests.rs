//! What is to be done, store by store; and which stores are found.

use std::fs;
use std::path::{Path, PathBuf};

use wharf_model::trust::TrustStore;

use super::journal::Journal;
use super::{
    Action, Anchor, Database, Doing, Facts, Keystore, Machine, Presence, SystemStore, Way, plan, quoted,
};

fn anchor() -> Anchor {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n".to_vec();
    Anchor { file: "/home/u/root.pem".into(), pem, fingerprint: "0123456789abcdef".repeat(4) }
}

fn facts() -> Facts {
    let file = PathBuf::from("/usr/local/share/ca-certificates/wharf-0123456789abcdef.crt");
    Facts {
        is_root: false,
        system: Some(SystemStore { way: Way::Debian, file, presence: Presence::Absent }),
        has_certutil: true,
        databases: Vec::new(),
        keystores: Vec::new(),
        install_certutil: "apt-get install it".to_owned(),
        as_root: "sudo wharf trust --system /home/u/root.pem".to_owned(),
    }
}

fn database(exists: bool, presence: Presence) -> Database {
    Database { store: TrustStore::Chromium, folder: "/home/u/.pki/nssdb".into(), exists, presence }
}

/// Returns each step as its commands, or the word for why there are none.
fn said(action: Action, facts: &Facts) -> Vec<String> {
    let step = |doing: Doing| match doing {
        Doing::Already => "already".to_owned(),
        Doing::Work(work) => work.commands(action, &anchor()).join("; "),
        Doing::Left(why, command) => format!("left: {why}: {}", command.unwrap_or_default()),
    };
    plan(action, &anchor(), facts).into_iter().map(|it| step(it.doing)).collect()
}

#[test]
fn the_systems_store_takes_root() {
    let mut facts = facts();
    let left = "left: it takes root: sudo wharf trust --system /home/u/root.pem";
    assert_eq!(said(Action::Add, &facts), [left]);
    assert_eq!(said(Action::Remove, &facts), ["already"]);
    facts.is_root = true;
    let file = "/usr/local/share/ca-certificates/wharf-0123456789abcdef.crt";
    let add = format!("install -m 0644 /home/u/root.pem {file}; update-ca-certificates");
    assert_eq!(said(Action::Add, &facts), [add.as_str()]);
    let mut present = |presence| facts.system.as_mut().unwrap().presence = presence;
    present(Presence::Present);
    assert_eq!(said(Action::Add, &facts), ["already"]);
    let remove = format!("rm {file}; update-ca-certificates");
    assert_eq!(said(Action::Remove, &facts), [remove.as_str()]);
    // Half of it is completed, or removed.
    let mut present = |presence| facts.system.as_mut().unwrap().presence = presence;
    present(Presence::Partly);
    assert_eq!(said(Action::Add, &facts), [add]);
    assert_eq!(said(Action::Remove, &facts), [remove]);
    let mut present = |presence| facts.system.as_mut().unwrap().presence = presence;
    present(Presence::Unknown("another's".to_owned()));
    assert_eq!(said(Action::Remove, &facts), ["left: another's: "]);
    facts.system = None;
    assert!(said(Action::Add, &facts)[0].contains("no store of the system is known here"));
    assert!(said(Action::Remove, &facts).is_empty());
}

#[test]
fn a_database_takes_certutil() {
    let mut facts = Facts { system: None, ..facts() };
    let add = "certutil -A -d sql:/home/u/.pki/nssdb -n wharf-0123456789abcdef -t C,, -i /home/u/root.pem";
    let make = "certutil -N --empty-password -d sql:/home/u/.pki/nssdb";
    let remove = "certutil -D -d sql:/home/u/.pki/nssdb -n wharf-0123456789abcdef";
    let missing = "left: certutil is not installed: apt-get install it".to_owned();
    for (exists, presence, added, removed) in [
        (true, Presence::Absent, add.to_owned(), Some("already")),
        (true, Presence::Present, "already".to_owned(), Some(remove)),
        (true, Presence::Unknown("locked".to_owned()), "left: locked: ".to_owned(), Some("left: locked: ")),
        (false, Presence::Absent, format!("{make}; {add}"), None),
    ] {
        facts.databases = vec![database(exists, presence)];
        assert_eq!(said(Action::Add, &facts).last(), Some(&added));
        assert_eq!(said(Action::Remove, &facts).first().map(String::as_str), removed);
    }
    facts.has_certutil = false;
    facts.databases = vec![database(true, Presence::Unknown(String::new()))];
    assert_eq!(said(Action::Remove, &facts), std::slice::from_ref(&missing));
    assert_eq!(said(Action::Add, &facts)[1], missing);
}

#[test]
fn a_key_store_takes_its_owner() {
    let file = PathBuf::from("/opt/java dk/lib/security/cacerts");
    let keytool = PathBuf::from("/opt/java dk/bin/keytool");
    let keystore = Keystore { file, keytool, is_writable: false, presence: Presence::Absent };
    let mut facts = Facts { system: None, keystores: vec![keystore], ..facts() };
    let tail =
        "-keystore '/opt/java dk/lib/security/cacerts' -storepass changeit -alias wharf-0123456789abcdef";
    let add = format!("'/opt/java dk/bin/keytool' -importcert -noprompt -file /home/u/root.pem {tail}");
    assert_eq!(said(Action::Add, &facts)[1], format!("left: it takes root: sudo {add}"));
    facts.keystores[0].is_writable = true;
    assert_eq!(said(Action::Add, &facts)[1], add);
    facts.keystores[0].presence = Presence::Present;
    assert_eq!(said(Action::Remove, &facts), [format!("'/opt/java dk/bin/keytool' -delete {tail}")]);
}

#[test]
fn a_word_is_quoted_for_a_shell() {
    assert_eq!(quoted(Path::new("/a/b-c_1.pem")), "/a/b-c_1.pem");
    assert_eq!(quoted(Path::new("/a b/it's$")), "'/a b/it'\\''s$'");
}

fn machine(root: &Path) -> Machine {
    let home = root.join("home/u");
    Machine {
        root: root.to_owned(),
        data: home.join(".local/share"),
        config: home.join(".config"),
        home,
        path: vec![root.join("bin")],
        java: None,
    }
}

fn program(root: &Path, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = root.join("bin").join(name);
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(&path, "").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn every_database_is_found_once() {
    let root = tempfile::tempdir().unwrap();
    let machine = machine(root.path());
    let look = || machine.look(&anchor(), &Journal::default(), String::new()).databases;
    assert!(look().is_empty());
    program(root.path(), "chromium");
    let own = machine.home.join(".pki/nssdb");
    let found = look();
    assert_eq!((found.len(), &found[0].folder, found[0].exists), (1, &own, false));
    let places = [
        ".pki/nssdb",
        ".local/share/pki/nssdb",
        "snap/chromium/current/.pki/nssdb",
        ".var/app/org.chromium.Chromium/data/pki/nssdb",
        ".mozilla/firefox/abc.default-esr",
        ".mozilla/firefox/def.work",
        ".config/mozilla/firefox/ghi.default",
        "snap/firefox/common/.mozilla/firefox/jkl.default",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/mno.default",
    ];
    for place in places {
        fs::create_dir_all(machine.home.join(place)).unwrap();
        fs::write(machine.home.join(place).join("cert9.db"), "").unwrap();
    }
    std::os::unix::fs::symlink("abc.default-esr", machine.home.join(".mozilla/firefox/link")).unwrap();
    fs::create_dir_all(machine.home.join(".mozilla/firefox/Crash Reports")).unwrap();
    let found = look();
    let mut folders: Vec<_> = found.iter().map(|it| it.folder.clone()).collect();
    let mut wanted = places.map(|place| machine.home.join(place).canonicalize().unwrap()).to_vec();
    folders.sort();
    wanted.sort();
    assert_eq!(folders, wanted);
    assert!(found.iter().all(|it| it.exists && matches!(it.presence, Presence::Unknown(_))));
    assert_eq!(found.iter().filter(|it| it.store == TrustStore::Firefox).count(), 5);
}

#[test]
fn the_systems_store_is_known_by_its_folder_and_its_program() {
    for (way, update) in [
        (Way::Debian, "update-ca-certificates"),
        (Way::Fedora, "update-ca-trust"),
        (Way::Arch, "update-ca-trust"),
        (Way::Suse, "update-ca-certificates"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let machine = machine(root.path());
        let path = |path: &str| root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path(way.anchors())).unwrap();
        assert_eq!(machine.system(&anchor()), None, "without its program");
        program(root.path(), update);
        let found = machine.system(&anchor()).unwrap();
        let file = path(way.anchors()).join("wharf-0123456789abcdef.crt");
        assert_eq!(found, SystemStore { way, file: file.clone(), presence: Presence::Absent });
        let presence = || machine.system(&anchor()).unwrap().presence;
        fs::write(&file, &anchor().pem).unwrap();
        assert_eq!(presence(), Presence::Partly);
        let bundle = path(way.bundle());
        fs::create_dir_all(bundle.parent().unwrap()).unwrap();
        // However its lines are broken.
        fs::write(&bundle, "# x\nAAAABBBB\n").unwrap();
        assert_eq!(presence(), Presence::Present);
        fs::remove_file(&file).unwrap();
        assert_eq!(presence(), Presence::Partly);
        fs::write(&file, "-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n").unwrap();
        assert!(matches!(presence(), Presence::Unknown(_)));
    }
}
