//! Connections to upstreams that wait for the next request.
//!
//! Not here: how they are made ([`crate::upstream`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::buffer::Buffer;
use crate::http2::sender::Sender;
use crate::stream::Stream;

/// A connection to an upstream, on which nothing is said at the moment.
#[derive(Debug)]
pub(crate) struct Idle {
    pub(crate) stream: Stream,
    pub(crate) buffer: Buffer,
    /// Since when; none of a new one.
    pub(crate) since: Option<Instant>,
}

/// Connections that wait.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    places: HashMap<u64, Vec<Idle>>,
    /// Connections of HTTP/2, which may carry requests while they are here, and when they were last used.
    senders: HashMap<u64, Vec<(Sender, Instant)>>,
    /// Whether somebody looks after them.
    is_swept: bool,
}

impl Idle {
    /// Returns a new one.
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, buffer: Buffer::default(), since: None }
    }

    /// Returns whether it waits so long that its end may be on the way.
    pub(crate) fn is_stale(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() > FRESH)
    }
}

impl Pool {
    /// Returns a connection to a place that its other end has not closed.
    pub(crate) fn take(&self, place: u64) -> Option<Idle> {
        let mut waiting = self.waiting();
        let idle = waiting.places.get_mut(&place)?;
        while let Some(mut one) = idle.pop() {
            if one.stream.is_quiet() {
                return Some(one);
            }
        }
        None
    }

    /// Keeps a connection for the next.
    pub(crate) fn put(self: &Arc<Self>, place: u64, stream: Stream) {
        let mut waiting = self.waiting();
        let idle = waiting.places.entry(place).or_default();
        if idle.len() < MOST {
            idle.push(Idle { stream, buffer: Buffer::default(), since: Some(Instant::now()) });
        }
        self.have_swept(&mut waiting);
    }

    /// Returns a connection of HTTP/2 to a place that can carry another request.
    pub(crate) fn sender(&self, place: u64) -> Option<Sender> {
        let mut waiting = self.waiting();
        let all = waiting.senders.get_mut(&place)?;
        all.retain_mut(|(sender, _)| sender.has_room().is_some());
        let (sender, since) = all.iter_mut().find_map(|(sender, since)| {
            let has_room = sender.has_room() == Some(true);
            has_room.then_some((sender, since))
        })?;
        *since = Instant::now();
        Some(sender.clone())
    }

    /// Keeps a connection of HTTP/2 for all that follow.
    pub(crate) fn keep(self: &Arc<Self>, place: u64, sender: Sender) {
        let mut waiting = self.waiting();
        waiting.senders.entry(place).or_default().push((sender, Instant::now()));
        self.have_swept(&mut waiting);
    }

    fn have_swept(self: &Arc<Self>, waiting: &mut Waiting) {
        if !std::mem::replace(&mut waiting.is_swept, true) {
            let pool = Arc::clone(self);
            tokio::spawn(async move {
                while pool.sweep() {
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
    }

    /// Closes what has waited too long, or was closed by its other end. Returns whether anything still waits.
    fn sweep(&self) -> bool {
        let mut waiting = self.waiting();
        waiting.places.retain(|_, idle| {
            idle.retain_mut(|one| {
                one.since.is_some_and(|since| since.elapsed() < LONGEST) && one.stream.is_quiet()
            });
            !idle.is_empty()
        });
        waiting.senders.retain(|_, all| {
            all.retain_mut(|(sender, since)| {
                let is_used = sender.count() > 0 || since.elapsed() < LONGEST;
                is_used && sender.has_room().is_some()
            });
            !all.is_empty()
        });
        if waiting.places.is_empty() && waiting.senders.is_empty() {
            waiting.places.shrink_to_fit();
            waiting.is_swept = false;
        }
        waiting.is_swept
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections to one place that wait at most.
const MOST: usize = 512;
/// How long one waits at most.
const LONGEST: Duration = Duration::from_secs(60);
/// How long one has waited at most that a request rides on which cannot be sent twice: most servers keep one for longer.
const FRESH: Duration = Duration::from_secs(1);
/// Between one look at all and the next.
const LOOK: Duration = Duration::from_secs(5);
