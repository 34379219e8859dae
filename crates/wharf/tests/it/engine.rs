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
