//! What happens in the middle of a look: sockets that close, questions that fail, namespaces out of reach.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use wharf_model::detail::SocketOptions;
use wharf_model::snapshot::Snapshot;
use wharf_os::Os;
use wharf_os::facts::{BindOutcome, Namespace, OsError, Partial, QueuedSocket, SocketFacts, SocketQuery};
use wharf_os::fake::{World, process};
use wharf_os::traits::Sockets;

use crate::request::Request;
use crate::survey::survey;
use crate::testing::listener;

type Answer = Result<Vec<SocketFacts>, OsError>;

/// A kernel whose answer on its own namespace is another each time, the last one for good; other namespaces
/// answer with `far`.
struct Changing {
    own: Vec<Answer>,
    asked: AtomicUsize,
    namespaces: usize,
    far: Answer,
}

impl Sockets for Changing {
    fn list(
        &self,
        namespace: Option<&Namespace>,
        _: &SocketQuery,
    ) -> Result<Partial<Vec<SocketFacts>>, OsError> {
        if namespace.is_some() {
            return self.far.clone().map(Into::into);
        }
        let at = self.asked.fetch_add(1, Ordering::Relaxed).min(self.own.len() - 1);
        self.own[at].clone().map(Into::into)
    }
    fn listener_at(&self, _: SocketAddr) -> Result<Option<SocketFacts>, OsError> {
        Ok(None)
    }
    fn namespaces(&self) -> Partial<Vec<Namespace>> {
        let one = |key: usize| Namespace { key: key as u64, inode: None, name: None, pids: vec![7] };
        (1..=self.namespaces).map(one).collect::<Vec<_>>().into()
    }
    fn options(&self, _: u32, _: u32) -> Result<SocketOptions, OsError> {
        Err(denied())
    }
    fn in_flight(&self, _: &[u64]) -> Partial<Vec<QueuedSocket>> {
        Vec::new().into()
    }
    fn try_bind(&self, _: SocketAddr, _: bool) -> BindOutcome {
        BindOutcome::Bound
    }
}

fn denied() -> OsError {
    OsError::Denied { what: "sockets".to_owned() }
}

fn look(own: Vec<Answer>, namespaces: usize, far: Answer) -> Snapshot {
    let world = World { processes: vec![process(7, 1, "node")], holds: vec![(1, 7, 3)], ..World::default() };
    let sockets = Changing { own, asked: AtomicUsize::new(0), namespaces, far };
    survey(&Os { sockets: Box::new(sockets), ..world.os() }, &Request::default()).unwrap()
}

fn ports(snapshot: &Snapshot) -> Vec<u16> {
    snapshot.endpoints.iter().map(|endpoint| endpoint.port).collect()
}

#[test]
fn an_unheld_socket_that_closed_meanwhile_is_dropped_and_one_that_stays_is_kept() {
    let (held, closing, staying) =
        (listener("127.0.0.1:1", 1), listener("127.0.0.1:2", 2), listener("127.0.0.1:3", 3));
    let first = vec![held, closing, staying.clone()];
    assert_eq!(ports(&look(vec![Ok(first), Ok(vec![staying])], 0, Ok(Vec::new()))), [1, 3]);
}

#[test]
fn another_socket_at_the_address_of_a_closed_one_is_not_taken_for_it() {
    let again = SocketFacts { cookie: Some(9), ..listener("127.0.0.1:2", 2) };
    let snapshot = look(vec![Ok(vec![listener("127.0.0.1:2", 2)]), Ok(vec![again])], 0, Ok(Vec::new()));
    assert_eq!(ports(&snapshot), [0; 0]);
}

#[test]
fn a_second_look_that_fails_is_no_proof_that_a_socket_closed() {
    let snapshot = look(vec![Ok(vec![listener("127.0.0.1:2", 2)]), Err(denied())], 0, Ok(Vec::new()));
    assert_eq!(ports(&snapshot), [2]);
}

#[test]
fn namespaces_that_may_not_be_read_are_one_warning_and_those_that_ended_none() {
    let codes = |far| look(vec![Ok(Vec::new())], 3, far).warnings;
    let warnings = codes(Err(denied()));
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].code, "namespaces-unread");
    assert!(warnings[0].text.starts_with("3 "), "{}", warnings[0].text);
    assert_eq!(codes(Err(OsError::Gone { what: "namespace".to_owned() })), []);
}

#[test]
fn a_socket_without_a_port_is_no_endpoint() {
    let sockets = vec![listener("0.0.0.0:0", 1), listener("127.0.0.1:2", 1)];
    assert_eq!(ports(&look(vec![Ok(sockets)], 0, Ok(Vec::new()))), [2]);
}
