//! What an answer says, and how it joins what was learned by looking.

use wharf_model::place::{KnownBy, Service};

use crate::service::table;

/// What one answer says of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Stable id.
    pub(super) id: &'static str,
    /// Name for people; it never holds a control character.
    pub(super) name: String,
    /// Wire protocol.
    pub(super) protocol: &'static str,
    /// Version; letters, digits and `.-+~_:` alone.
    pub(super) version: Option<String>,
    /// How much it says.
    pub(super) strength: Strength,
}

/// How much an answer says of who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A protocol that carries anything: HTTP, TLS.
    Carrier,
    /// A protocol with few servers, or a library that many servers are made of.
    Family,
    /// This very product.
    Product,
}

impl Finding {
    /// Returns the finding of a product or family that looking knows too.
    pub(super) fn known(id: &'static str, protocol: &'static str, strength: Strength) -> Self {
        let name = table::by_id(id).map_or(id, |known| known.name).to_owned();
        Self { id, name, protocol, version: None, strength }
    }

    pub(super) fn product(id: &'static str, protocol: &'static str) -> Self {
        Self::known(id, protocol, Strength::Product)
    }

    pub(super) fn family(id: &'static str, protocol: &'static str) -> Self {
        Self::known(id, protocol, Strength::Family)
    }

    /// Returns the finding of a protocol whose server stays unknown; its id is the protocol's.
    pub(super) fn protocol(protocol: &'static str, name: &str, strength: Strength) -> Self {
        Self { id: protocol, name: name.to_owned(), protocol, version: None, strength }
    }

    /// Gives an id of its own to a finding whose protocol's name means something else.
    pub(super) fn renamed(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// Takes a version from the answer, if it is one.
    pub(super) fn version(mut self, said: Option<&str>) -> Self {
        self.version = said.and_then(clean_version).or(self.version);
        self
    }
}

/// Joins what was learned by looking with what the port said.
///
/// The port's word goes first where it names the product. Where it names only a protocol or a library, a
/// name learned by looking says more and stays. A reverse proxy keeps its name: the answer may come from
/// the server behind it.
pub(super) fn settle(looked: Option<&Service>, heard: Finding) -> Service {
    let Some(looked) = looked else { return service(heard, None) };
    let vague = crate::service::is_generic(&looked.id) || table::is_forwarder(&looked.id);
    let keeps_name = looked.id != heard.id
        && match heard.strength {
            Strength::Carrier => true,
            Strength::Family => !vague,
            Strength::Product => table::is_reverse_proxy(&looked.id),
        };
    match keeps_name {
        true => Service { protocol: Some(heard.protocol.to_owned()), ..looked.clone() },
        false => {
            let said_before = if looked.id == heard.id { looked.version.clone() } else { None };
            service(heard, said_before)
        }
    }
}

fn service(heard: Finding, version: Option<String>) -> Service {
    Service {
        id: heard.id.to_owned(),
        name: heard.name,
        protocol: Some(heard.protocol.to_owned()),
        version: heard.version.or(version),
        known_by: KnownBy::Probe,
    }
}

/// Returns the version at the beginning of `said`, or nothing if it begins otherwise.
pub(super) fn clean_version(said: &str) -> Option<String> {
    let said = said.trim();
    let said = said.strip_prefix('v').unwrap_or(said);
    let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~' | '_' | ':');
    let version: String = said.chars().take_while(|&c| clean(c)).take(LONGEST_VERSION).collect();
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

const LONGEST_VERSION: usize = 48;
