//! What surrounds an endpoint: its project, its environment, the options of its socket, its number.

use std::fs;

use wharf_model::port::PortRange;
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;

use crate::support::{detail, ls, only, only_detail, says, show, text};

/// Starts a listener whose working directory is `folder` of the sandbox.
fn listener_in<'a>(sandbox: &'a Sandbox, folder: &str, port: u16) -> Scenario<'a> {
    let place = format!("--chdir={}", sandbox.folder().join(folder).display());
    sandbox.scenario("listen.py", &[&format!("tcp:127.0.0.1:{port}")]).by(&["env", &place]).scene()
}

/// Writes a file of the sandbox, and the folders above it.
fn write(sandbox: &Sandbox, path: &str, content: &str) {
    let path = sandbox.folder().join(path);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the folder is made");
    fs::write(path, content).expect("the file is written");
}

#[test]
fn the_project_is_that_of_the_working_directory() {
    let sandbox = sandbox!();
    write(&sandbox, "shop/.git/HEAD", "ref: refs/heads/checkout\n");
    write(&sandbox, "shop/web/package.json", "{\"name\": \"storefront\"}");
    write(&sandbox, "blog/pyproject.toml", "[project]\nname = \"weblog\"\n");
    let _shop = listener_in(&sandbox, "shop/web", 3000);
    let _blog = listener_in(&sandbox, "blog", 4000);
    let _none = listener_in(&sandbox, "scratch", 5000);
    let snapshot = ls(&sandbox, &[]);
    let shop = only(&snapshot, 3000).project.as_ref().expect("it lies in a project");
    assert_eq!((shop.name.as_str(), shop.package.as_deref()), ("shop", Some("storefront")));
    assert_eq!(shop.branch.as_deref(), Some("checkout"));
    assert_eq!(shop.root, sandbox.folder().join("shop").display().to_string());
    let blog = only(&snapshot, 4000).project.as_ref().expect("it lies in a project");
    assert_eq!(blog.package.as_deref(), Some("weblog"));
    assert_eq!(only(&snapshot, 5000).project, None);
    let ports = |arguments: &[&str]| -> Vec<u16> {
        ls(&sandbox, arguments).endpoints.iter().map(|endpoint| endpoint.port).collect()
    };
    assert_eq!(ports(&["--project=shop"]), [3000]);
    assert_eq!(ports(&["project:storefront"]), [3000]);
    says(&text(&sandbox, &["ls"]), &["shop", "weblog"]);
    says(&text(&sandbox, &["show", "3000"]), &["shop", "storefront", "checkout"]);
}

#[test]
fn a_linked_worktree_is_named() {
    let sandbox = sandbox!();
    let root = sandbox.folder().display().to_string();
    write(&sandbox, "shop/.git/HEAD", "ref: refs/heads/main\n");
    write(&sandbox, "shop/.git/worktrees/fix/HEAD", "ref: refs/heads/fix-cart\n");
    write(&sandbox, "shop/.git/worktrees/fix/commondir", "../..\n");
    write(&sandbox, "shop/.git/worktrees/fix/gitdir", &format!("{root}/fix/.git\n"));
    write(&sandbox, "fix/.git", &format!("gitdir: {root}/shop/.git/worktrees/fix\n"));
    let _scene = listener_in(&sandbox, "fix", 3000);
    let snapshot = ls(&sandbox, &[]);
    let project = only(&snapshot, 3000).project.as_ref().expect("it lies in a project");
    assert_eq!(project.worktree.as_deref(), Some("fix"), "{project:#?}");
    assert_eq!(project.branch.as_deref(), Some("fix-cart"), "{project:#?}");
}

#[test]
fn a_port_in_the_environment_is_shown() {
    let sandbox = sandbox!();
    let scene = sandbox.scenario("listen.py", &["tcp:127.0.0.1:3000"]).env("PORT", "3000").scene();
    let detail = show(&sandbox, "3000");
    assert_eq!(only_detail(&detail).environment_port.as_deref(), Some("3000"));
    let process = &only_detail(&detail).endpoint.owner.processes[0];
    assert_eq!((process.pid, process.uid), (scene.pid("pid"), Some(0)));
    assert_eq!(process.cwd.as_deref(), sandbox.folder().to_str());
    assert!(process.command.iter().any(|word| word == "tcp:127.0.0.1:3000"), "{process:#?}");
    assert!(process.started_at.is_some(), "{process:#?}");
}

#[test]
fn the_options_of_the_socket_are_read() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000", "tcp:127.0.0.1:4000,reuseport"]);
    let detail = show(&sandbox, "3000");
    let options = only_detail(&detail).options.first().expect("they may be read");
    assert_eq!((options.reuse_address, options.reuse_port), (Some(true), Some(false)), "{options:#?}");
    let detail = show(&sandbox, "4000");
    let options = only_detail(&detail).options.first().expect("they may be read");
    assert_eq!((options.reuse_address, options.reuse_port), (Some(false), Some(true)), "{options:#?}");
}

#[test]
fn numbers_have_facts_of_their_own() {
    let sandbox = sandbox!();
    let number = |port: &str| show(&sandbox, port).number.expect("a port was named");
    let postgres = number("5432");
    assert!(postgres.iana.iter().any(|iana| iana.name == "postgresql"), "{postgres:#?}");
    assert_eq!((postgres.range, postgres.browsers_refuse), (PortRange::User, false));
    assert!(number("6000").browsers_refuse, "X11 is on the list of bad ports");
    assert!(number("32768").ephemeral.expect("this kernel has a range").handed_out);
    assert_eq!(number("49152").range, PortRange::Dynamic);
    if sandbox.has_users() {
        let low = detail(sandbox.wharf(&["show", "80", "--json"]).as_user(SOMEBODY));
        let number = low.number.expect("a port was named");
        assert_eq!((number.range, number.needs_privilege), (PortRange::System, Some(true)));
        let tried = low.availability.expect("it was tried").tried;
        assert!(tried.iter().all(|trial| trial.error.as_deref() == Some("EACCES")), "{tried:#?}");
    }
    let text = text(&sandbox, &["show", "6000"]);
    says(&text, &["browsers"]);
}
