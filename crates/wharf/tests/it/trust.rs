//! `wharf trust` and `wharf untrust` with real stores and real clients: each in a mount namespace where the system's store is
//! a copy, so that this machine's own is never touched.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::running::program;
use crate::support::{says, trust};

mod clients;

/// Gives the sandbox a copy of the system's store.
pub(crate) fn with_store(sandbox: &Sandbox) {
    let copy = sandbox.folder().join("store").display().to_string();
    let script = format!(
        "mkdir -p {copy}/local && cp -a --no-preserve=ownership /etc/ssl/certs {copy}/ && \
         mount --bind {copy}/certs /etc/ssl/certs && mount --bind {copy}/local /usr/local/share/ca-certificates"
    );
    root(sandbox, &script);
}

/// Runs a script as the sandbox's root.
#[track_caller]
fn root(sandbox: &Sandbox, script: &str) -> String {
    sandbox.program(&["sh", "-c", script]).output().expect_code(0).text()
}

/// Runs a script as the user of wharf.
#[track_caller]
fn own(sandbox: &Sandbox, script: &str) -> String {
    somebody(sandbox, sandbox.program(&["sh", "-ec", script])).output().expect_code(0).text()
}

/// Prepares wharf as an ordinary user where there are users.
fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    somebody(sandbox, sandbox.wharf(arguments))
}

fn somebody<'a>(sandbox: &Sandbox, run: Run<'a>) -> Run<'a> {
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

/// Returns what the command says as JSON.
#[track_caller]
fn told(run: Run<'_>) -> Value {
    let text = run.output().text();
    trust(&text);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns store and outcome of each step.
fn outcomes(told: &Value) -> Vec<String> {
    let word = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    let steps = told["steps"].as_array().expect("steps");
    steps.iter().map(|step| format!("{} {}", word(step, "store"), word(step, "outcome"))).collect()
}

/// Does as root what was left to do.
fn do_what_is_left(sandbox: &Sandbox, told: &Value) {
    for step in told["steps"].as_array().expect("steps") {
        if step["outcome"] == "left" {
            let line = step["commands"][0].as_str().expect("a command");
            root(sandbox, line.strip_prefix("sudo ").expect("it takes root"));
        }
    }
}

/// Returns all that the system's store holds: names, links, modes and content, but for what Java's hook writes anew.
fn store(sandbox: &Sandbox) -> String {
    let script = "cd /etc/ssl/certs && find . /usr/local/share/ca-certificates -printf '%p %y %l %m\\n' | sort && \
        find . /usr/local/share/ca-certificates -type f ! -path ./java/cacerts -exec sha256sum {} + | sort";
    root(sandbox, script)
}

/// Returns the certificates of an NSS database.
fn listed(sandbox: &Sandbox, folder: &Path) -> String {
    own(sandbox, &format!("certutil -L -d sql:{}", folder.display()))
}

/// Makes an NSS database.
fn database(sandbox: &Sandbox, place: &str) -> PathBuf {
    let folder = sandbox.folder().join("home").join(place);
    let shown = folder.display();
    own(sandbox, &format!("mkdir -p '{shown}' && certutil -N --empty-password -d 'sql:{shown}'"));
    folder
}

/// The folder of the authority.
fn authority(sandbox: &Sandbox) -> PathBuf {
    sandbox.folder().join("home/state/wharf/authority")
}

fn lacks(names: &[&str]) -> Option<String> {
    let missing = names.iter().find(|name| program(name).is_none());
    missing.map(|name| format!("{name} is not installed"))
}

#[test]
fn every_store_trusts_it_and_trusts_it_no_longer() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["certutil", "update-ca-certificates"]) {
        skip!("{why}");
    }
    with_store(&sandbox);
    // From a state that the system's own program makes.
    root(&sandbox, "update-ca-certificates --fresh");
    let before = store(&sandbox);
    let chromium = database(&sandbox, ".pki/nssdb");
    let firefox = database(&sandbox, ".mozilla/firefox/x.default-esr");
    let (in_chromium, in_firefox) = (listed(&sandbox, &chromium), listed(&sandbox, &firefox));

    let begun = told(wharf(&sandbox, &["trust", "--json"]));
    let fingerprint = begun["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let name = format!("wharf-{}", &fingerprint[..16]);
    let system = if sandbox.has_users() { "system left" } else { "system done" };
    assert_eq!(outcomes(&begun), [system, "chromium done", "firefox done"]);
    if sandbox.has_users() {
        says(
            &wharf(&sandbox, &["trust"]).output().expect_code(1).text(),
            &["  sudo ", "trust --system", "root.pem"],
        );
    }
    do_what_is_left(&sandbox, &begun);
    let again = told(wharf(&sandbox, &["trust", "--json"]));
    assert_eq!(outcomes(&again), ["system already", "chromium already", "firefox already"]);
    let _ = wharf(&sandbox, &["trust"]).output().expect_code(0);
    for folder in [&chromium, &firefox] {
        says(&listed(&sandbox, folder), &[&name, "C,,"]);
    }
    assert_ne!(store(&sandbox), before);
    root(
        &sandbox,
        &format!("openssl verify -CApath /etc/ssl/certs /usr/local/share/ca-certificates/{name}.crt"),
    );

    let ended = told(wharf(&sandbox, &["untrust", "--json"]));
    assert_eq!(outcomes(&ended), [system, "chromium done", "firefox done"]);
    do_what_is_left(&sandbox, &ended);
    let again = told(wharf(&sandbox, &["untrust", "--json"]));
    assert_eq!(outcomes(&again), ["system already", "chromium already", "firefox already"]);
    assert_eq!(store(&sandbox), before);
    assert_eq!((listed(&sandbox, &chromium), listed(&sandbox, &firefox)), (in_chromium, in_firefox));
    let state = sandbox.folder().join("home/state/wharf");
    assert!(!state.join("trust.json").exists() && !state.join("trusted").exists());
    if let Some(keytool) = program("keytool") {
        let list =
            format!("{keytool} -list -keystore /etc/ssl/certs/java/cacerts -storepass changeit 2>&1; true");
        assert!(!root(&sandbox, &list).contains("wharf"), "Java's own copy is undone, too");
    }
}

#[test]
fn root_needs_no_second_command() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["certutil", "update-ca-certificates"]) {
        skip!("{why}");
    }
    with_store(&sandbox);
    root(&sandbox, "update-ca-certificates --fresh");
    let before = store(&sandbox);
    let told = told(sandbox.wharf(&["trust", "--json"]));
    // Where Chromium is installed, its database comes after it.
    assert_eq!(outcomes(&told).first().map(String::as_str), Some("system done"));
    let bundle = std::fs::read_to_string(authority(&sandbox).join("bundle.pem")).expect("a bundle");
    assert!(bundle.len() > 100_000, "those of the system are in it");
    let _ = sandbox.wharf(&["untrust"]).output().expect_code(0);
    assert_eq!(store(&sandbox), before);
}

#[test]
fn a_dry_run_changes_nothing_and_says_each_step() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["certutil", "update-ca-certificates"]) {
        skip!("{why}");
    }
    with_store(&sandbox);
    let folder = database(&sandbox, ".pki/nssdb");
    let home = sandbox.folder().join("home").display().to_string();
    let tree =
        || root(&sandbox, &format!("cd {home} && find . -printf '%p %T@ %m\\n' | sort")) + &store(&sandbox);
    let before = tree();
    let text = wharf(&sandbox, &["trust", "--dry-run"]).output().text();
    says(&text, &["an authority would be made in", "would be trusted in Chromium", "certutil -A -d sql:"]);
    assert_eq!(tree(), before);
    let _ = wharf(&sandbox, &["trust"]).output();
    let before = tree();
    says(
        &wharf(&sandbox, &["untrust", "-n"]).output().text(),
        &["would be removed from Chromium", "certutil -D"],
    );
    assert_eq!(tree(), before);
    says(&listed(&sandbox, &folder), &["wharf-"]);
}

#[test]
fn a_database_that_was_made_is_gone_again() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["certutil"]) {
        skip!("{why}");
    }
    let bin = sandbox.folder().join("home/bin");
    let script =
        format!("mkdir {0} && printf '#!/bin/sh\\n' > {0}/chromium && chmod 755 {0}/chromium", bin.display());
    own(&sandbox, &script);
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let run = |words: &[&str]| outcomes(&told(wharf(&sandbox, words).env("PATH", &path)));
    let folder = sandbox.folder().join("home/.pki");
    for used in [false, true] {
        assert!(run(&["trust", "--json"]).contains(&"chromium done".to_owned()));
        says(&listed(&sandbox, &folder.join("nssdb")), &["wharf-"]);
        let mode = std::fs::metadata(&folder).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        if used {
            let root = authority(&sandbox).join("root.pem").display().to_string();
            let shown = folder.join("nssdb").display().to_string();
            own(
                &sandbox,
                &format!("certutil -A -d sql:{shown} -n mine -t P,, -i {root}; touch {shown}/cert9.db"),
            );
        }
        assert!(run(&["untrust", "--json"]).contains(&"chromium done".to_owned()));
        assert_eq!(folder.exists(), used, "what somebody else uses stays");
    }
}

#[test]
fn another_authority_takes_the_place_of_the_first() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["certutil"]) {
        skip!("{why}");
    }
    let folder = database(&sandbox, ".pki/nssdb");
    let first = told(wharf(&sandbox, &["trust", "--json"]));
    let config = sandbox.folder().join("home/config/wharf").display().to_string();
    let text = "[router]\\ndomains = [\"localhost\", \"test\"]\\n";
    own(&sandbox, &format!("mkdir -p {config} && printf '{text}' > {config}/config.toml"));
    let dry = told(wharf(&sandbox, &["trust", "--json", "-n"]));
    says(&dry["notes"].to_string(), &["may not vouch for test, but for localhost", "would be made"]);
    let second = told(wharf(&sandbox, &["trust", "--json"]));
    assert_ne!(first["fingerprint"], second["fingerprint"]);
    let name = |told: &Value| format!("wharf-{}", &told["fingerprint"].as_str().expect("it has one")[..16]);
    let text = listed(&sandbox, &folder);
    says(&text, &[&name(&second)]);
    assert!(!text.contains(&name(&first)), "{text}");
    // Whose folder is gone, its copy is known by.
    own(&sandbox, &format!("rm -r {}", authority(&sandbox).display()));
    let _ = wharf(&sandbox, &["untrust"]).output();
    assert!(!listed(&sandbox, &folder).contains("wharf-"));
}

#[test]
fn many_that_make_one_make_one() {
    let sandbox = sandbox!();
    let found: Vec<String> = std::thread::scope(|scope| {
        let begin = || told(wharf(&sandbox, &["trust", "--json"]))["fingerprint"].to_string();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(begin)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(found.iter().all(|fingerprint| *fingerprint == found[0]), "{found:?}");
}

#[test]
fn one_whose_key_others_may_read_is_refused_and_can_be_got_rid_of() {
    let sandbox = sandbox!();
    let _ = wharf(&sandbox, &["trust"]).output();
    let key = authority(&sandbox).join("key.pem").display().to_string();
    let folder = authority(&sandbox).display().to_string();
    for (path, loose, tight) in [(&key, "644", "600"), (&key, "640", "600"), (&folder, "750", "700")] {
        own(&sandbox, &format!("chmod {loose} {path}"));
        let refused = wharf(&sandbox, &["trust"]).output().expect_code(1);
        says(&refused.stderr, &["is open to others", "chmod go-rwx", path]);
        let _ = wharf(&sandbox, &["untrust"]).output();
        own(&sandbox, &format!("chmod {tight} {path}"));
    }
    if sandbox.has_users() {
        let refused = sandbox.wharf(&["trust"]).output().expect_code(1);
        says(&refused.stderr, &["belongs to user 54321"]);
    }
}

#[test]
fn without_certutil_it_is_said_how_to_get_it() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["certutil"]) {
        skip!("{why}");
    }
    database(&sandbox, ".mozilla/firefox/x.default");
    let hide = "mount --bind /dev/null /usr/bin/certutil";
    let text = wharf(&sandbox, &["trust"]).after_mounting(hide).output().expect_code(1).text();
    says(&text, &["not trusted yet in Firefox", "certutil is not installed", "install"]);
}

#[test]
fn a_java_of_its_own_trusts_it() {
    let sandbox = sandbox!();
    let Some(keytool) = program("keytool") else { skip!("keytool is not installed") };
    let java = sandbox.folder().join("home/java");
    let store = java.join("lib/security/cacerts").display().to_string();
    let script = format!(
        "mkdir -p {0}/bin {0}/lib/security && ln -s {keytool} {0}/bin/keytool && {keytool} -genkeypair -alias mine \
         -keyalg EC -dname CN=x -keystore {store} -storepass changeit 2>&1",
        java.display()
    );
    own(&sandbox, &script);
    let list = || own(&sandbox, &format!("{keytool} -list -keystore {store} -storepass changeit"));
    let run =
        |word: &str| told(wharf(&sandbox, &[word, "--json"]).env("JAVA_HOME", &java.display().to_string()));
    let before = list();
    assert!(outcomes(&run("trust")).contains(&"java done".to_owned()));
    says(&list(), &["wharf-", "trustedCertEntry"]);
    assert!(outcomes(&run("trust")).contains(&"java already".to_owned()));
    assert!(outcomes(&run("untrust")).contains(&"java done".to_owned()));
    assert_eq!(list(), before);
    own(&sandbox, &format!("chmod 444 {store}"));
    if sandbox.has_users() {
        let told = run("trust");
        let step = told["steps"].as_array().expect("steps").iter().find(|step| step["store"] == "java");
        let line = step.expect("one of Java")["commands"][0].as_str().expect("a command").to_owned();
        says(&line, &["sudo ", "keytool -importcert", "wharf-"]);
    }
}
