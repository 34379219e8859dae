//! A request of HTTP/2, to the upstream that its host leads to.
//!
//! Not here: the connection it comes by ([`super::front`]), and how it is passed on ([`crate::bridge`]).

use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::request::Parts;

use super::request::{self, Request};
use super::sender::Sender;
use super::websocket::Key;
use crate::bridge::asker::Asker;
use crate::bridge::replier::Replier;
use crate::bridge::{Coding, Frames, cross, say};
use crate::exchange::Trouble;
use crate::fault::Fault;
use crate::flow::Side;
use crate::hall::{Hall, Wish};
use crate::http1::response::Asked;
use crate::ledger::Draft;
use crate::origin::Origin;
use crate::pool::Idle;
use crate::reception::{Call, Manner, Refusal, bad_request, receive, refusal};
use crate::table::{Place, target};
use crate::upstream::Connected;

/// Answers a request.
pub(super) async fn answer(
    hall: &Hall,
    origin: &Origin,
    manner: Manner,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let (parts, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let mut frames = Frames::default();
    frames.receives(body);
    let deadline = has_body.then(|| hall.sweeper.deadline());
    let asker = Asker::Two { frames, respond, deadline };
    match begin(hall, origin, manner, &parts) {
        Ok((asked, place, draft)) => {
            let passage = Passage { hall, origin, asked, has_body, draft };
            passage.go(asker, place).await;
        }
        Err(refusal) => refuse(hall, asker, *refusal).await,
    }
}

/// Finds out what is asked, and of whom.
fn begin<'a>(
    hall: &Hall,
    origin: &Origin,
    manner: Manner,
    parts: &'a Parts,
) -> Result<(Request<'a>, Arc<Place>, Draft), Box<Refusal>> {
    let asked = request::read(parts).map_err(|bad| refusal(hall, &bad_request(bad)))?;
    let call = Call {
        method: parts.method.as_str(),
        authority: asked.authority,
        target: asked.target,
        hops: asked.hops,
        taste: asked.taste(),
    };
    let (place, draft) = receive(hall, origin, manner, call)?;
    Ok((asked, place, draft))
}

/// Says what is said instead of passing a request on.
async fn refuse(hall: &Hall, mut asker: Asker<'_, '_>, refusal: Refusal) {
    let Refusal { answer, is_head, draft } = refusal;
    say(hall, &mut asker, &answer, is_head).await;
    if let Some(mut draft) = draft {
        draft.status = Some(answer.status);
        hall.log(draft);
    }
}

/// A request on its way.
struct Passage<'a> {
    hall: &'a Hall,
    origin: &'a Origin,
    asked: Request<'a>,
    has_body: bool,
    draft: Draft,
}

impl Passage<'_> {
    /// Passes it on, and its response back.
    async fn go(mut self, mut asker: Asker<'_, '_>, mut place: Arc<Place>) {
        let (authority, path) = (self.asked.authority, self.asked.target);
        let mut fresh = false;
        let fault = loop {
            let wish = Wish { fresh, is_upgrade: self.asked.is_websocket };
            let (mut replier, is_used) = match self.hall.open(&mut place, authority, path, wish).await {
                Ok(Connected::One(idle)) if !self.asked.is_idempotent() && idle.is_stale() => {
                    fresh = true;
                    continue;
                }
                Ok(Connected::One(idle)) => {
                    let is_used = idle.since.is_some();
                    (self.one(idle, &place), is_used)
                }
                Ok(Connected::Two(sender, is_used)) => match self.two(sender, &place) {
                    Some(replier) => (replier, is_used),
                    None if is_used && !fresh => {
                        fresh = true;
                        continue;
                    }
                    None => break Some(Fault::Hung),
                },
                Err(fault) => break Some(fault),
            };
            let has_body = self.has_body && !self.asked.is_websocket;
            match cross(self.hall, &mut asker, &mut replier, has_body, &mut self.draft).await {
                Ok(crossed) => {
                    if let Some(stream) = replier.into_reusable(crossed.is_taken) {
                        self.hall.pool.put(place.id, stream);
                    }
                    break None;
                }
                Err(Trouble::Unheard(_)) if is_used && !fresh && self.asked.is_idempotent() => fresh = true,
                Err(Trouble::Unheard(_)) => break Some(Fault::Hung),
                Err(Trouble::Fault(fault)) => break Some(fault),
                Err(Trouble::Gone) => {
                    self.draft.fault = Some("client-gone".into());
                    replier.give_up();
                    break None;
                }
                Err(Trouble::Broken) => {
                    self.draft.fault = Some("broken-off".into());
                    // What was passed on before gets out first: a reset overtakes it.
                    tokio::task::yield_now().await;
                    asker.reset(replier.reason().unwrap_or(Reason::INTERNAL_ERROR));
                    break None;
                }
            }
        };
        if let Some(fault) = fault {
            self.draft.fault = Some(fault.to_string().into());
            let answer = self.hall.answer_of(&fault, authority, &place, self.asked.taste()).await;
            self.draft.status = Some(answer.status);
            say(self.hall, &mut asker, &answer, self.is_head()).await;
        }
        self.draft.place = Some(place);
        self.hall.log(self.draft);
    }

    fn is_head(&self) -> bool {
        self.asked.parts.method == http::Method::HEAD
    }

    /// Begins it on a connection of HTTP/1.1.
    fn one(&self, mut idle: Idle, place: &Place) -> Replier {
        let key = if self.asked.is_websocket { Key::new() } else { None };
        let mut head = Vec::with_capacity(1024);
        let told = target(&place.route, self.asked.target);
        let is_chunked = self.asked.write(&mut head, &told, self.origin, self.has_body, key.as_ref());
        let coding = if is_chunked { Coding::Chunked } else { Coding::Plain };
        let asked = Asked { is_head: self.is_head(), is_upgrade: key.is_some() };
        let side = Side { stream: idle.stream, buffer: std::mem::take(&mut idle.buffer) };
        Replier::one(side, head, coding, asked, key)
    }

    /// Begins it on a connection of HTTP/2; none if that has ended.
    fn two(&self, sender: Sender, place: &Place) -> Option<Replier> {
        let told = target(&place.route, self.asked.target);
        let request = self.asked.forward(&told, self.origin, place.is_tls())?;
        Replier::two(sender, request, self.has_body, self.is_head())
    }
}
