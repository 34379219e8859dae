//! Names of services in /etc/hosts: written for the one who asked, whole at every instant, and gone without a trace.
//!
//! Each sandbox has an /etc of its own. Not here: the lines, and files that are no mount (beside the rules).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use wharf_model::names::Names;
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::support::{names_document, says};

/// Ends with a line that has no end, as people leave it.
const HOSTS: &str = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n10.0.0.1 printer";

/// Gives the sandbox an /etc of its own, with a user alice, and returns where it is outside.
pub(crate) fn own_etc(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.folder();
    let etc = folder.join("etc");
    let home = folder.join("home").display().to_string();
    fs::create_dir(&etc).expect("the sandbox is ours");
    let users =
        format!("root:x:0:0::{home}/root:/bin/sh\nalice:x:{SOMEBODY}:{SOMEBODY}::{home}/alice:/bin/sh\n");
    let files = [
        ("passwd", users.as_str()),
        ("group", "root:x:0:\n"),
        ("nsswitch.conf", "hosts: files\n"),
        // As Debian has it; else the first address of a name is its only one.
        ("host.conf", "multi on\n"),
        ("hosts", HOSTS),
    ];
    for (name, text) in files {
        fs::write(etc.join(name), text).expect("it is written");
    }
    done(sandbox, &["mount", "--bind", &etc.display().to_string(), "/etc"]);
    etc
}

fn done(sandbox: &Sandbox, words: &[&str]) -> String {
    sandbox.program(words).output().expect_code(0).text()
}

/// Lets a run have the home of a user and nothing of the sandbox's own places.
pub(crate) fn at_home<'a>(sandbox: &Sandbox, run: Run<'a>, user: &str, more: &[&str]) -> Run<'a> {
    let home = format!("HOME={}/home/{user}", sandbox.folder().display());
    let words = ["env", "-u", "XDG_STATE_HOME", "-u", "XDG_CONFIG_HOME", "-u", "XDG_RUNTIME_DIR", &home];
    run.by(&[&words, more].concat())
}

fn alice<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    at_home(sandbox, sandbox.wharf(arguments).as_user(SOMEBODY), "alice", &[])
}

/// Prepares wharf as root, as sudo starts it for alice.
fn sudo<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    let uid = format!("SUDO_UID={SOMEBODY}");
    at_home(sandbox, sandbox.wharf(arguments), "root", &[&uid])
}

fn hosts(etc: &Path) -> String {
    fs::read_to_string(etc.join("hosts")).expect("it is there at every instant")
}

/// A sandbox in which there is an alice.
macro_rules! sandbox_with_alice {
    () => {{
        let sandbox = sandbox!();
        if !sandbox.has_users() {
            skip!("no other users in this user namespace: subordinate user ids are needed");
        }
        sandbox
    }};
}

#[test]
fn root_writes_the_names_of_the_one_who_asked() {
    let sandbox = sandbox_with_alice!();
    let etc = own_etc(&sandbox);
    let _ = alice(&sandbox, &["port", "api"]).output().expect_code(0);
    let _ = alice(&sandbox, &["port", "web"]).output().expect_code(0);
    let listed = alice(&sandbox, &["names", "ls"]).output().expect_code(0).text();
    let names: Vec<&str> = listed.lines().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let refused = alice(&sandbox, &["names", "install"]).output().expect_code(1).stderr;
    says(&refused, &["takes root: sudo ", "/wharf names install --for-user alice", names[0], names[1]]);
    assert_eq!(hosts(&etc), HOSTS);
    // The line as it stands, by a root that has nothing of alice's.
    let (_, line) = refused.trim_end().split_once("sudo ").expect("a line to run");
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    says(&sudo(&sandbox, &words).output().expect_code(0).text(), &[names[0], "stands in /etc/hosts"]);
    let written = hosts(&etc);
    assert!(written.starts_with(HOSTS), "{written}");
    assert_eq!(fs::read_dir(etc).expect("it is ours").count(), 5, "nothing is left beside it");
    // Programs find them, at both addresses, and by the name alone.
    let script =
        "import socket, sys; print(sorted({it[4][0] for it in socket.getaddrinfo(sys.argv[1], 80)}))";
    assert_eq!(done(&sandbox, &["python3", "-c", script, names[1]]), "['127.0.0.1', '::1']\n");
    let status = names_document(alice(&sandbox, &["names", "status", "--json"]));
    assert_eq!(
        (&status.names, &status.installed, status.user.as_str()),
        (&status.installed, &status.names, "alice")
    );
    // As alice there is nothing to do now, and so no root is needed.
    let _ = alice(&sandbox, &["names", "install"]).output().expect_code(0);
    says(
        &alice(&sandbox, &["names", "uninstall"]).output().expect_code(1).stderr,
        &["names uninstall --for-user alice"],
    );
    let _ = sudo(&sandbox, &["names", "uninstall"]).output().expect_code(0);
    assert_eq!(hosts(&sandbox.folder().join("etc")), HOSTS);
}

#[test]
fn sudo_without_names_asks_as_the_user_and_leaves_nothing_of_roots_with_it() {
    let sandbox = sandbox_with_alice!();
    let etc = own_etc(&sandbox);
    let _ = alice(&sandbox, &["port", "api"]).output().expect_code(0);
    let listed = alice(&sandbox, &["names", "ls"]).output().expect_code(0).text();
    let told = names_document(sudo(&sandbox, &["names", "install", "--json"]));
    assert_eq!(told.installed, listed.lines().collect::<Vec<_>>());
    assert!(told.changed && told.user == "alice");
    assert!(!names_document(sudo(&sandbox, &["names", "install", "--json"])).changed);
    let home = sandbox.folder().join("home/alice").display().to_string();
    assert_eq!(
        done(&sandbox, &["find", &home, "!", "-uid", &SOMEBODY.to_string()]),
        "",
        "all of it is alice's"
    );
    assert!(!sandbox.folder().join("home/root").exists(), "root's own leases are not opened");
    // Without sudo root's are meant, and there are none.
    let root = at_home(&sandbox, sandbox.wharf(&["names", "status", "--json"]), "root", &[]);
    let root = names_document(root);
    assert_eq!((root.names.len(), root.user.as_str()), (0, "root"));
    says(&hosts(&etc), &[&told.installed[0]]);
    // What alice may not read, root does not read for her.
    let secret = sandbox.folder().join("scratch/secret").display().to_string();
    let config = format!("{home}/.config/wharf");
    let script = format!(
        "umask 077; echo secret > {secret}; mkdir -p {config}; ln -s {secret} {config}/config.toml; chmod -R a+rx {home}"
    );
    done(&sandbox, &["sh", "-c", &script]);
    let before = hosts(&etc);
    let error = sudo(&sandbox, &["names", "install"]).output().expect_code(1).stderr;
    says(&error, &["Permission denied", "the names of alice could not be asked for"]);
    assert_eq!(hosts(&etc), before);
    let error = sudo(&sandbox, &["names", "install", "Not_a.Host"]).output().expect_code(1).stderr;
    says(&error, &["no host name"]);
}

#[test]
fn a_dry_run_shows_the_difference_and_changes_nothing() {
    let sandbox = sandbox!();
    let etc = own_etc(&sandbox);
    let install = ["names", "install", "--dry-run", "a.shop.test"];
    let shown = at_home(&sandbox, sandbox.wharf(&install), "root", &[]).output().expect_code(0).text();
    says(
        &shown,
        &[
            "--- /etc/hosts",
            "-10.0.0.1 printer",
            "+10.0.0.1 printer",
            "+127.0.0.1    a.shop.test    # wharf 0",
        ],
    );
    assert_eq!(hosts(&etc), HOSTS);
    let told: Names = names_document(sandbox.wharf(&[&install[..], &["--json"]].concat()));
    assert!(told.changed && told.installed == ["a.shop.test"]);
    assert!(told.domains.iter().any(|domain| domain.domain == "test" && !domain.resolves));
}

#[test]
fn a_file_that_is_mounted_is_written_in_place() {
    let sandbox = sandbox!();
    let etc = own_etc(&sandbox);
    let file = sandbox.folder().join("scratch/hosts");
    fs::write(&file, HOSTS).expect("it is written");
    done(&sandbox, &["mount", "--bind", &file.display().to_string(), "/etc/hosts"]);
    let written = sandbox.wharf(&["names", "install", "a.shop.test"]).output().expect_code(0).text();
    says(&written, &["a.shop.test stands in", "written in place", "in a container"]);
    let inside = fs::read_to_string(&file).expect("it is there");
    assert!(inside.starts_with(HOSTS) && inside.contains("a.shop.test"), "{inside}");
    let more: Vec<String> = (0..40).map(|number| format!("n{number}.shop.test")).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    for names in [&more[..], &more[..1], &more[..20]] {
        let told = names_document(sandbox.wharf(&[&["names", "install", "--json"], names].concat()));
        assert_eq!((told.installed.len(), told.notes.len()), (names.len(), 1), "{told:#?}");
    }
    let _ = sandbox.wharf(&["names", "uninstall"]).output().expect_code(0);
    assert_eq!(fs::read_to_string(&file).expect("it is there"), HOSTS);
    assert_eq!(hosts(&etc), HOSTS);
    // Nor is a read-only one written at all.
    done(&sandbox, &["mount", "-o", "remount,bind,ro", "/etc/hosts"]);
    says(
        &sandbox.wharf(&["names", "install", "a.shop.test"]).output().expect_code(1).stderr,
        &["/etc/hosts", "read-only"],
    );
}

#[test]
fn no_reader_ever_sees_a_part_of_it() {
    let sandbox = sandbox!();
    let etc = own_etc(&sandbox);
    let names: Vec<String> = (0..30).map(|number| format!("n{number}.shop.test")).collect();
    let wharf = env!("CARGO_BIN_EXE_wharf");
    // Two users' at once, 200 changes in all.
    let change = |uid: u32| {
        let names = names.join(" ");
        let text = format!(
            "for i in $(seq 50); do {wharf} names install --for-user {uid} {names} && {wharf} names uninstall --for-user {uid} \
             || exit 1; done"
        );
        sandbox.program(&["sh", "-c", &format!("({text}) >/dev/null")])
    };
    let is_over = AtomicBool::new(false);
    let kinds = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut seen, mut kinds) = (0_u32, std::collections::BTreeSet::new());
            while !is_over.load(Ordering::Relaxed) {
                let text = hosts(&etc);
                assert!(text.starts_with(HOSTS), "{text}");
                let blocks = [1, 2].map(|uid| {
                    let entries = text.matches(&format!("\t# wharf {uid}\n")).count();
                    let marks = text.matches(&format!("# wharf-begin {uid}: ")).count();
                    assert_eq!(marks, text.matches(&format!("# wharf-end {uid}\n")).count(), "{text}");
                    assert_eq!(entries, marks * 2 * names.len(), "{text}");
                    marks
                });
                kinds.insert(blocks);
                seen += 1;
            }
            assert!(seen > 200, "{seen}");
            kinds
        });
        let writers = [1, 2].map(|uid| scope.spawn(move || change(uid).output().expect_code(0)));
        let written = writers.map(|writer| writer.join().is_ok());
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(written, [true; 2]);
        reader.join().expect("no part of it is seen")
    });
    assert!(kinds.len() > 2, "{kinds:?}");
    assert_eq!(hosts(&etc), HOSTS);
}

#[test]
fn what_is_found_by_itself_is_not_written() {
    let sandbox = sandbox!();
    let etc = own_etc(&sandbox);
    fs::write(etc.join("nsswitch.conf"), "hosts: files dns\n").expect("it is written");
    fs::write(etc.join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        .expect("it is written");
    let _server = sandbox.scene("nameserver.py", &["localhost"]);
    let install = ["names", "install", "api.shop.localhost", "api.shop.test"];
    let told = names_document(sandbox.wharf(&[&install[..], &["--json"]].concat()));
    assert_eq!(told.installed, ["api.shop.test"], "{told:#?}");
    let of = |wanted: &str| told.domains.iter().find(|domain| domain.domain == wanted).map(|it| it.resolves);
    assert_eq!((of("localhost"), of("test")), (Some(true), Some(false)));
    let text = sandbox.wharf(&["names", "install", "api.shop.localhost"]).output().expect_code(0).text();
    says(&text, &["*.localhost leads here", "nothing has to be written", "api.shop.localhost is found"]);
    assert_eq!(hosts(&etc), HOSTS, "and what was there before is not needed either");
    let forced = names_document(sandbox.wharf(&[&install[..], &["--force", "--json"]].concat()));
    assert_eq!(forced.installed.len(), 2);
}
