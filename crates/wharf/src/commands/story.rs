//! What is told of a run as it goes, to the one who started it and, in the registry, to everybody else.
//!
//! Not here: the run itself (`wharf-run`), and the words (`wharf-views`).

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_model::lease::LeaseName;
use wharf_model::run::{RunPort, RunState, reached_at, url, url_at};
use wharf_os::Os;
use wharf_os::background;
use wharf_os::facts::SocketQuery;
use wharf_os::launch::Remark;
use wharf_run::berth::Event;
use wharf_run::life::Heard;
use wharf_run::registry::Entry;
use wharf_views::style::Style;
use wharf_views::text::run::{
    write_further, write_linked, write_moved, write_ready, write_receives, write_warning,
};

use crate::keeping;

/// What is told of one run.
pub(super) struct Story {
    pub(super) os: Arc<Os>,
    pub(super) name: LeaseName,
    /// The port that the program is told.
    pub(super) told: u16,
    pub(super) style: Style,
    /// Its place in the registry, if it could be entered.
    pub(super) entry: Option<Entry>,
    /// Whether somebody waits for the program to listen, and for no more.
    pub(super) background: bool,
    /// Whether what cannot be looked into is denied.
    pub(super) strict: bool,
    /// Where is told what was found out meanwhile.
    pub(super) events: Sender<Event>,
    /// Where it is reached.
    pub(super) main: Option<SocketAddr>,
    /// Whether all its sockets can be looked into.
    pub(super) sees_all: bool,
    /// Parts of it that are services by themselves, by their ports.
    pub(super) parts: BTreeMap<u16, LeaseName>,
}

impl Story {
    /// Tells what was heard.
    pub(super) fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Started { program } => {
                if let Some(entry) = &mut self.entry {
                    entry.change(|run| run.program = program);
                }
            }
            Heard::Guarded(guard) => {
                if let Some(entry) = &mut self.entry {
                    entry.change(|run| run.guard = Some(guard));
                }
            }
            Heard::Socket(Event::Receives { asked, at }) => {
                let asked_port = Some(asked).filter(|&asked| asked != at.port());
                self.enter(RunPort { port: at.port(), asked_port, udp: true });
                say(|err| write_receives(err, asked, at.port(), &self.style));
            }
            Heard::Socket(Event::Moved { asked, port }) => {
                self.enter(RunPort { port, asked_port: Some(asked), udp: false });
                say(|err| write_moved(err, asked, port, &self.style));
            }
            Heard::Socket(Event::Passed(why)) => {
                self.sees_all = false;
                let then =
                    if self.strict { "it may not listen (--strict)" } else { "it listens where it wants" };
                let text = format!("its sockets could not be looked into ({why}): {then}");
                say(|err| write_warning(err, &text, &self.style));
            }
            Heard::Socket(Event::CutOff) => {
                let text = "it reaches no other machine any more: pasta has ended";
                say(|err| write_warning(err, text, &self.style));
            }
            Heard::Socket(Event::Deaf { port }) => {
                let text = format!("nobody outside reaches its UDP port {port}: --isolate lets in TCP alone");
                say(|err| write_warning(err, &text, &self.style));
            }
            Heard::Socket(Event::Unreachable { port, why }) => {
                let text = format!("nobody reaches its port {port}: no port can be had for it ({why})");
                say(|err| write_warning(err, &text, &self.style));
            }
            Heard::Socket(Event::Remark(remark)) => {
                let text = match remark {
                    Remark::RefusedByCluster => REFUSED_BY_CLUSTER,
                    Remark::Substituted => SUBSTITUTED,
                    Remark::NotLinked => NOT_LINKED,
                };
                say(|err| write_warning(err, text, &self.style));
            }
            Heard::Socket(Event::Linked { asked, sibling, port }) => {
                say(|err| write_linked(err, asked, sibling.as_ref(), port, &self.style));
            }
            Heard::Socket(Event::Joined { name, port }) => {
                self.parts.insert(port, name);
            }
            Heard::Socket(Event::Listens { at }) => match self.parts.get(&at.port()) {
                Some(part) => {
                    let port = at.port();
                    let named = keeping::named_url(part);
                    say(|err| write_ready(err, part, &url(port), named.as_deref(), &self.style));
                    self.enter(RunPort { port, asked_port: None, udp: false });
                    // Perhaps it is all that the run does.
                    if self.main.is_none() {
                        self.enter_main(at);
                        self.reached();
                    }
                }
                None => self.listens(at),
            },
            Heard::Socket(Event::Answers { at }) => {
                if self.main.is_none_or(|main| main.port() != self.told && main.port() != at.port()) {
                    self.reached_at(at);
                }
            }
        }
    }

    fn listens(&mut self, at: SocketAddr) {
        let port = at.port();
        self.enter(RunPort { port, asked_port: None, udp: false });
        match self.main {
            // Some try a port on all addresses, and then listen on one of them.
            Some(main) if main.port() == port => {
                if url_at(main) != url_at(at) && !self.is_open(main) {
                    self.reached_at(at);
                }
            }
            Some(main) if port != self.told => {
                say(|err| write_further(err, port, &self.style));
                if main.port() != self.told && !DEBUG_PORTS.contains(&port) {
                    self.find_out(main, at);
                }
            }
            None if port != self.told && DEBUG_PORTS.contains(&port) => {
                say(|err| write_further(err, port, &self.style));
            }
            _ => self.reached_at(at),
        }
    }

    /// Returns whether somebody listens at `at`, or may.
    fn is_open(&self, at: SocketAddr) -> bool {
        let query = SocketQuery {
            protocols: vec![Protocol::Tcp],
            states: vec![TcpState::Listen],
            local_port: Some(at.port()),
            remote_port: None,
        };
        let listed = self.os.sockets.list(None, &query);
        listed.map_or(true, |listed| listed.value.iter().any(|socket| socket.local == at))
    }

    /// Asks in the background which of two ports answers HTTP, where neither is the one that the program was told.
    fn find_out(&self, main: SocketAddr, other: SocketAddr) {
        let (os, events) = (Arc::clone(&self.os), self.events.clone());
        thread::spawn(move || {
            if !answers_http(&os, main) && answers_http(&os, other) {
                // Nobody listens any more once the run is over.
                let _ = events.send(Event::Answers { at: other });
            }
        });
    }

    fn reached_at(&mut self, at: SocketAddr) {
        // The router is told first, so that whoever reads the name can go there.
        self.enter_main(at);
        let named = keeping::named_url(&self.name);
        say(|err| write_ready(err, &self.name, &url_at(at), named.as_deref(), &self.style));
        if let Some(entry) = self.entry.as_mut().filter(|_| named.is_some()) {
            entry.change(|run| run.named_url = named);
        }
        self.reached();
    }

    /// Returns whether it is known that the program has opened no port.
    pub(super) fn has_no_port(&self) -> bool {
        let has_entered = |entry: &Entry| !entry.run().ports.is_empty();
        self.sees_all && self.main.is_none() && self.entry.as_ref().is_some_and(|entry| !has_entered(entry))
    }

    /// Enters where it is reached.
    fn enter_main(&mut self, at: SocketAddr) {
        self.main = Some(at);
        if let Some(entry) = &mut self.entry {
            entry.change(|run| {
                (run.main_port, run.main_address) = (Some(at.port()), reached_at(at.ip()));
                run.state = RunState::Listening;
            });
        }
    }

    /// Lets whoever waits for it go on.
    fn reached(&mut self) {
        if std::mem::take(&mut self.background) {
            // Whoever waits has heard enough. If it cannot be, he goes on by himself after a while.
            let _ = background::fall_silent();
        }
    }

    /// Enters a port, once.
    fn enter(&mut self, port: RunPort) {
        let Some(entry) = &mut self.entry else { return };
        let ports = &entry.run().ports;
        let is_known = ports.iter().any(|known| (known.port, known.udp) == (port.port, port.udp));
        if ports.len() < PORTS && !is_known {
            entry.change(|run| run.ports.push(port));
        }
    }
}

/// Returns whether the port at `at` answers HTTP, which a program that has just begun to listen may take a while for.
fn answers_http(os: &Os, at: SocketAddr) -> bool {
    let reachable = match at.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    let enough = |heard: &[u8]| heard.len() >= HTTP.len();
    let answer = os.dialer.converse(SocketAddr::new(reachable, at.port()), QUESTION, PATIENCE, &enough);
    answer.is_ok_and(|answer| answer.starts_with(HTTP))
}

/// Writes to stderr, all at once: the program writes there, too. A run goes on if nobody reads it.
pub(super) fn say(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) {
    let mut text = Vec::new();
    let _ = write(&mut text).and_then(|()| io::stderr().lock().write_all(&text));
}

const NOT_LINKED: &str = "its connections cannot be led to its siblings in this container, whose seccomp profile forbids \
    it (--link)";

const REFUSED_BY_CLUSTER: &str = "it is a cluster of Node, which takes no port but the one that it asks for: start it as \
                                  wharf run -- node …, and wharf will see to that";
const SUBSTITUTED: &str = "this container lets nobody duplicate a program's sockets (--cap-add SYS_PTRACE would), so wharf \
                           put its own in their place: options that were set before bind(2) may be lost";
/// Where debuggers and reloaders of Node, Java, Python and Vite listen: never what a service is reached at.
const DEBUG_PORTS: [u16; 4] = [5005, 5678, 9229, 24678];
/// Ports of one run that are entered; a program that opens more is not described by them.
const PORTS: usize = 64;
/// What every HTTP server answers, and no program does anything for, RFC 9110 section 9.3.2.
const QUESTION: &[u8] = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const HTTP: &[u8] = b"HTTP/1.";
const PATIENCE: Duration = Duration::from_secs(3);
