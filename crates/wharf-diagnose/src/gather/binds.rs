//! bind(2), tried in the ways of servers and undone at once, and who has the address.

use wharf_os::examine::bind::{How, attempt};

use super::{Context, network, port};
use crate::facts::{BindTrial, Facts};

/// Tries the address as most servers bind, without SO_REUSEADDR, and with SO_REUSEPORT; looks at the port.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(address) = facts.bind() else { return };
    for (reuse_address, reuse_port) in [(true, false), (false, false), (true, true)] {
        let how = How { reuse_address, reuse_port };
        facts.binds.push(BindTrial { how, error: attempt(address, how).err() });
    }
    facts.unprivileged_from = context.os.host.unprivileged_port_start();
    facts.ephemeral = context.os.host.ephemeral_range();
    port::look(facts, context);
    network::bind_programs(facts, address);
}
