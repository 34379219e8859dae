//! What speaks at an endpoint, told by looking only: executable, command line, container image.
//!
//! Pure: facts in, a name out. Not here: reading the process (`wharf-os`), asking the port
//! ([`crate::probe`]), and the registry of port numbers, which says what a number is meant for and
//! never what uses it.
//!
//! Everything looked at was written by strangers. A name counts only where it stands alone, as a whole
//! file name, argument, module or image; no rule searches inside a path or a title for a word.

mod command;
mod image;
mod ports;
mod runtime;
pub(crate) mod table;
pub mod usual;

#[cfg(test)]
mod tests;

use wharf_model::endpoint::Protocol;
use wharf_model::place::{Container, KnownBy, Service};
use wharf_model::process::Process;

use self::command::Command;
use self::table::Known;

/// What there is to look at.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The process that leads among those that hold the endpoint, where it is known.
    pub process: Option<&'a Process>,
    /// The container that the endpoint runs in or is published by.
    pub container: Option<&'a Container>,
    /// Transport protocol of the endpoint.
    pub protocol: Protocol,
    /// Port of the endpoint; of several ports of one process it tells the debugger's from the others.
    pub port: u16,
}

/// Returns what speaks at an endpoint, or nothing where nothing tells.
///
/// An interpreter whose script says nothing is named as such (`node`, `python`, `java`): honest, and the
/// weakest answer. A forwarder (docker-proxy) gives way to the image of the container behind it.
#[must_use]
pub fn identify(evidence: &Evidence<'_>) -> Option<Service> {
    let by_process = evidence.process.and_then(|process| of_process(process, evidence));
    let by_image = evidence.container.and_then(image::identify);
    let verdict = match (by_process, by_image) {
        (Some(process), Some(image)) if image_says_more(&process, &image) => image,
        (Some(process), _) => process,
        (None, image) => image?,
    };
    Some(verdict.service(evidence))
}

/// Returns whether the service `id` is a language's runtime or a runner of scripts: a name that leaves open
/// what speaks.
#[must_use]
pub fn is_generic(id: &str) -> bool {
    table::is_generic(id)
}

/// A service that was recognised, and by what.
#[derive(Debug)]
struct Verdict {
    known: &'static Known,
    known_by: KnownBy,
    version: Option<String>,
}

impl Verdict {
    fn new(known: &'static Known, known_by: KnownBy) -> Self {
        Self { known, known_by, version: None }
    }

    fn by_id(id: &str, known_by: KnownBy) -> Option<Self> {
        table::by_id(id).map(|known| Self::new(known, known_by))
    }

    fn with_version(mut self, version: Option<String>) -> Self {
        self.version = version.or(self.version);
        self
    }

    fn service(self, evidence: &Evidence<'_>) -> Service {
        let inside = evidence.container.and_then(|container| container.port);
        let port = inside.unwrap_or(evidence.port);
        let protocol = ports::usual_protocol(self.known.id, port).unwrap_or(self.known.speaks);
        let spoken = match evidence.protocol {
            Protocol::Udp => table::is_spoken_over_udp(protocol),
            _ => !protocol.is_empty(),
        };
        Service {
            id: self.known.id.to_owned(),
            name: self.known.name.to_owned(),
            protocol: spoken.then(|| protocol.to_owned()),
            version: self.version,
            known_by: self.known_by,
        }
    }
}

fn image_says_more(process: &Verdict, image: &Verdict) -> bool {
    table::is_forwarder(process.known.id)
        || (table::is_generic(process.known.id) && !table::is_generic(image.known.id))
}

fn of_process(process: &Process, evidence: &Evidence<'_>) -> Option<Verdict> {
    let command = Command::of(process);
    match evidence.protocol {
        Protocol::Udp => None,
        _ => ports::of_this_port(&command, evidence.port),
    }
    .or_else(|| runtime::identify(&command))
}

/// Returns `text` as a version if it is one: a digit, after an optional `v`, then letters, digits and `.-+~_`.
fn version(text: &str) -> Option<String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~' | '_');
    let is_version =
        text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 40 && text.chars().all(clean);
    is_version.then(|| text.to_owned())
}
