//! What a request, a connection and a gigabyte cost: the rows of the table, what each is to reach, and one burst of each.
//!
//! Not here: taking turns ([`super::rotation`]).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::pingpong::{self, Message};
use super::place::{FILES, Place, local};
use super::proxy::{Kind, Ports, Proxy};
use super::tools::{self, Said, url};
use super::{clock, echo};

/// How long a burst lasts; a body and a download last as long as they do.
const SECONDS: u64 = 2;

/// A row.
pub(super) struct Item {
    pub(super) key: &'static str,
    pub(super) what: &'static str,
    load: Load,
    /// With whom wharf is compared.
    pub(super) reference: Kind,
    /// Its share of the reference's CPU, at most.
    pub(super) at_most: Option<f64>,
}

#[derive(Clone, Copy)]
enum Load {
    /// HTTP/1.1 on connections that are kept: how many, which path, whether over TLS.
    Kept(usize, &'static str, bool),
    /// HTTP/2, several requests at once.
    Streams,
    /// A handshake of TLS for each request.
    Handshakes,
    /// A large body, and whether over TLS.
    Body(bool),
    /// Messages there and back over WebSocket: connections and bytes.
    WebSocket(usize, u16),
    /// A download over raw TCP.
    TcpBulk,
    /// Messages there and back over raw TCP.
    TcpEcho,
}

/// The rows.
pub(super) const ITEMS: &[Item] = &[
    Item::new("h1", "HTTP/1.1, 64 connections, 12 bytes", Load::Kept(64, "/", false), Some(1.0)),
    Item::new("h1-100k", "HTTP/1.1, 32 connections, 100 KiB", Load::Kept(32, "/100k", false), None),
    Item::new("https", "HTTPS (HTTP/1.1), 64 connections, 12 bytes", Load::Kept(64, "/", true), Some(0.95)),
    Item::new("h2", "HTTP/2, 8 connections of 16 streams, 12 bytes", Load::Streams, Some(0.8)),
    Item::new(
        "handshake",
        "a new TLS connection for each request, none resumed",
        Load::Handshakes,
        Some(0.7),
    ),
    Item::new("body", "body of 1 GiB, HTTP", Load::Body(false), Some(0.6)),
    Item::new("body-tls", "body of 1 GiB, HTTPS (HTTP/1.1)", Load::Body(true), Some(0.6)),
    Item::new("websocket", "WebSocket, 64 bytes there and back × 32", Load::WebSocket(32, 64), Some(0.95)),
    Item::new(
        "websocket-16k",
        "WebSocket, 16 KiB there and back × 16",
        Load::WebSocket(16, 16 << 10),
        Some(0.8),
    ),
    Item::tcp("tcp-bulk", "raw TCP, download of 2 GiB", Load::TcpBulk, 0.4),
    Item::tcp("tcp", "raw TCP, 64 bytes there and back × 16", Load::TcpEcho, 1.0),
];

/// What one burst cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Burst {
    /// CPU of the proxy: µs a request or a message there and back, ms a GiB.
    pub(super) cost: f64,
    /// Latencies in ms: 50 % and 99 % of all requests took less.
    pub(super) latency: Option<[f64; 2]>,
    /// Requests a second, or GiB.
    pub(super) rate: f64,
    /// Share of the cores that went to others, 0 to 1.
    pub(super) foreign: f64,
}

impl Item {
    const fn new(key: &'static str, what: &'static str, load: Load, at_most: Option<f64>) -> Self {
        Self { key, what, load, reference: Kind::Nginx, at_most }
    }

    const fn tcp(key: &'static str, what: &'static str, load: Load, at_most: f64) -> Self {
        Self { key, what, load, reference: Kind::Haproxy, at_most: Some(at_most) }
    }

    /// Returns whether a proxy does such a thing at all.
    pub(super) fn is_for(&self, proxy: &Proxy) -> bool {
        !matches!(self.load, Load::TcpBulk | Load::TcpEcho) || proxy.tcp.is_some()
    }

    /// Returns the unit of its costs.
    pub(super) fn unit(&self) -> &'static str {
        if self.is_bulk() { "ms/GiB" } else { "µs" }
    }

    fn is_bulk(&self) -> bool {
        matches!(self.load, Load::Body(_) | Load::TcpBulk)
    }

    /// Loads a proxy once.
    pub(super) fn burst(&self, place: &Place, proxy: &Proxy, upstream: u32) -> Result<Burst> {
        let begin = Instant::now();
        let (said, spent) = clock::during(&proxy.processes(), upstream, place.cores, || self.load(proxy))?;
        ensure!(said.requests > 0, "not one request was answered");
        let seconds = begin.elapsed().as_secs_f64();
        // For bulk, a request is a byte.
        let amount = said.requests as f64 / if self.is_bulk() { f64::from(1 << 30) } else { 1.0 };
        let unit = if self.is_bulk() { 1e3 } else { 1e6 };
        Ok(Burst {
            cost: spent.cpu.as_secs_f64() * unit / amount,
            latency: said.latency,
            rate: amount / seconds,
            foreign: spent.foreign,
        })
    }

    fn load(&self, proxy: &Proxy) -> Result<Said> {
        let Ports { http, https, .. } = proxy.kind.ports();
        let to = |is_tls: bool, path: &str| match is_tls {
            false => url("http", http, path),
            true => url("https", https, path),
        };
        let count = |requests: u64| Said { requests, latency: None };
        let time = Duration::from_secs(SECONDS);
        match self.load {
            Load::Kept(connections, path, is_tls) => tools::wrk(&to(is_tls, path), connections, SECONDS),
            Load::Streams => tools::h2load(&to(true, "/"), SECONDS),
            Load::Handshakes => tools::ab(&to(true, "/"), SECONDS),
            Load::Body(is_tls) => {
                let [_, (name, size)] = FILES;
                let came = tools::curl(&to(is_tls, &format!("/{name}")))?;
                ensure!(came == size, "{came} bytes came of {size}");
                Ok(count(came))
            }
            Load::WebSocket(connections, size) => {
                pingpong::run(local(http), Message::WebSocket(size), connections, time).map(count)
            }
            Load::TcpBulk => {
                pingpong::download(proxy.tcp.context("no raw TCP")?)?;
                Ok(count(echo::BULK))
            }
            Load::TcpEcho => {
                pingpong::run(proxy.tcp.context("no raw TCP")?, Message::Raw(64), 16, time).map(count)
            }
        }
    }
}
