//! `wharf run` on programs that have privilege by their files, which the kernel takes away under supervision.

use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::support::says;

/// Makes a copy of a program with a mode, as root; returns its path.
fn copy(sandbox: &Sandbox, program: &str, name: &str, mode: &str) -> String {
    let file = sandbox.folder().join(name).display().to_string();
    let words = ["install", "--owner=0", "--group=0", &format!("--mode={mode}"), program, &file];
    let _ = sandbox.program(&words).output().expect_code(0);
    file
}

fn run<'a>(sandbox: &'a Sandbox, words: &[&str]) -> Run<'a> {
    sandbox.wharf(&[&["run", "--"], words].concat()).as_user(SOMEBODY)
}

/// Ends the test as skipped where there are no users.
macro_rules! sandbox_with_users {
    () => {{
        let sandbox = sandbox!();
        if !sandbox.has_users() {
            skip!("there is no other user here");
        }
        sandbox
    }};
}

#[test]
fn what_runs_as_another_user_is_refused_with_what_to_do() {
    let sandbox = sandbox_with_users!();
    let gain = copy(&sandbox, "/usr/bin/id", "gain", "4755");
    let refused = run(&sandbox, &[&gain, "-u"]).output().expect_code(125);
    says(&refused.stderr, &["gain", "set-user-ID", "WHARF=0", "root"]);
    assert_eq!(run(&sandbox, &[&gain, "-u"]).env("WHARF", "0").output().expect_code(0).text().trim(), "0");
    copy(&sandbox, "/usr/bin/id", "sudo", "4755");
    let path = format!("{}:/usr/bin:/bin", sandbox.folder().display());
    let refused = run(&sandbox, &["sudo", "npm", "start"]).env("PATH", &path).output().expect_code(125);
    says(&refused.stderr, &["`sudo wharf run -- npm start`"]);
    let detached = sandbox.wharf(&["run", "--detach", "--", "sudo", "true"]).as_user(SOMEBODY);
    says(&detached.env("PATH", &path).output().expect_code(125).stderr, &["`sudo wharf run -- true`"]);
}

#[test]
fn under_root_privilege_is_kept() {
    let sandbox = sandbox_with_users!();
    let gain = copy(&sandbox, "/usr/bin/id", "gain", "4755");
    let user = format!("--reuid={SOMEBODY}");
    let drop = ["run", "--", "setpriv", &user, "--clear-groups", "--inh-caps=-all", &gain, "-u"];
    assert_eq!(sandbox.wharf(&drop).output().expect_code(0).text().trim(), "0");
}

#[test]
fn who_can_do_without_is_warned() {
    let sandbox = sandbox_with_users!();
    let group = copy(&sandbox, "/usr/bin/true", "group", "2755");
    says(&run(&sandbox, &[&group]).output().expect_code(0).stderr, &["group", "set-group-ID"]);
    let capable = copy(&sandbox, "/usr/bin/true", "capable", "755");
    // `struct vfs_cap_data` of version 2 with CAP_NET_RAW; not effective from the start, since there is none in the
    // bounding set here.
    let set = "import os, struct, sys
value = struct.pack('<5I', 0x02000000, 1 << 13, 0, 0, 0)
os.setxattr(sys.argv[1], 'security.capability', value)";
    let _ = sandbox.program(&["python3", "-c", set, &capable]).output().expect_code(0);
    says(&run(&sandbox, &[&capable]).output().expect_code(0).stderr, &["capable", "without capabilities"]);
}

#[test]
fn what_gives_nothing_is_not_spoken_of() {
    let sandbox = sandbox_with_users!();
    let plain = run(&sandbox, &["true"]).output().expect_code(0);
    assert_eq!(plain.stderr, "");
    let folder = sandbox.folder().display();
    let script = copy(&sandbox, &format!("{folder}/scenarios/kit.py"), "script", "4755");
    std::fs::write(&script, "#!/bin/sh\nexit 3\n").expect("it is written");
    let _ = sandbox.program(&["chmod", "4755", &script]).output().expect_code(0);
    assert_eq!(run(&sandbox, &[&script]).output().expect_code(3).stderr, "");
    let gain = copy(&sandbox, "/usr/bin/id", "gain", "4755");
    let mount = format!("mount --bind {folder} {folder} && mount -o remount,bind,nosuid {folder}");
    let ignored = run(&sandbox, &[&gain, "-u"]).after_mounting(&mount).output().expect_code(0);
    assert_eq!(ignored.text().trim(), SOMEBODY.to_string());
}

#[test]
fn what_may_not_be_read_is_said_to_be_open_and_why() {
    let sandbox = sandbox_with_users!();
    let python = copy(&sandbox, "/usr/bin/python3", "unreadable", "711");
    let run = sandbox.wharf(&["run", "--", &python, "-m", "http.server", "3000"]).by_scenario("run.py", &[]);
    let mut scene = run.as_user(SOMEBODY).scene();
    says(scene.tell("says it listens where it wants")["said"].as_str().expect("a text"), &["not read"]);
    scene.tell("end SIGTERM");
}
