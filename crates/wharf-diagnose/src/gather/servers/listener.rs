//! What a program has put before its own port: a socket filter, tcp_wrappers. Not here: firewalls.

use std::path::Path;

use wharf_os::Os;
use wharf_os::examine::process::maps;
use wharf_os::examine::queue::{self, Queue};
use wharf_os::facts::Holders;

use super::wrappers;
use crate::facts::Facts;
use crate::facts::servers::{Examined, Filter, Server};
use crate::gather::attempts;

/// Returns the filter of the listeners, as far as their descriptors may be duplicated.
pub(super) fn filter(queues: &[Queue], holders: &Holders) -> Option<Filter> {
    let of = |queue: &Queue| holders.by_inode.get(&queue.inode).into_iter().flatten();
    let filters =
        queues.iter().filter_map(|queue| of(queue).find_map(|holder| queue::filter(holder.pid, holder.fd)));
    filters
        .map(|length| match length {
            Some(0) => Filter::None,
            Some(length) => Filter::Classic(length),
            None => Filter::Extended,
        })
        .max_by_key(|filter| *filter != Filter::None)
}

/// Returns the line of tcp_wrappers' files that denies the client, if the server goes by them.
pub(super) fn denied_by(server: &Server, facts: &Facts, os: &Os) -> Option<(String, String)> {
    let (client, _) = attempts::ends(facts)?;
    let goes_by_them = |examined: &&Examined| maps(examined.process.pid, "libwrap");
    let examined = server.processes.iter().find(goes_by_them)?;
    let text = |path: &str| {
        let bytes = os.files.read(Path::new(path), FILE_AT_MOST).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut daemons = vec![examined.process.name.clone()];
    // The name by which it asks may stand in its command line.
    let words =
        examined.command.iter().flat_map(|word| word.split(|letter: char| !letter.is_ascii_alphanumeric()));
    daemons.extend(words.map(str::to_owned));
    wrappers::denying(
        &text("/etc/hosts.allow"),
        &text("/etc/hosts.deny"),
        &daemons,
        client.ip().to_canonical(),
    )
}

const FILE_AT_MOST: usize = 256 * 1024;
