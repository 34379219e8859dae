//! Several processes behind one socket, and several sockets behind one port.

use std::collections::BTreeSet;

use wharf_model::owner::HeldBy;
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::scenario::Scenario;
use wharf_testkit::{sandbox, skip};

use crate::support::{ls, only, only_detail, owned_by, pids_of, says, show, text};

#[test]
fn a_master_is_named_before_its_workers() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("holders.py", &["prefork", "3000"]);
    let family = [vec![scene.pid("pid")], scene.pids("workers")].concat();
    owned_by(only(&ls(&sandbox, &[]), 3000), &family);
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &family);
    let master = scene.pid("pid").to_string();
    says(&text(&sandbox, &["ls"]), &[&format!(" {master} +3")]);
    let shown = text(&sandbox, &["show", "3000"]);
    for pid in family {
        says(&shown, &[&pid.to_string()]);
    }
}

#[test]
fn nginx_is_one_row_led_by_its_master() {
    let sandbox = sandbox!();
    let folder = sandbox.folder().join("scratch").display().to_string();
    let config = format!(
        "daemon off; user root root; pid {folder}/pid; error_log stderr; worker_processes 2; \
         events {{ worker_connections 64; }} \
         http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; \
         fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; \
         server {{ listen 127.0.0.1:8080; }} }}"
    );
    if !installed(&sandbox, "nginx") {
        skip!("nginx is not installed");
    }
    let file = sandbox.folder().join("nginx.conf");
    std::fs::write(&file, config).expect("the configuration is written");
    let file = file.display().to_string();
    let scene = sandbox.scene("start.py", &["127.0.0.1:8080", "2", "nginx", "-p", &folder, "-c", &file]);
    led_by_its_master(&sandbox, &scene, 8080, 2);
    says(&text(&sandbox, &["ls"]), &["nginx", "+2"]);
}

#[test]
fn gunicorn_is_one_row_led_by_its_master() {
    let sandbox = sandbox!();
    if !installed(&sandbox, "gunicorn") {
        skip!("gunicorn is not installed");
    }
    let app = "def app(environ, start): start('200 OK', []); return [b'hello']\n";
    std::fs::write(sandbox.folder().join("app.py"), app).expect("the application is written");
    let words = ["127.0.0.1:8000", "2", "gunicorn", "--workers=2", "--bind=127.0.0.1:8000", "app:app"];
    let scene = sandbox.scene("start.py", &words);
    led_by_its_master(&sandbox, &scene, 8000, 2);
    says(&text(&sandbox, &["ls"]), &["gunicorn", "+2"]);
}

#[test]
fn reuseport_is_one_row_with_every_socket_and_every_owner() {
    let sandbox = sandbox!();
    let scenes = [(); 3].map(|()| sandbox.scene("listen.py", &["tcp:127.0.0.1:3000,reuseport"]));
    let pids: Vec<u32> = scenes.iter().map(|scene| scene.pid("pid")).collect();
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    owned_by(endpoint, &pids);
    assert_eq!(endpoint.listeners.len(), 3, "{endpoint:#?}");
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &pids);
}

#[test]
fn udp_that_several_processes_share_is_one_row() {
    let sandbox = sandbox!();
    let scenes = [(); 2].map(|()| sandbox.scene("listen.py", &["udp:0.0.0.0:5353,reuseport"]));
    let pids: Vec<u32> = scenes.iter().map(|scene| scene.pid("pid")).collect();
    owned_by(only(&ls(&sandbox, &[]), 5353), &pids);
}

#[test]
fn a_socket_at_a_high_descriptor_has_its_owner() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000,fd=333"]);
    let snapshot = ls(&sandbox, &[]);
    owned_by(only(&snapshot, 3000), &[scene.pid("pid")]);
    assert_eq!(only(&snapshot, 3000).owner.processes[0].fds, [333]);
}

#[test]
fn a_socket_above_two_thousand_descriptors_has_its_owner() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["--fds=2000", "tcp:127.0.0.1:3000"]);
    let fd = u32::try_from(scene.told["sockets"][0]["fd"].as_u64().expect("a number")).expect("a descriptor");
    assert!(fd > 2000, "the scene is not what it should be: {fd}");
    let snapshot = ls(&sandbox, &[]);
    owned_by(only(&snapshot, 3000), &[scene.pid("pid")]);
    assert_eq!(only(&snapshot, 3000).owner.processes[0].fds, [fd]);
}

#[test]
fn who_inherited_it_and_lost_its_parent_is_the_owner() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("holders.py", &["reparented", "3000"]);
    owned_by(only(&ls(&sandbox, &[]), 3000), &[scene.pid("orphan")]);
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &[scene.pid("orphan")]);
}

#[test]
fn a_child_that_was_sent_it_at_another_number_comes_after_the_master() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("holders.py", &["sent", "3000"]);
    let family = [scene.pid("pid"), scene.pid("child")];
    owned_by(only(&ls(&sandbox, &[]), 3000), &family);
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &family);
}

#[test]
fn servers_of_many_kinds_are_all_found() {
    let sandbox = sandbox!();
    // Each at a number of its own, more of them than are followed, and one that only a second look reaches.
    let scenes: Vec<Scenario<'_>> = (0..14)
        .map(|index| {
            let fd = if index == 13 { 60 } else { 9 + index };
            sandbox.scene("listen.py", &[&format!("tcp:127.0.0.1:{},fd={fd}", 3000 + index)])
        })
        .collect();
    let snapshot = ls(&sandbox, &[]);
    for (scene, port) in scenes.iter().zip(3000..) {
        owned_by(only(&snapshot, port), &[scene.pid("pid")]);
        owned_by(&only_detail(&show(&sandbox, &port.to_string())).endpoint, &[scene.pid("pid")]);
    }
}

#[test]
fn an_heir_outside_the_family_is_found_by_show() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("holders.py", &["twice", "3000"]);
    let both = [scene.pid("pid"), scene.pid("orphan")];
    // The list may stop at the first holder and its family, but it may not name anybody else.
    let snapshot = ls(&sandbox, &[]);
    let listed = pids_of(&only(&snapshot, 3000).owner.processes);
    assert!(!listed.is_empty() && listed.iter().all(|pid| both.contains(pid)), "{snapshot:#?}");
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &both);
}

#[test]
fn a_thread_with_descriptors_of_its_own_is_found() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("holders.py", &["thread", "3000"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(only(&snapshot, 3000).owner.held_by, HeldBy::Processes, "{snapshot:#?}");
    assert_eq!(pids_of(&only(&snapshot, 3000).owner.processes), [scene.pid("pid")]);
}

#[test]
fn a_process_whose_first_thread_ended_still_owns() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("holders.py", &["headless", "3000"]);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(only(&snapshot, 3000).owner.held_by, HeldBy::Processes, "{snapshot:#?}");
    assert_eq!(pids_of(&only(&snapshot, 3000).owner.processes), [scene.pid("owner")]);
}

/// Checks a real pre-fork server: its first process leads, and there are `workers` more.
#[track_caller]
fn led_by_its_master(sandbox: &Sandbox, scene: &Scenario<'_>, port: u16, workers: usize) {
    let master = scene.pid("server");
    let check = |pids: Vec<u32>| {
        assert_eq!(pids.first(), Some(&master), "{pids:?}");
        assert_eq!(pids.iter().collect::<BTreeSet<_>>().len(), workers + 1, "{pids:?}");
    };
    check(pids_of(&only(&ls(sandbox, &[]), port).owner.processes));
    check(pids_of(&only_detail(&show(sandbox, &port.to_string())).endpoint.owner.processes));
}

fn installed(sandbox: &Sandbox, program: &str) -> bool {
    sandbox.program(&["sh", "-c", "command -v \"$0\"", program]).output().code == Some(0)
}
