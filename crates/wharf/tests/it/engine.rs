//! A real Docker Engine: the container behind docker-proxy, with its API in reach and out of it.

use wharf_model::endpoint::Exposure;
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::{sandbox, skip};

use crate::support::{at, ls, only_detail, says, show, text};

#[test]
fn a_published_port_leads_to_its_container() {
    let sandbox = sandbox!();
    if let Err(why) = engine(&sandbox) {
        skip!("{why}");
    }
    let folder = sandbox.folder().join("engine").display().to_string();
    let mut scene = sandbox.scene("engine.py", &[&folder, "/run/docker.sock", "62893"]);
    let id = scene.text("container").to_owned();
    let inside = scene.pid("inside");

    let snapshot = ls(&sandbox, &[]);
    let published = at(&snapshot, 62893);
    assert_eq!(published.len(), 1, "{snapshot:#?}");
    let container = published[0].container.as_ref().expect("the engine says whose port it is");
    assert_eq!((container.engine.as_str(), container.id.as_str()), ("docker", id.as_str()));
    assert_eq!(container.name.as_deref(), Some("shop-web-1"));
    assert_eq!(container.image.as_deref(), Some("wharf-test-bb:1"));
    assert_eq!(container.port, Some(80));
    assert_eq!(container.compose_project.as_deref(), Some("shop"));
    assert_eq!(container.compose_service.as_deref(), Some("web"));
    assert_eq!(published[0].owner.processes[0].name, "docker-proxy");
    assert_eq!(published[0].exposure, Exposure::Loopback);

    let own = at(&snapshot, 80);
    assert_eq!(own.len(), 1, "the container's own listener is a row: {snapshot:#?}");
    assert!(!own[0].netns.own);
    assert_eq!(own[0].netns.pid, Some(inside));
    assert_eq!(own[0].owner.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [inside]);
    assert_eq!(own[0].container.as_ref().map(|container| container.id.as_str()), Some(id.as_str()));

    assert_eq!(only_detail(&show(&sandbox, "62893")).endpoint.container, published[0].container);
    says(&text(&sandbox, &["ls"]), &["62893", "shop-web-1"]);
    says(&text(&sandbox, &["show", "62893"]), &["shop-web-1", "wharf-test-bb:1", "80"]);

    scene.tell("hide");
    without_the_api(&sandbox, &id);
    scene.tell("unhide");
    scene.end();
}

/// The engine does not answer: the control groups and docker-proxy's command line still tell.
#[track_caller]
fn without_the_api(sandbox: &Sandbox, id: &str) {
    let snapshot = ls(sandbox, &[]);
    let own = at(&snapshot, 80);
    assert_eq!(own.len(), 1, "{snapshot:#?}");
    let container = own[0].container.as_ref().expect("its control group names it");
    assert_eq!((container.engine.as_str(), container.id.as_str()), ("docker", id));
    let published = at(&snapshot, 62893);
    assert_eq!(published.len(), 1, "{snapshot:#?}");
    let process = &published[0].owner.processes[0];
    let told = published[0].container.as_ref().is_some_and(|container| container.id == id)
        || process.command.windows(2).any(|pair| pair[0] == "-container-port" && pair[1] == "80");
    assert!(told, "neither the container nor its port is told: {:#?}", published[0]);
}

#[test]
fn a_program_in_a_container_is_moved_too() {
    let sandbox = sandbox!();
    if let Err(why) = engine(&sandbox) {
        skip!("{why}");
    }
    let folder = sandbox.folder().display().to_string();
    let scene = sandbox.scene("engine.py", &[&format!("{folder}/engine"), "/run/docker.sock", "62893"]);
    let binary = env!("CARGO_BIN_EXE_wharf");
    // What the image lacks: a C library and Python.
    let (ours, scenarios) = (format!("{binary}:/wharf"), format!("{folder}/scenarios:/scenarios"));
    let mounts = ["/usr:/usr", "/usr/lib:/lib", "/usr/lib64:/lib64", &ours, &scenarios];
    let mounts = mounts.map(|mount| format!("--volume={mount}:ro"));
    let taken = "python3 -m http.server 3000 & exec /wharf run -- python3 -m http.server 3000";
    let wait =
        "until busybox wget -q -O- http://127.0.0.1:3000; do /usr/bin/sleep 0.1; done >/dev/null 2>/dev/null";
    let script = taken.replace('&', &format!("& {wait};"));
    let words =
        ["docker", "--host=unix:///run/docker.sock", "run", "--interactive", "--rm", "--network=none"];
    let command = ["wharf-test-bb:1", "/usr/bin/python3", "/scenarios/run.py", "/bin/sh", "-c", &script];
    let mounts = mounts.each_ref().map(String::as_str);
    for user in ["54321", "0"] {
        let (uid, state) = (format!("--user={user}"), format!("--tmpfs=/state:uid={user}"));
        let user = [&uid, &state, "--env=XDG_STATE_HOME=/state"];
        let mut run = sandbox.program(&[&words[..], &user, &mounts, &command].concat()).scene();
        let port = run.tell("at")["port"].as_u64().expect("a port");
        assert_ne!(port, 3000);
        says(run.text("said"), &["asked for port 3000", "SYS_PTRACE", "in their place"]);
        run.tell(&format!("body 127.0.0.1 {port} /"));
        run.end();
    }
    scene.end();
}

/// Returns why no engine can be had in a sandbox here, if so.
fn engine(sandbox: &Sandbox) -> Result<(), String> {
    if !sandbox.is_root() {
        return Err("a Docker Engine of its own takes root".to_owned());
    }
    let look = "for it in dockerd docker docker-proxy iptables; do command -v $it >/dev/null || echo $it; done; \
                test -x /bin/busybox || echo busybox";
    let missing = sandbox.program(&["sh", "-c", look]).output().text();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("not installed: {}", missing.split_whitespace().collect::<Vec<_>>().join(" ")))
    }
}
