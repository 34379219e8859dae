//! Ports by name: `wharf port` and `wharf lease`.

use std::os::unix::fs::PermissionsExt;

use wharf_model::lease::Leases;
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::Sandbox;

use crate::support::says;

fn port(sandbox: &Sandbox, words: &[&str]) -> u16 {
    let text = sandbox.wharf(&[&["port"], words].concat()).output().expect_code(0).text();
    text.trim().parse().expect("a port and nothing else")
}

#[test]
fn a_name_has_one_port_and_keeps_it() {
    let sandbox = sandbox!();
    let api = port(&sandbox, &["api"]);
    assert!((20_000..30_000).contains(&api), "{api}");
    assert_eq!(port(&sandbox, &["api"]), api);
    assert_ne!(port(&sandbox, &["web"]), api);
    let json = sandbox.wharf(&["port", "api", "--json"]).output().expect_code(0).text();
    let document: Leases = serde_json::from_str(&json).expect("a document");
    assert_eq!((document.schema.as_str(), document.leases[0].port), ("wharf.leases/v1", api));
    // The whole name is as good, from wherever it is asked.
    assert_eq!(port(&sandbox, &[&document.leases[0].name.to_string()]), api);
}

#[test]
fn a_command_that_never_listens_leaves_no_lease() {
    let sandbox = sandbox!();
    let leases = || {
        let json = sandbox.wharf(&["lease", "ls", "--json"]).output().expect_code(0).text();
        serde_json::from_str::<Leases>(&json).expect("a document").leases
    };
    let _ = sandbox.wharf(&["run", "--", "true"]).output().expect_code(0);
    assert!(leases().is_empty(), "{:?}", leases());
    // A port of UDP is one, too.
    let receive = "import socket; socket.socket(type=socket.SOCK_DGRAM).bind(('127.0.0.1', 4001))";
    let _ = sandbox.wharf(&["run", "--udp", "--", "python3", "-c", receive]).output().expect_code(0);
    let own = leases();
    assert!(own.iter().any(|lease| lease.asked_port.is_none()), "{own:?}");
    for lease in own {
        let _ = sandbox.wharf(&["lease", "rm", &lease.name.to_string()]).output();
    }
    let listen = "import socket; socket.create_server(('127.0.0.1', 4000))";
    let _ = sandbox.wharf(&["run", "--", "python3", "-c", listen]).output().expect_code(0);
    let kept = leases();
    assert!(!kept.is_empty());
    // What has listened once keeps its name, and so does what somebody has named.
    let _ = sandbox.wharf(&["run", "--", "true"]).output().expect_code(0);
    let _ = sandbox.wharf(&["run", "--name", "job", "--", "true"]).output().expect_code(0);
    assert_eq!(leases().len(), kept.len() + 1);
}

#[test]
fn a_port_that_somebody_listens_on_is_not_leased() {
    let sandbox = sandbox!();
    let usual = port(&sandbox, &["api"]);
    let name = sandbox.wharf(&["lease", "ls", "--json"]).output().expect_code(0).text();
    let name = serde_json::from_str::<Leases>(&name).expect("a document").leases[0].name.to_string();
    let removed = sandbox.wharf(&["lease", "rm", &name]).output().expect_code(0).text();
    says(&removed, &[&usual.to_string()]);
    let _scene = sandbox.scene("listen.py", &[&format!("tcp:[::1]:{usual}")]);
    assert_ne!(port(&sandbox, &["api"]), usual);
}

#[test]
fn a_pin_is_kept_and_taken_from_nobody() {
    let sandbox = sandbox!();
    says(
        &sandbox.wharf(&["lease", "pin", "api", "62893"]).output().expect_code(0).text(),
        &["62893", "pinned"],
    );
    assert_eq!(port(&sandbox, &["api"]), 62_893);
    let refused = sandbox.wharf(&["lease", "pin", "web", "62893"]).output().expect_code(1);
    says(&refused.stderr, &["62893", "leased to api.", "wharf lease rm api."]);
    says(&sandbox.wharf(&["lease", "ls"]).output().expect_code(0).text(), &["62893", "api.", "pinned"]);
}

#[test]
fn what_cannot_be_is_said() {
    let sandbox = sandbox!();
    says(&sandbox.wharf(&["lease", "ls"]).output().expect_code(0).text(), &["no leases"]);
    says(&sandbox.wharf(&["lease", "rm", "nobody"]).output().expect_code(1).stderr, &["nobody", "lease ls"]);
    let _ = sandbox.wharf(&["lease", "pin", "api", "0"]).output().expect_code(2);
    let _ = sandbox.wharf(&["lease", "pin", "api", "99999"]).output().expect_code(2);
    let nowhere = sandbox.wharf(&["port", "api"]).env("XDG_STATE_HOME", "relative").env("HOME", "").output();
    says(&nowhere.expect_code(1).stderr, &["state directory", "HOME"]);
}

#[test]
fn leases_are_for_their_user_alone() {
    let sandbox = sandbox!();
    port(&sandbox, &["api"]);
    let folder = sandbox.folder().join("home/state/wharf");
    let mode = |path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(folder.clone()), 0o700);
    assert_eq!(mode(folder.join("wharf.db")), 0o600);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("the mode is set");
    says(&sandbox.wharf(&["port", "api"]).output().expect_code(1).stderr, &["others may write", "chmod"]);
}

#[test]
fn a_broken_file_is_said_and_left_as_it_is() {
    let sandbox = sandbox!();
    port(&sandbox, &["api"]);
    let file = sandbox.folder().join("home/state/wharf/wharf.db");
    for extra in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(file.with_extension(format!("db{extra}")));
    }
    std::fs::write(&file, "no database").expect("it is written");
    says(&sandbox.wharf(&["port", "api"]).output().expect_code(1).stderr, &["leases", "not a database"]);
    assert_eq!(std::fs::read(&file).expect("it is read"), b"no database");
}
