//! Sums of what became of requests, in the text that Prometheus reads (exposition format 0.0.4).
//!
//! Not here: single requests ([`crate::ledger`]).

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::table::Place;

/// Returns the sums of `places`.
pub(crate) fn text(places: &[Arc<Place>], open: usize) -> String {
    let mut text = String::new();
    let used = || places.iter().filter_map(|place| Some((place, place.stats.get()?)));
    head(
        &mut text,
        "wharf_router_requests_total",
        "counter",
        "Requests that are over, by route and class of status code.",
    );
    for (place, stats) in used() {
        for (class, count) in stats.requests.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let code = if class == 0 { "none".to_owned() } else { format!("{class}xx") };
                let _ = writeln!(
                    text,
                    "wharf_router_requests_total{{{},code=\"{code}\"}} {count}",
                    labels(place)
                );
            }
        }
    }
    head(&mut text, "wharf_router_response_bytes_total", "counter", "Bytes of bodies to clients, by route.");
    for (place, stats) in used() {
        let bytes = stats.bytes.load(Ordering::Relaxed);
        let _ = writeln!(text, "wharf_router_response_bytes_total{{{}}} {bytes}", labels(place));
    }
    head(
        &mut text,
        "wharf_router_request_seconds_total",
        "counter",
        "Seconds from request to last byte, by route.",
    );
    for (place, stats) in used() {
        let micros = stats.microseconds.load(Ordering::Relaxed);
        let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
        let _ = writeln!(text, "wharf_router_request_seconds_total{{{}}} {whole}.{rest:06}", labels(place));
    }
    head(&mut text, "wharf_router_routes", "gauge", "Routes that there are.");
    let _ = writeln!(text, "wharf_router_routes {}", places.len());
    head(&mut text, "wharf_router_connections", "gauge", "Connections of clients that are open.");
    let _ = writeln!(text, "wharf_router_connections {open}");
    text
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Returns the labels of a route. A host has no character that means anything there; a path may.
fn labels(place: &Place) -> String {
    let path = place.route.path.as_deref().unwrap_or("/");
    let path = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("host=\"{}\",path=\"{path}\"", place.route.host)
}
