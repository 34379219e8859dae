//! The order in which endpoints are shown.

use std::cmp::Reverse;

use wharf_model::endpoint::{Endpoint, Protocol};

/// What to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// One's own projects, then the rest of one's own, then everybody else's; by port within.
    #[default]
    Importance,
    /// Port number.
    Port,
    /// Address.
    Address,
    /// Name of the service.
    Service,
    /// Name of the leading process.
    Process,
    /// Name of the project; those without one last.
    Project,
    /// User.
    User,
    /// Start of the leading process, newest first.
    Since,
    /// Exposure, the widest first.
    Exposure,
}

/// Sorts `endpoints` by `key`; equals stay in the order of their ports.
pub fn sort(endpoints: &mut [Endpoint], key: SortKey, own_uid: u32) {
    endpoints.sort_by_cached_key(by_port);
    match key {
        SortKey::Port => {}
        SortKey::Importance => endpoints.sort_by_key(|endpoint| importance(endpoint, own_uid)),
        SortKey::Address => endpoints.sort_by_key(|endpoint| endpoint.addresses.first().copied()),
        SortKey::Service => endpoints.sort_by_cached_key(|endpoint| {
            last_if_none(endpoint.service.as_ref().map(|service| service.name.to_lowercase()))
        }),
        SortKey::Process => endpoints.sort_by_cached_key(|endpoint| {
            last_if_none(endpoint.owner.lead().map(|lead| lead.name.to_lowercase()))
        }),
        SortKey::Project => endpoints.sort_by_cached_key(|endpoint| {
            last_if_none(endpoint.project.as_ref().map(|project| project.name.to_lowercase()))
        }),
        SortKey::User => endpoints.sort_by_cached_key(|endpoint| last_if_none(endpoint.owner.user.clone())),
        SortKey::Since => {
            endpoints.sort_by_key(|endpoint| Reverse(endpoint.owner.lead().and_then(|lead| lead.started_at)))
        }
        SortKey::Exposure => endpoints.sort_by_key(|endpoint| Reverse(endpoint.exposure)),
    }
}

fn by_port(endpoint: &Endpoint) -> (u16, Protocol, bool, Option<std::net::IpAddr>) {
    (endpoint.port, endpoint.protocol, !endpoint.netns.own, endpoint.addresses.first().copied())
}

fn importance(endpoint: &Endpoint, own_uid: u32) -> u8 {
    let mine = endpoint.owner.uid == own_uid;
    let in_project = endpoint.project.is_some() || endpoint.run.is_some();
    match (mine && endpoint.netns.own, in_project, mine) {
        (true, true, _) => 0,
        (_, true, _) => 1,
        (true, false, _) => 2,
        (_, _, true) => 3,
        _ => 4,
    }
}

/// `None` sorts last.
fn last_if_none<T: Ord>(value: Option<T>) -> (bool, Option<T>) {
    (value.is_none(), value)
}

#[cfg(test)]
mod tests;
