//! HTTP: one GET, and what headers and body say of the server; then at most three more for its version.
//!
//! Not here: the hints themselves, which are data (`http/hints.rs`).

mod hints;
pub(super) mod response;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use wharf_model::place::Service;

use self::response::{Response, is_complete};
use super::Asking;
use super::finding::{Finding, Strength};
use crate::service::table;

/// Returns a GET of `path` as a local client would send it.
pub(super) fn request(address: SocketAddr, path: &str) -> Vec<u8> {
    // Development servers check the Host header against DNS rebinding: `localhost` is what they expect.
    let host = match address.ip().is_loopback() {
        true => format!("localhost:{}", address.port()),
        false => address.to_string(),
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: wharf/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
    .into_bytes()
}

/// Returns the path to ask first of a service learned by looking, or usual at that port.
pub(super) fn first_path(id: &str, port: u16) -> &'static str {
    let by_id = hints::PATHS.iter().find(|(known, _, _)| *known == id);
    let by_port =
        || hints::PATHS.iter().find(|(_, _, ports)| ports.contains(&port)).filter(|_| id.is_empty());
    by_id.or_else(by_port).map_or("/", |&(_, path, _)| path)
}

/// Returns every path that may be asked for.
#[cfg(test)]
pub(super) fn all_paths() -> impl Iterator<Item = &'static str> {
    let beneath = hints::BENEATH.iter().flat_map(|(_, paths)| paths.iter().copied());
    hints::PATHS.iter().map(|&(_, path, _)| path).chain(beneath)
}

/// Returns what the answer to a GET of `path` means.
pub(super) fn read(path: &str, answer: &[u8]) -> Option<Finding> {
    let response = Response::parse(answer)?;
    let special = of_path(path, &response);
    Some(special.or_else(|| of_any_page(&response)).unwrap_or_else(plain))
}

/// Asks further where the first answer left open which product it is, or which version.
pub(super) fn refine(asking: &Asking<'_>, finding: Finding, looked: Option<&Service>) -> Finding {
    let looked = looked.map_or("", |looked| looked.id.as_str());
    let mut best = finding;
    for path in further_paths(&best, looked, asking.address.port()).into_iter().take(FURTHER) {
        if best.strength == Strength::Product && best.version.is_some() {
            break;
        }
        let opening = request(asking.address, path);
        let Some(answer) = asking.say(Duration::ZERO, &opening, EACH, &is_complete) else { break };
        let Some(response) = Response::parse(&answer) else { continue };
        let found = match path {
            "/" => of_any_page(&response),
            _ => of_path(path, &response),
        };
        best = found.filter(|found| says_more(found, &best)).unwrap_or(best);
    }
    best
}

fn says_more(found: &Finding, best: &Finding) -> bool {
    found.strength > best.strength || (found.id == best.id && found.version.is_some())
}

fn further_paths(best: &Finding, looked: &str, port: u16) -> Vec<&'static str> {
    let asked = first_path(looked, port);
    let vague = looked.is_empty() || crate::service::is_generic(looked) || table::is_forwarder(looked);
    // A page that names the product leads to where the product tells its version.
    let own = hints::PATHS.iter().filter(|(id, _, _)| *id == best.id).map(|&(_, path, _)| path);
    let beneath = hints::BENEATH.iter().filter(|(id, _)| *id == looked || (vague && *id == best.id));
    let beneath = beneath.flat_map(|(_, paths)| paths.iter().copied());
    let page = std::iter::once("/").filter(|_| best.strength < Strength::Product);
    let mut paths: Vec<&'static str> = Vec::new();
    for path in own.chain(page).chain(beneath) {
        if path != asked && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Returns what the answer of a product's own path says.
fn of_path(path: &str, response: &Response<'_>) -> Option<Finding> {
    if path == "/@vite/client" {
        let is_script = response.header("content-type").is_some_and(|kind| kind.contains("javascript"));
        let is_client = is_script && response.text().contains("vite");
        return (response.status == 200 && is_client).then(|| Finding::product("vite", "http"));
    }
    if response.status != 200 || path == "/" {
        return None;
    }
    let json = response.json()?;
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str);
    match path {
        "/json/version" => browser(text("/Browser")?),
        "/api/v1/status/buildinfo" => {
            let version = text("/data/version")?;
            Some(Finding::product("prometheus", "http").version(Some(version)))
        }
        "/version" => of_version_page(&json),
        "/api" if json.as_object()?.len() == 1 => {
            Some(Finding::product("jupyter", "http").version(Some(text("/version")?)))
        }
        "/api/version" if json.as_object()?.len() == 1 => {
            Some(Finding::product("ollama", "http").version(Some(text("/version")?)))
        }
        "/api/health" => {
            text("/database")?;
            Some(Finding::product("grafana", "http").version(text("/version")))
        }
        "/api/v2/version" | "/api/v1/version" => {
            Some(Finding::product("chroma", "http").version(Some(json.as_str()?)))
        }
        "/v1/meta" => {
            json.get("modules")?;
            Some(Finding::product("weaviate", "http").version(text("/version")))
        }
        "/health" if text("/name") == Some("influxdb") => {
            Some(Finding::product("influxdb", "http").version(text("/version")))
        }
        _ => None,
    }
}

/// `/version` is asked of etcd, Docker and Kubernetes alike.
fn of_version_page(json: &Value) -> Option<Finding> {
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    if let Some(version) = text("etcdserver") {
        return Some(Finding::product("etcd", "http").version(Some(version)));
    }
    if let Some(version) = text("gitVersion") {
        return Some(Finding::product("kube-apiserver", "http").version(Some(version)));
    }
    text("ApiVersion")?;
    let podman = json.pointer("/Components/0/Name").and_then(Value::as_str) == Some("Podman Engine");
    let id = if podman { "podman" } else { "dockerd" };
    Some(Finding::product(id, "http").version(text("Version")))
}

/// Reads `Browser` of the DevTools protocol's `/json/version`: `node.js/v20.1.0`, `Chrome/148.0.7778.167`.
fn browser(said: &str) -> Option<Finding> {
    let (name, version) = said.split_once('/')?;
    let id = match name {
        "node.js" => "node-inspector",
        "Deno" => "deno-inspector",
        "Chrome" | "HeadlessChrome" | "Edg" | "HeadlessEdg" | "Chromium" | "Opera" | "Brave" => {
            "chrome-devtools"
        }
        _ => return None,
    };
    Some(Finding::product(id, "http").version(Some(version)))
}

/// Returns what headers and body of any page give away.
fn of_any_page(response: &Response<'_>) -> Option<Finding> {
    let own = own_header(response).or_else(|| of_body(response));
    match own {
        Some(finding) if finding.strength == Strength::Product => Some(finding),
        other => {
            let powered = response.header("x-powered-by").and_then(powered_by);
            let server = response.header("server").map(server);
            // Of equals the last wins: words of the product's own before those of what it is made of.
            [server, powered, other].into_iter().flatten().max_by_key(|finding| finding.strength)
        }
    }
}

fn own_header(response: &Response<'_>) -> Option<Finding> {
    let by_name = hints::OWN_HEADERS.iter().find_map(|&(header, id)| {
        let value = response.header(header)?;
        Some(Finding::product(id, "http").version(Some(value)))
    });
    by_name.or_else(|| {
        let location = response.header("location")?;
        let &(_, id) = hints::LOCATIONS.iter().find(|(known, _)| *known == location)?;
        Some(Finding::family(id, "http"))
    })
}

fn of_body(response: &Response<'_>) -> Option<Finding> {
    let text = response.text();
    let json = response.json();
    let said = hints::JSON.iter().find_map(|&(pointer, value, id, version)| {
        let json = json.as_ref()?;
        let matches = json.pointer(pointer)?.as_str()?.starts_with(value);
        matches.then(|| Finding::product(id, "http").version(json.pointer(version).and_then(Value::as_str)))
    });
    let title = || {
        let title = text.split_once("<title>")?.1.split_once("</title>")?.0.trim();
        let known = hints::TITLES.iter().find(|(start, _)| title.starts_with(start))?;
        Some(Finding::family(known.1, "http"))
    };
    let body = || {
        let known = hints::BODIES.iter().find(|(part, _)| text.contains(part))?;
        Some(Finding::family(known.1, "http"))
    };
    said.or_else(|| other_protocol(&text)).or_else(title).or_else(body)
}

/// Some servers of other protocols answer HTTP in plain words, to say that it is the wrong one.
fn other_protocol(text: &str) -> Option<Finding> {
    let (_, finding) = [
        (
            "Client sent an HTTP request to an HTTPS server",
            Finding::protocol("https", "HTTPS", Strength::Carrier),
        ),
        ("The plain HTTP request was sent to HTTPS port", Finding::product("nginx", "https")),
        ("access MongoDB over HTTP on the native driver port", Finding::family("mongodb", "mongodb")),
    ]
    .into_iter()
    .find(|(said, _)| text.contains(said))?;
    Some(finding)
}

fn powered_by(value: &str) -> Option<Finding> {
    let (name, version) =
        value.split_once([' ', '/']).map_or((value, None), |(name, rest)| (name, Some(rest)));
    let &(_, id, strength) = hints::POWERED_BY.iter().find(|(known, _, _)| *known == name)?;
    Some(Finding::known(id, "http", strength).version(version))
}

/// Reads the Server header: products with their versions, the first that is known.
fn server(value: &str) -> Finding {
    let known = value.split(' ').find_map(|word| {
        let (name, version) =
            word.split_once(['/', '(']).map_or((word, None), |(name, rest)| (name, Some(rest)));
        let hint = hints::SERVERS.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(name))?;
        let version = version.filter(|_| !hints::CONSTANT_VERSIONS.contains(&hint.0));
        Some(Finding::known(hint.1, "http", hint.2).version(version))
    });
    known.unwrap_or_else(|| {
        let token: String =
            value.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(24).collect();
        match token.is_empty() {
            true => plain(),
            false => Finding { name: format!("HTTP ({token})"), ..plain() },
        }
    })
}

fn plain() -> Finding {
    Finding::protocol("http", "HTTP", Strength::Carrier)
}

/// Questions after the first.
const FURTHER: usize = 3;

/// Time for each of them, within what is left for the port.
const EACH: Duration = Duration::from_millis(120);
