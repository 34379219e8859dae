//! The list of containers as the Docker Engine API gives it; Podman's compatible API gives the same.
//!
//! Unknown fields are ignored, and so are entries and addresses that make no sense: the API is old and has
//! several implementations.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use wharf_model::endpoint::Protocol;

use crate::facts::{ContainerFacts, PublishedPort};

/// Reads the body of `GET /containers/json`; `None` if it is no such list.
pub(super) fn parse(body: &[u8], engine: &str) -> Option<Vec<ContainerFacts>> {
    let entries: Vec<Entry> = serde_json::from_slice(body).ok()?;
    Some(entries.into_iter().filter(|entry| !entry.id.is_empty()).map(|entry| facts(entry, engine)).collect())
}

fn facts(entry: Entry, engine: &str) -> ContainerFacts {
    let labels = entry.labels.unwrap_or_default();
    let label = |name: &str| labels.get(name).cloned().flatten().filter(|value| !value.is_empty());
    let compose = |docker: &str, podman: &str| label(docker).or_else(|| label(podman));
    let mut ports: Vec<PublishedPort> = Vec::new();
    for port in entry.ports.unwrap_or_default().into_iter().filter_map(published) {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    // Docker puts a slash before the name, and names with two slashes are links of other containers.
    let names = entry.names.unwrap_or_default();
    let own =
        names.iter().map(|name| name.strip_prefix('/').unwrap_or(name)).find(|name| !name.contains('/'));
    ContainerFacts {
        engine: engine.to_owned(),
        name: own.unwrap_or_default().to_owned(),
        image: entry.image.unwrap_or_default(),
        ports,
        addresses: addresses(entry.network_settings),
        compose_project: compose("com.docker.compose.project", "io.podman.compose.project"),
        compose_service: compose("com.docker.compose.service", "io.podman.compose.service"),
        id: entry.id,
    }
}

fn published(port: Port) -> Option<PublishedPort> {
    let protocol = match port.protocol.as_deref() {
        Some("udp") => Protocol::Udp,
        Some("tcp") | None => Protocol::Tcp,
        Some(_) => return None,
    };
    Some(PublishedPort {
        protocol,
        host: port.ip.and_then(|ip| ip.parse().ok()),
        host_port: port.public.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?,
        container_port: u16::try_from(port.private).ok().filter(|port| *port != 0)?,
    })
}

fn addresses(settings: Option<NetworkSettings>) -> Vec<IpAddr> {
    let networks = settings.and_then(|settings| settings.networks).unwrap_or_default();
    let texts = networks.into_values().flatten().flat_map(|network| [network.v4, network.v6]);
    let mut addresses: Vec<IpAddr> = texts.flatten().filter_map(|text| text.parse().ok()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Id", default)]
    id: String,
    #[serde(rename = "Names")]
    names: Option<Vec<String>>,
    #[serde(rename = "Image")]
    image: Option<String>,
    #[serde(rename = "Ports")]
    ports: Option<Vec<Port>>,
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, Option<String>>>,
    #[serde(rename = "NetworkSettings")]
    network_settings: Option<NetworkSettings>,
}

#[derive(Deserialize)]
struct Port {
    #[serde(rename = "IP")]
    ip: Option<String>,
    #[serde(rename = "PrivatePort", default)]
    private: u32,
    #[serde(rename = "PublicPort")]
    public: Option<u32>,
    #[serde(rename = "Type")]
    protocol: Option<String>,
}

#[derive(Deserialize)]
struct NetworkSettings {
    #[serde(rename = "Networks")]
    networks: Option<BTreeMap<String, Option<Network>>>,
}

#[derive(Deserialize)]
struct Network {
    #[serde(rename = "IPAddress")]
    v4: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    v6: Option<String>,
}
