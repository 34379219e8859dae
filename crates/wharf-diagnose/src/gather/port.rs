//! Which listeners the addresses lead to, and all that the catalogue knows of the port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

use wharf_catalog::detail::head;
use wharf_model::filter::Filter;
use wharf_model::run::{Run, RunState};
use wharf_model::snapshot::Warning;
use wharf_os::facts::OsError;

use super::Context;
use crate::facts::names::is_localhost;
use crate::facts::{Facts, Reached};
use crate::target::Target;

/// Asks the kernel which listener each address leads to: one question an address, however many sockets there are.
pub(super) fn reached(facts: &mut Facts, context: &mut Context<'_>) {
    match look_up(&facts.addresses, context) {
        Ok(reached) => facts.reached = reached,
        Err(error) => {
            let text = format!("listeners cannot be looked up: {error}");
            facts.warnings.push(Warning { code: "sockets-unread".to_owned(), text });
        }
    }
    let (Some(host), Some(first)) = (&facts.names.host, facts.addresses.first()) else { return };
    if is_localhost(host) {
        let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let twins = both.map(|ip| SocketAddr::new(ip, first.port()));
        let twins: Vec<_> = twins.into_iter().filter(|twin| !facts.addresses.contains(twin)).collect();
        facts.twins = look_up(&twins, context).unwrap_or_default();
    }
}

fn look_up(addresses: &[SocketAddr], context: &Context<'_>) -> Result<Vec<Reached>, OsError> {
    let look_up = |&address: &SocketAddr| {
        // A socket of IPv6 connects to a mapped address by IPv4.
        let asked = SocketAddr::new(address.ip().to_canonical(), address.port());
        Ok(Reached { address, socket: context.os.sockets.listener_at(asked)? })
    };
    addresses.iter().map(look_up).collect()
}

/// Asks the catalogue for owner, project, container, and for what else has the port.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let port = facts.target().and_then(Target::port).or(facts.bind().map(|address| address.port()));
    let Some(port) = port.and_then(NonZeroU16::new) else { return };
    match head(context.os, &port.to_string(), &Filter::Port(port), &context.question.asker) {
        Ok(detail) => {
            facts.warnings.extend(detail.warnings.iter().cloned());
            facts.port = Some(detail);
        }
        Err(error) => {
            let text = format!("the port cannot be looked into: {error}");
            facts.warnings.push(Warning { code: "port-unread".to_owned(), text });
        }
    }
    let has = |run: &&Run| run.port == port.get() || run.ports.iter().any(|own| own.port == port.get());
    let is_silent = |run: &&Run| run.state == RunState::Starting;
    facts.run = context.question.asker.runs.iter().filter(has).find(is_silent).cloned();
    facts.leases = (context.question.leases)().into_iter().filter(|lease| lease.port == port.get()).collect();
}
