//! portless: two of its proxies, for HTTP and for HTTPS, since one does not do both.
//!
//! Its routes are in a file that it watches; they are written there, as its `portless alias` does.

use std::fs;
use std::path::PathBuf;
use std::process::Child;

use anyhow::Result;
use serde_json::json;

use super::config;
use super::place::{ECHO, ECHO_HOST, Place, UPSTREAM};
use super::proxy::{Kind, Ports};
use crate::workspace;

/// Below the folder of packages.
pub(super) const PROGRAM: &str = "node_modules/portless/dist/cli.js";
/// It wants a Node that many machines have not; it comes as a package.
const NODE: &str = "node_modules/node/bin/node";

/// Returns whether it is there, with its Node.
pub(super) fn is_there(place: &Place) -> bool {
    [PROGRAM, NODE].iter().all(|path| place.packages.join(path).is_file())
}

/// Returns its version, and that of its Node.
pub(super) fn version(place: &Place) -> Option<String> {
    let text = fs::read_to_string(place.packages.join("node_modules/portless/package.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
    let mut node = place.command(place.packages.join(NODE));
    let node = workspace::output(node.arg("--version")).ok()?;
    Some(format!("portless {} (Node {})", manifest["version"].as_str()?, node.trim()))
}

/// Starts both.
pub(super) fn launch(place: &Place, routes: usize) -> Result<Vec<Child>> {
    let Ports { http, https, .. } = Kind::Portless.ports();
    let plain = launch_one(place, http, routes, &["--no-tls"])?;
    let [chain, key] = ["chain.pem", "key.pem"].map(|name| place.folder.join(name).display().to_string());
    let secure = launch_one(place, https, routes, &["--cert", &chain, "--key", &key])?;
    Ok(vec![plain, secure])
}

fn launch_one(place: &Place, port: u16, routes: usize, options: &[&str]) -> Result<Child> {
    let state = state(place, port);
    fs::create_dir_all(&state)?;
    let route = |host: String, port: u16| json!({ "hostname": host, "port": port, "pid": 0 });
    let mut all: Vec<_> = config::hosts(routes).into_iter().map(|host| route(host, UPSTREAM)).collect();
    if routes > 0 {
        all.push(route(ECHO_HOST.to_owned(), ECHO));
    }
    fs::write(state.join("routes.json"), serde_json::to_string(&all)?)?;
    let mut command = place.command(place.packages.join(NODE));
    command.arg(place.packages.join(PROGRAM)).args(["proxy", "start", "--foreground", "--skip-trust"]);
    command.args(["-p", &port.to_string()]).args(options);
    command.env("PORTLESS_STATE_DIR", &state).env("PORTLESS_SYNC_HOSTS", "0");
    place.spawn(&mut command)
}

fn state(place: &Place, port: u16) -> PathBuf {
    place.folder.join(format!("portless-{port}"))
}
