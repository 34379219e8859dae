//! Time limits of many connections, looked after once a second by one task that is not there while none is set.
//!
//! A timer of the runtime for each would cost a system call a request. Not here: which limits there are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// A time limit of a connection.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    /// Milliseconds since the sweeper began; 0 without a limit.
    at: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

/// Looks after time limits.
#[derive(Debug)]
pub(crate) struct Sweeper {
    begin: Instant,
    all: Mutex<Vec<Weak<Deadline>>>,
    is_running: AtomicBool,
}

impl Default for Sweeper {
    fn default() -> Self {
        Self { begin: Instant::now(), all: Mutex::default(), is_running: AtomicBool::new(false) }
    }
}

impl Sweeper {
    /// Returns a limit that is not set.
    pub(crate) fn deadline(&self) -> Arc<Deadline> {
        let deadline = Arc::new(Deadline::default());
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == all.capacity() {
            all.retain(|deadline| deadline.strong_count() > 0);
        }
        all.push(Arc::downgrade(&deadline));
        deadline
    }

    /// Sets it to so long from now.
    pub(crate) fn set(self: &Arc<Self>, deadline: &Deadline, limit: Duration) {
        deadline.at.store(self.now() + millis(limit), Ordering::Relaxed);
        if !self.is_running.swap(true, Ordering::Relaxed) {
            let sweeper = Arc::clone(self);
            tokio::spawn(async move { sweeper.sweep().await });
        }
    }

    /// Returns the milliseconds since it began, and 1.
    fn now(&self) -> u64 {
        millis(self.begin.elapsed()) + 1
    }

    async fn sweep(&self) {
        loop {
            let now = self.now();
            let mut next = u64::MAX;
            {
                let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|deadline| {
                    let Some(deadline) = deadline.upgrade() else { return false };
                    match deadline.at.load(Ordering::Relaxed) {
                        0 => {}
                        at if at <= now => deadline.wake(),
                        at => next = next.min(at),
                    }
                    true
                });
                if all.len() < all.capacity() / 4 {
                    all.shrink_to_fit();
                }
                if next == u64::MAX {
                    self.is_running.store(false, Ordering::Relaxed);
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(next - now).clamp(STEP, LONGEST_STEP)).await;
        }
    }
}

impl Deadline {
    /// Sets no limit.
    pub(crate) fn clear(&self) {
        self.at.store(0, Ordering::Relaxed);
    }

    /// Returns whether there is a limit.
    pub(crate) fn is_set(&self) -> bool {
        self.at.load(Ordering::Relaxed) != 0
    }

    /// Is ready once the limit is over, as `sweeper` sees it.
    pub(crate) fn poll(&self, sweeper: &Sweeper, context: &mut Context<'_>) -> Poll<()> {
        let at = self.at.load(Ordering::Relaxed);
        if at != 0 && at <= sweeper.now() {
            return Poll::Ready(());
        }
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

/// Between one look and the next: a limit that is set meanwhile is seen late by as much.
const LONGEST_STEP: Duration = Duration::from_secs(5);
/// The same, at least.
const STEP: Duration = Duration::from_secs(1);
