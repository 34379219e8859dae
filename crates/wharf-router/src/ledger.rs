//! What became of the last requests: one line each, for whoever looks or follows.
//!
//! Kept short while it is written, spelt out when it is read. Not here: sums ([`crate::metrics`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use wharf_model::route::RequestEntry;
use wharf_model::timestamp::Timestamp;

use crate::table::Place;

/// The last requests.
#[derive(Debug, Default)]
pub struct Ledger {
    lines: Mutex<Lines>,
    grew: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    last: VecDeque<Line>,
    /// How many there ever were.
    count: u64,
}

/// A request that is over.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    /// Method, scheme and what follows it, one behind the other.
    pub(crate) text: Box<str>,
    pub(crate) method: u8,
    pub(crate) place: Option<Arc<Place>>,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) total: Duration,
    pub(crate) fault: Option<Box<str>>,
}

/// A request under way, as it will be written down.
#[derive(Debug)]
pub(crate) struct Draft {
    begin: Instant,
    text: Box<str>,
    method: u8,
    pub(crate) place: Option<Arc<Place>>,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) fault: Option<Box<str>>,
}

impl Draft {
    /// Begins one with `method` for a URL of these parts.
    pub(crate) fn new(method: &str, url: [&str; 3]) -> Self {
        let mut text = String::with_capacity(method.len() + url.iter().map(|part| part.len()).sum::<usize>());
        let method = method.get(..method.len().min(16)).unwrap_or("?");
        text.push_str(method);
        for part in url {
            text.push_str(part);
        }
        if text.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            text.truncate(end);
        }
        Self {
            begin: Instant::now(),
            text: text.into_boxed_str(),
            method: u8::try_from(method.len()).unwrap_or_default(),
            place: None,
            status: None,
            bytes: 0,
            first_byte: None,
            fault: None,
        }
    }

    /// Notes that the answer begins now.
    pub(crate) fn answers(&mut self, status: u16) {
        self.status = Some(status);
        self.first_byte = Some(self.begin.elapsed());
    }

    fn end(self, now: Timestamp) -> Line {
        let Self { begin, text, method, place, status, bytes, first_byte, fault } = self;
        let total = begin.elapsed();
        if let Some(place) = &place {
            place.stats.get_or_init(Box::default).count(
                status,
                bytes,
                u64::try_from(total.as_micros()).unwrap_or(u64::MAX),
            );
        }
        let came = now.unix_ms() - i64::try_from(total.as_millis()).unwrap_or_default();
        let at = Timestamp::from_unix_ms(came).unwrap_or(now);
        Line { at, text, method, place, status, bytes, first_byte, total, fault }
    }
}

impl Ledger {
    /// Writes down a request that is over.
    pub(crate) fn write(&self, draft: Draft, now: Timestamp) {
        let line = draft.end(now);
        {
            let mut lines = self.lines();
            if lines.last.len() == MOST {
                lines.last.pop_front();
            }
            lines.last.push_back(line);
            lines.count += 1;
        }
        self.grew.notify_waiters();
    }

    /// Returns how many requests there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lines().count
    }

    /// Returns the requests from the one numbered `from` on, as far as they are still known, that `is_wanted` has by the
    /// host of their route, and the number of the next.
    #[must_use]
    pub fn since(&self, from: u64, is_wanted: impl Fn(&str) -> bool) -> (Vec<RequestEntry>, u64) {
        let lines = self.lines();
        let known = lines.last.len() as u64;
        let skip = usize::try_from(from.saturating_sub(lines.count - known)).unwrap_or(usize::MAX);
        let wanted = lines.last.iter().skip(skip).filter(|line| is_wanted(line.host()));
        (wanted.map(Line::spelt_out).collect(), lines.count)
    }

    /// Waits until there are more than `count`.
    pub async fn more_than(&self, count: u64) {
        loop {
            let grew = self.grew.notified();
            tokio::pin!(grew);
            grew.as_mut().enable();
            if self.count() > count {
                return;
            }
            grew.await;
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn host(&self) -> &str {
        self.place.as_ref().map_or("", |place| &place.route.host)
    }

    fn spelt_out(&self) -> RequestEntry {
        let (method, url) = self.text.split_at_checked(usize::from(self.method)).unwrap_or(("", &self.text));
        RequestEntry {
            at: self.at,
            method: method.to_owned(),
            url: url.to_owned(),
            status: self.status,
            bytes: self.bytes,
            first_byte_ms: self.first_byte.map(millis),
            total_ms: millis(self.total),
            upstream: self.place.as_ref().map(|place| place.route.upstream.to_string()),
            fault: self.fault.as_deref().map(str::to_owned),
        }
    }
}

/// Returns milliseconds with three digits behind the point.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Requests that are known.
const MOST: usize = 2_000;
/// Bytes of method and URL at most.
const LONGEST: usize = 1_024;
