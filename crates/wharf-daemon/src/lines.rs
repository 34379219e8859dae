//! The log of the router as a stream of lines.
//!
//! Not here: what is in a line (`wharf-router`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;

use crate::door_answers::Never;
use crate::house::House;

/// The log of the router, from its oldest line on.
pub(crate) struct Lines {
    house: Arc<House>,
    /// Hosts that are wanted; none for all.
    hosts: Option<Vec<String>>,
    follow: bool,
    next: u64,
}

impl Lines {
    pub(crate) fn new(house: Arc<House>, hosts: Option<Vec<String>>, follow: bool) -> Self {
        Self { house, hosts, follow, next: 0 }
    }

    /// Returns them as a stream of pieces.
    pub(crate) fn stream(self) -> Stream {
        Stream(Some(Box::pin(self.more())))
    }

    /// Returns the next lines, and what comes after them; none once there are no more.
    async fn more(mut self) -> Option<(Bytes, Self)> {
        let house = Arc::clone(&self.house);
        let ledger = house.doorway()?.router.ledger();
        loop {
            if self.next > 0 && self.follow {
                ledger.more_than(self.next).await;
            }
            let is_wanted = |host: &str| self.hosts.as_ref().is_none_or(|hosts| is_within(host, hosts));
            let is_first = self.next == 0;
            let (entries, next) = ledger.since(self.next, is_wanted);
            self.next = next;
            let mut text = Vec::new();
            for entry in entries {
                // It has nothing that JSON does not know.
                if serde_json::to_writer(&mut text, &entry).is_ok() {
                    text.push(b'\n');
                }
            }
            if !text.is_empty() {
                return Some((text.into(), self));
            }
            if !self.follow {
                return None;
            }
            if is_first && next == 0 {
                ledger.more_than(0).await;
            }
        }
    }
}

fn is_within(host: &str, hosts: &[String]) -> bool {
    hosts.iter().any(|wanted| wanted == host)
}

type Going = Pin<Box<dyn Future<Output = Option<(Bytes, Lines)>> + Send>>;

/// Lines as they come.
pub(crate) struct Stream(Option<Going>);

impl futures_core::Stream for Stream {
    type Item = Result<Bytes, Never>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(going) = &mut self.0 else { return Poll::Ready(None) };
        match ready!(going.as_mut().poll(context)) {
            Some((bytes, lines)) => {
                self.0 = lines.follow.then(|| Box::pin(lines.more()) as Going);
                Poll::Ready(Some(Ok(bytes)))
            }
            None => {
                self.0 = None;
                Poll::Ready(None)
            }
        }
    }
}
