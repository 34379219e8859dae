//! The connections of `wharf show`, grouped by the process at their other end.
//!
//! Not here: the plain table of connections (`list`).

use std::net::IpAddr;

use wharf_model::connection::{Connection, ProcessRef, TcpState};

use crate::text::line::{Ink, Line};
use crate::text::words;

/// Returns a line for each client: `12 from chrome (pid 900): 11 open, 1 closing`; the most connected first.
pub(crate) fn clients(connections: &[Connection]) -> Vec<Line> {
    let mut groups: Vec<Group> = Vec::new();
    for connection in connections {
        let who = Who::of(connection);
        match groups.iter_mut().find(|group| group.who == who) {
            Some(group) => group.add(connection.state),
            None => groups.push(Group { who, states: vec![(connection.state, 1)] }),
        }
    }
    // Stable, so that equal groups stay in the order that the connections came in.
    groups.sort_by_key(|group| std::cmp::Reverse(group.count()));
    let rest = groups.len().saturating_sub(MOST_CLIENTS);
    let mut lines: Vec<Line> = groups.iter().take(MOST_CLIENTS).map(Group::line).collect();
    if rest > 0 {
        let count: usize = groups.iter().skip(MOST_CLIENTS).map(Group::count).sum();
        lines.push(Line::of(Ink::Dim, &format!("… {count} from {rest} others")));
    }
    lines
}

/// Returns a line for each connection that keeps a port taken: `firefox (pid 900), to 192.0.2.7:443: open`.
pub(crate) fn holders(connections: &[Connection]) -> Vec<Line> {
    let mut lines: Vec<Line> = connections.iter().take(MOST_HOLDERS).map(holder).collect();
    if connections.len() > MOST_HOLDERS {
        lines.push(Line::of(Ink::Dim, &format!("… {} more", connections.len() - MOST_HOLDERS)));
    }
    lines
}

fn holder(connection: &Connection) -> Line {
    let mut line = match &connection.process {
        Some(process) => named(process),
        None if connection.inode.is_none() => Line::of(Ink::Plain, "no process any more"),
        None => Line::of(Ink::Plain, &format!("? (made by uid {})", connection.uid)),
    };
    line.push(Ink::Plain, &format!(", {} to {}", connection.local, connection.remote));
    if let Some(peer) = &connection.peer {
        line.push(Ink::Plain, " of ");
        line.append(named(peer));
    }
    line.push(Ink::Dim, &format!(": {}", words::tcp_state(connection.state)));
    line
}

/// Returns `firefox (pid 900)`.
pub(crate) fn named(process: &ProcessRef) -> Line {
    Line::of(Ink::Plain, &process.name).and(Ink::Dim, &format!(" (pid {})", process.pid))
}

/// Who is at the other end.
#[derive(PartialEq, Eq)]
enum Who<'a> {
    Process(&'a ProcessRef),
    /// On this machine, but no process is known; TIME_WAIT has none.
    Local,
    Remote(IpAddr),
}

impl<'a> Who<'a> {
    fn of(connection: &'a Connection) -> Self {
        let remote = connection.remote.ip().to_canonical();
        match &connection.peer {
            Some(process) => Who::Process(process),
            None if remote.is_loopback() || remote == connection.local.ip().to_canonical() => Who::Local,
            None => Who::Remote(remote),
        }
    }
}

struct Group<'a> {
    who: Who<'a>,
    states: Vec<(TcpState, usize)>,
}

impl Group<'_> {
    fn add(&mut self, state: TcpState) {
        match self.states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => self.states.push((state, 1)),
        }
    }

    fn count(&self) -> usize {
        self.states.iter().map(|(_, count)| count).sum()
    }

    fn line(&self) -> Line {
        let mut line = Line::of(Ink::Strong, &self.count().to_string()).and(Ink::Plain, " from ");
        match &self.who {
            Who::Process(process) => line.append(named(process)),
            Who::Local => line.push(Ink::Plain, "this machine, no process known"),
            Who::Remote(ip) => line.push(Ink::Plain, &ip.to_string()),
        }
        let states: Vec<String> = match self.states.as_slice() {
            [(state, _)] => vec![words::tcp_state(*state).to_owned()],
            states => {
                states.iter().map(|(state, count)| format!("{count} {}", words::tcp_state(*state))).collect()
            }
        };
        line.and(Ink::Dim, &format!(": {}", states.join(", ")))
    }
}

const MOST_CLIENTS: usize = 20;
const MOST_HOLDERS: usize = 8;
