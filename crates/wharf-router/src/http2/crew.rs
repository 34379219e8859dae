//! Tasks that answer the requests of a connection, one after the other each: a new one for every request would cost more
//! than most requests do.
//!
//! Not here: what they do with a request ([`super::stream`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use tokio::sync::oneshot;

use super::stream::answer;
use crate::hall::Hall;
use crate::origin::Origin;
use crate::reception::Manner;

/// A request, and where its response goes.
type Begun = (Request<RecvStream>, SendResponse<Bytes>);

/// The tasks of a connection.
pub(super) struct Crew {
    hall: Arc<Hall>,
    origin: Origin,
    manner: Manner,
    /// Those that wait; none once nobody is to wait any more.
    waiting: Mutex<Option<Vec<oneshot::Sender<Begun>>>>,
}

impl Crew {
    pub(super) fn new(hall: Arc<Hall>, origin: Origin, manner: Manner) -> Arc<Self> {
        Arc::new(Self { hall, origin, manner, waiting: Mutex::new(Some(Vec::new())) })
    }

    /// Has a request answered.
    pub(super) fn take(self: &Arc<Self>, begun: Begun) {
        let next = self.waiting().as_mut().and_then(Vec::pop);
        let left = match next {
            Some(next) => next.send(begun).err(),
            None => Some(begun),
        };
        if let Some(begun) = left {
            tokio::spawn(Arc::clone(self).work(begun));
        }
    }

    async fn work(self: Arc<Self>, mut begun: Begun) {
        loop {
            let (request, respond) = begun;
            answer(&self.hall, &self.origin, self.manner, request, respond).await;
            let (give, next) = oneshot::channel();
            match &mut *self.waiting() {
                Some(waiting) if waiting.len() < MOST => waiting.push(give),
                _ => return,
            }
            let Ok(next) = next.await else { return };
            begun = next;
        }
    }

    /// Lets those go that wait.
    pub(super) fn rest(&self) {
        *self.waiting() = Some(Vec::new());
    }

    /// Lets nobody wait any more.
    pub(super) fn end(&self) {
        *self.waiting() = None;
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Vec<oneshot::Sender<Begun>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tasks that wait at most.
const MOST: usize = 32;
