//! Properties of a unit as D-Bus tells them, read into facts. What is missing or of another type is left empty: managers
//! of other versions have other properties.
//!
//! Not here: asking for them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Type};

use super::UnitFacts;

/// Properties by name.
pub(super) type Properties = HashMap<String, OwnedValue>;

/// A unit as `ListUnitsByPatterns` lists it.
#[derive(Debug, Deserialize, Serialize, Type)]
pub(super) struct ListedUnit {
    pub(super) name: String,
    description: String,
    load: String,
    active: String,
    sub: String,
    following: String,
    path: OwnedObjectPath,
    job: u32,
    job_kind: String,
    job_path: OwnedObjectPath,
}

/// Reads the properties that every unit has.
pub(super) fn of_unit(mut told: Properties) -> UnitFacts {
    UnitFacts {
        name: take(&mut told, "Id").unwrap_or_default(),
        description: take(&mut told, "Description").unwrap_or_default(),
        active: take(&mut told, "ActiveState").unwrap_or_default(),
        sub: take(&mut told, "SubState").unwrap_or_default(),
        file_state: take(&mut told, "UnitFileState").unwrap_or_default(),
        triggered_by: take(&mut told, "TriggeredBy").unwrap_or_default(),
        triggers: take(&mut told, "Triggers").unwrap_or_default(),
        ..UnitFacts::default()
    }
}

/// Returns the interface of the kind that the name of a unit tells, and what of it is worth asking for.
pub(super) fn of_kind(name: &str) -> (&'static str, &'static [&'static str]) {
    match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("service") => ("org.freedesktop.systemd1.Service", &["MainPID", "ControlGroup", "Restart"]),
        Some("socket") => ("org.freedesktop.systemd1.Socket", &["ControlGroup", "Listen"]),
        Some("scope") => ("org.freedesktop.systemd1.Scope", &["ControlGroup"]),
        _ => ("", &[]),
    }
}

/// Adds the properties of its kind.
pub(super) fn add(facts: &mut UnitFacts, mut told: Properties) {
    facts.main_pid = take(&mut told, "MainPID").filter(|pid| *pid != 0);
    facts.control_group = take(&mut told, "ControlGroup").filter(|path: &String| !path.is_empty());
    facts.restart = take(&mut told, "Restart");
    facts.listen = take(&mut told, "Listen").unwrap_or_default();
}

/// Whether one of the places is an IP address with this port.
///
/// systemd writes them as `127.0.0.1:80`, `[::]:80` and `[fe80::1%eth0]:80`; `vsock:2:80` and `/run/x:80` are none.
pub(super) fn listens_at(places: &[(String, String)], port: u16) -> bool {
    places.iter().any(|(kind, place)| {
        let is_ip_socket = matches!(kind.as_str(), "Stream" | "Datagram");
        is_ip_socket && port_of(place) == Some(port)
    })
}

fn port_of(place: &str) -> Option<u16> {
    let (host, port) = place.rsplit_once(':')?;
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => {
            inner.split('%').next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)?;
        }
        None => {
            host.parse::<Ipv4Addr>().ok()?;
        }
    }
    port.parse().ok()
}

fn take<T: TryFrom<OwnedValue>>(told: &mut Properties, name: &str) -> Option<T> {
    told.remove(name).and_then(|value| T::try_from(value).ok())
}
