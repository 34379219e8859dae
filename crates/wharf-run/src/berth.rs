//! Where the sockets of a program go: each port that it asks for has a berth, its own number where nobody else has
//! it, and the same other one where somebody has.
//!
//! Berths are decided once a run and held until it ends. Not here: how a socket gets there (`wharf-os`).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use wharf_model::lease::LeaseName;
use wharf_os::launch::{Harbour, Place, Remark};
use wharf_os::ports::{Held, hold_udp};

/// Who gives numbers.
pub trait Numbers: Send {
    /// Returns what holds the number for a program that asks for `asked`; `None` to leave it as it asks.
    fn number(&mut self, asked: u16) -> Option<Held>;

    /// Does so for UDP.
    fn udp_number(&mut self, asked: u16) -> Option<Held>;

    /// Returns the sibling that asked for `port`, and the port that it has.
    fn sibling(&mut self, port: u16) -> Option<(LeaseName, u16)>;

    /// Returns whose `port` is.
    fn name(&mut self, port: u16) -> Option<LeaseName>;
}

/// What happened to a program's sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It asked for one port and got another.
    Moved {
        /// The port that it asked for.
        asked: u16,
        /// The one that it got.
        port: u16,
    },
    /// It listens.
    Listens {
        /// Where.
        at: SocketAddr,
    },
    /// It receives UDP.
    Receives {
        /// The port that it asked for.
        asked: u16,
        /// Where.
        at: SocketAddr,
    },
    /// Its connections to one port go to another; said once.
    Linked {
        /// The port that it connects to.
        asked: u16,
        /// The sibling that asked for it; none if that is the program itself.
        sibling: Option<LeaseName>,
        /// The port that it reaches.
        port: u16,
    },
    /// A part of it is a service by itself, with a port of its own.
    Joined {
        /// Its name.
        name: LeaseName,
        /// The port that it is told.
        port: u16,
    },
    /// Something to be known of it; said once.
    Remark(Remark),
    /// A call could not be looked into, for this reason.
    Passed(String),
    /// It is isolated, and what led out of its network has ended by itself.
    CutOff,
    /// It is isolated and receives UDP at this port, which is not let in.
    Deaf {
        /// The port inside.
        port: u16,
    },
    /// It is isolated and listens, and wharf does not where it could be reached.
    Unreachable {
        /// The port that it listens on.
        port: u16,
        /// Why not.
        why: String,
    },
    /// It answers HTTP at this port; said by whoever asked it.
    Answers {
        /// Where.
        at: SocketAddr,
    },
}

/// The berths of one run.
pub struct Berths {
    /// The port that the program is told.
    told: Arc<Held>,
    numbers: Box<dyn Numbers>,
    /// Whether other ports than the one it is told are given berths.
    moves: bool,
    confines: bool,
    by_asked: BTreeMap<u16, Option<Arc<Held>>>,
    /// Held only until it is bound: a UDP socket is by itself in nobody's way and let by nobody, and one that holds would
    /// be an endpoint for all to see.
    udp_by_asked: BTreeMap<u16, Option<u16>>,
    /// Ports of parts of the run that are services by themselves.
    joined: Vec<Arc<Held>>,
    /// Ports that connections were led away from.
    linked: Vec<u16>,
    events: Sender<Event>,
    has_passed: bool,
    remarked: Vec<Remark>,
}

impl Berths {
    /// Returns the berths of a program that is told `told`.
    pub fn new(told: Held, numbers: Box<dyn Numbers>, options: Options, events: Sender<Event>) -> Self {
        Self {
            told: Arc::new(told),
            numbers,
            moves: !options.no_rewrite,
            confines: !options.host_visible,
            by_asked: BTreeMap::new(),
            udp_by_asked: BTreeMap::new(),
            joined: Vec::new(),
            linked: Vec::new(),
            events,
            has_passed: false,
            remarked: Vec::new(),
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody listens any more once the run is over.
        let _ = self.events.send(event);
    }
}

/// What a person asks of the berths of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Leave sockets open to other machines.
    pub host_visible: bool,
    /// Let the program have the ports that it asks for.
    pub no_rewrite: bool,
}

impl Harbour for Berths {
    fn place(&mut self, asked: SocketAddr) -> Place {
        let asked = asked.port();
        let own = std::iter::once(&self.told).chain(&self.joined).find(|held| held.port() == asked);
        if let Some(held) = own {
            return Place::Held(Arc::clone(held));
        }
        if !self.moves {
            return Place::AsAsked;
        }
        if !self.by_asked.contains_key(&asked) {
            // Some try a port, look at the number that they got, and ask for that one then.
            if let Some(held) = self.held(asked) {
                return Place::Held(held);
            }
            let held = self.numbers.number(asked).map(Arc::new);
            if let Some(port) = held.as_ref().map(|held| held.port()).filter(|&port| port != asked) {
                self.tell(Event::Moved { asked, port });
            }
            self.by_asked.insert(asked, held);
        }
        match &self.by_asked[&asked] {
            Some(held) => Place::Held(Arc::clone(held)),
            None => Place::AsAsked,
        }
    }

    fn place_udp(&mut self, asked: SocketAddr) -> Place {
        let asked = asked.port();
        if asked != self.told.port() && !self.moves {
            return Place::AsAsked;
        }
        if let Some(known) = self.udp_by_asked.get(&asked) {
            return match known {
                Some(port) => hold_udp(*port).map_or(Place::Port(*port), |held| Place::Held(Arc::new(held))),
                None => Place::AsAsked,
            };
        }
        // Whoever serves both (HTTP/3) has one number for them.
        let twin = Some(&self.told).filter(|told| told.port() == asked);
        let twin = twin.or_else(|| self.by_asked.get(&asked)?.as_ref());
        let held = twin.and_then(|twin| hold_udp(twin.port()).ok());
        let held = held.or_else(|| self.numbers.udp_number(asked));
        self.udp_by_asked.insert(asked, held.as_ref().map(Held::port));
        held.map_or(Place::AsAsked, |held| Place::Held(Arc::new(held)))
    }

    fn held(&self, port: u16) -> Option<Arc<Held>> {
        let berths = self.by_asked.values().flatten();
        berths.chain([&self.told]).chain(&self.joined).find(|held| held.port() == port).map(Arc::clone)
    }

    fn asked(&self, port: u16) -> Option<u16> {
        let is_at = |held: &Option<Arc<Held>>| held.as_ref().is_some_and(|held| held.port() == port);
        self.by_asked.iter().find(|&(&asked, held)| asked != port && is_at(held)).map(|(&asked, _)| asked)
    }

    fn link(&mut self, port: u16) -> Option<u16> {
        // What it has itself is meant first: a program that asks how it does.
        let own = self.by_asked.get(&port).and_then(|held| held.as_ref().map(|held| held.port()));
        let (sibling, to) = match own {
            Some(own) => (None, own),
            None => self.numbers.sibling(port).map(|(name, port)| (Some(name), port))?,
        };
        if to != port && !self.linked.contains(&port) {
            self.linked.push(port);
            self.tell(Event::Linked { asked: port, sibling, port: to });
        }
        Some(to)
    }

    fn join(&mut self, held: Held) {
        let port = held.port();
        self.joined.push(Arc::new(held));
        if let Some(name) = self.numbers.name(port) {
            self.tell(Event::Joined { name, port });
        }
    }

    fn confines(&self) -> bool {
        self.confines
    }

    fn listens(&mut self, at: SocketAddr) {
        self.tell(Event::Listens { at });
    }

    fn receives(&mut self, at: SocketAddr, asked: u16) {
        self.tell(Event::Receives { asked, at });
    }

    fn remark(&mut self, remark: Remark) {
        if !self.remarked.contains(&remark) {
            self.remarked.push(remark);
            self.tell(Event::Remark(remark));
        }
    }

    fn passed(&mut self, why: &io::Error) {
        // Once is enough: a program that cannot be looked into cannot be the next time either.
        if !std::mem::replace(&mut self.has_passed, true) {
            self.tell(Event::Passed(why.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::mpsc::{self, Receiver};

    use wharf_model::lease::LeaseName;
    use wharf_os::launch::{Harbour, Place};
    use wharf_os::ports::{Held, hold, hold_udp};

    use super::{Berths, Event, Numbers, Options};

    /// Gives a free number, but none for port 1.
    struct Free;

    impl Numbers for Free {
        fn number(&mut self, asked: u16) -> Option<Held> {
            (asked != 1).then(|| hold(0).unwrap())
        }

        fn udp_number(&mut self, asked: u16) -> Option<Held> {
            (asked != 1).then(|| hold_udp(0).unwrap())
        }

        /// Port 5432 is that of a sibling, which has 25000.
        fn sibling(&mut self, port: u16) -> Option<(LeaseName, u16)> {
            (port == 5432).then(|| (name("db"), 25_000))
        }

        fn name(&mut self, _: u16) -> Option<LeaseName> {
            Some(name("web"))
        }
    }

    fn name(service: &str) -> LeaseName {
        LeaseName { service: service.to_owned(), worktree: None, project: "shop".to_owned() }
    }

    fn berths(options: Options) -> (Berths, u16, Receiver<Event>) {
        let (send, receive) = mpsc::channel();
        let told = hold(0).unwrap();
        let port = told.port();
        (Berths::new(told, Box::new(Free), options, send), port, receive)
    }

    fn port_for(berths: &mut Berths, asked: u16) -> Option<u16> {
        number(berths.place(SocketAddr::from(([0, 0, 0, 0], asked))))
    }

    fn number(place: Place) -> Option<u16> {
        match place {
            Place::AsAsked => None,
            Place::Held(held) => Some(held.port()),
            Place::Port(port) => Some(port),
        }
    }

    #[test]
    fn a_port_is_given_once_and_told_once() {
        let (mut berths, told, events) = berths(Options::default());
        assert_eq!(port_for(&mut berths, told), Some(told));
        let first = port_for(&mut berths, 3000).unwrap();
        assert_ne!(first, told);
        assert_eq!(port_for(&mut berths, 3000), Some(first));
        assert_eq!(port_for(&mut berths, first), Some(first), "it was told by its own socket");
        assert_eq!(berths.held(first).map(|held| held.port()), Some(first));
        assert_eq!((berths.asked(first), berths.asked(told), berths.asked(3000)), (Some(3000), None, None));
        assert_eq!(port_for(&mut berths, 1), None);
        assert!(berths.held(3000).is_none());
        drop(berths);
        assert_eq!(events.iter().collect::<Vec<_>>(), [Event::Moved { asked: 3000, port: first }]);
    }

    #[test]
    fn both_protocols_have_one_number() {
        let (mut berths, told, _events) = berths(Options::default());
        let address = |asked: u16| SocketAddr::from(([0, 0, 0, 0], asked));
        assert_eq!(number(berths.place_udp(address(told))), Some(told));
        assert_eq!(number(berths.place_udp(address(1))), None);
        let first = berths.place_udp(address(3000));
        // Held until it is bound, and the same number afterwards.
        assert!(matches!(berths.place_udp(address(3000)), Place::Port(_)));
        let port = number(first);
        let again = berths.place_udp(address(3000));
        assert!(matches!(again, Place::Held(_)));
        assert_eq!(number(again), port);
        let tcp = port_for(&mut berths, 4000);
        assert_eq!(number(berths.place_udp(address(4000))), tcp);
    }

    #[test]
    fn a_person_may_want_neither() {
        let (mut berths, told, _events) = berths(Options { host_visible: true, no_rewrite: true });
        assert_eq!(port_for(&mut berths, 3000), None);
        assert_eq!(port_for(&mut berths, told), Some(told));
        assert!(!berths.confines());
    }

    #[test]
    fn connections_go_to_whom_they_are_meant_for() {
        let (mut berths, told, events) = berths(Options::default());
        let own = port_for(&mut berths, 3000).unwrap();
        for _ in 0..2 {
            assert_eq!(berths.link(5432), Some(25_000));
            assert_eq!(berths.link(3000), Some(own));
            assert_eq!(berths.link(told), None);
            assert_eq!(berths.link(80), None);
        }
        drop(berths);
        let told: Vec<Event> = events.iter().skip(1).collect();
        let expected = [
            Event::Linked { asked: 5432, sibling: Some(name("db")), port: 25_000 },
            Event::Linked { asked: 3000, sibling: None, port: own },
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_part_of_a_run_has_a_port_of_its_own() {
        let (mut berths, _, events) = berths(Options::default());
        let held = hold(0).unwrap();
        let port = held.port();
        berths.join(held);
        assert_eq!(port_for(&mut berths, port), Some(port));
        assert_eq!(berths.held(port).map(|held| held.port()), Some(port));
        drop(berths);
        assert_eq!(events.iter().collect::<Vec<_>>(), [Event::Joined { name: name("web"), port }]);
    }
}
