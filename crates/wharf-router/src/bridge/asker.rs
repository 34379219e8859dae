//! The client's side of a bridge.
//!
//! Not here: its requests before this one and after it.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use http::{HeaderMap, Response, StatusCode};

use super::piece::Piece;
use super::{Coding, Frames, Head, Sink, Source, Wire};
use crate::buffer::Spare;
use crate::deadline::Deadline;
use crate::exchange::{BODY, Client, Trouble};
use crate::fault::Fault;
use crate::flow::Broken;
use crate::hall::Hall;
use crate::http1::framing::Framing;
use crate::http1::request::write_field;

/// A client.
pub(crate) enum Asker<'a, 'b> {
    /// One of HTTP/1.1.
    One { client: &'a mut Client<'b>, wire: Wire, is_head: bool },
    /// A stream of one of HTTP/2.
    Two { frames: Frames, respond: SendResponse<Bytes>, deadline: Option<Arc<Deadline>> },
}

impl Source for Asker<'_, '_> {
    fn poll_piece(&mut self, context: &mut Context<'_>, spare: &Spare) -> Poll<Result<Piece, Broken>> {
        match self {
            Self::One { client, wire, .. } => wire.poll_piece(context, client.side, spare),
            Self::Two { frames, .. } => frames.poll_piece(context),
        }
    }
}

impl Sink for Asker<'_, '_> {
    fn poll_put(&mut self, context: &mut Context<'_>, piece: &mut Option<Piece>) -> Poll<Result<(), Broken>> {
        match self {
            Self::One { client, wire, .. } => wire.poll_put(context, client.side, piece),
            Self::Two { frames, .. } => frames.poll_put(context, piece),
        }
    }
}

impl Asker<'_, '_> {
    /// Says what comes before the response.
    pub(super) fn hint(&mut self, head: &Head) {
        match self {
            Self::One { client, .. } if client.is_http10 => {}
            Self::One { wire, .. } => {
                let mut out = line(head.status);
                write_fields(&mut out, &head.fields);
                out.extend_from_slice(b"\r\n");
                wire.writes(&out, Coding::Plain);
            }
            Self::Two { respond, .. } => {
                // It is a hint: what counts is what follows.
                let _ = respond.send_informational(response(head.status, head.fields.clone()));
            }
        }
    }

    /// Says the head of the response. `is_taken` tells whether all of the request has been used. Returns whether the client
    /// was told that no other will be answered on its connection.
    pub(super) fn answer(&mut self, hall: &Hall, head: &Head, is_taken: bool) -> Result<bool, ()> {
        match self {
            Self::One { client, wire, is_head } => {
                let is_last = hall.is_closing() || !client.keep_alive || client.is_half_closed || !is_taken;
                let (out, coding, is_last) = written(head, client.is_http10, *is_head, is_last);
                wire.writes(&out, coding);
                Ok(is_last)
            }
            Self::Two { frames, respond, .. } => {
                let status = if head.is_tunnel { 200 } else { head.status };
                let ends = !head.has_body && !head.is_tunnel;
                let response = response(status, head.fields.clone());
                frames.sends(respond.send_response(response, ends).map_err(|_| ())?);
                Ok(false)
            }
        }
    }

    /// Passes what follows as it is.
    pub(super) fn opens_tunnel(&mut self) {
        match self {
            Self::One { client, wire, .. } => {
                client.deadline.clear();
                wire.reads(Framing::UntilEnd);
                wire.writes(&[], Coding::Tunnel);
            }
            Self::Two { deadline, .. } => *deadline = None,
        }
    }

    /// Notices if it goes away. `is_sent` tells whether all of its request has gone on.
    pub(super) fn watch(
        &mut self,
        hall: &Hall,
        context: &mut Context<'_>,
        is_sent: bool,
    ) -> Result<(), Trouble> {
        match self {
            Self::One { client, .. } if is_sent => client.watch(hall, context),
            Self::One { .. } => Ok(()),
            Self::Two { frames, respond, .. } => {
                let reset = frames.poll_reset(context).is_ready();
                // Once it is answered, the stream itself tells.
                if reset || frames.is_unanswered() && respond.poll_reset(context).is_ready() {
                    return Err(Trouble::Gone);
                }
                Ok(())
            }
        }
    }

    /// Notices if it takes too long to send its request; `has_moved` if some of it has come.
    pub(super) fn keep_time(
        &mut self,
        hall: &Hall,
        context: &mut Context<'_>,
        has_moved: bool,
    ) -> Result<(), Trouble> {
        let deadline = match self {
            Self::One { client, .. } => client.deadline,
            Self::Two { deadline: Some(deadline), .. } => deadline,
            Self::Two { .. } => return Ok(()),
        };
        if has_moved || !deadline.is_set() {
            hall.sweeper.set(deadline, BODY);
        }
        if deadline.poll(&hall.sweeper, context).is_ready() {
            return Err(Trouble::Fault(Fault::Slow));
        }
        Ok(())
    }

    /// Lets it see that the response has no end.
    pub(crate) fn reset(&mut self, reason: Reason) {
        match self {
            Self::One { client, .. } => client.side.stream.reset_on_close(),
            Self::Two { frames, .. } => frames.reset(reason),
        }
    }

    /// Has sent all of its request.
    pub(super) fn has_sent(&mut self) {
        match self {
            Self::One { client, .. } => client.deadline.clear(),
            Self::Two { deadline, .. } => *deadline = None,
        }
    }
}

/// Returns the head of a response as HTTP/1.1 has it, how its body is written, and whether it is the last.
fn written(head: &Head, is_http10: bool, is_head: bool, is_last: bool) -> (Vec<u8>, Coding, bool) {
    let mut out = line(head.status);
    write_fields(&mut out, &head.fields);
    let has_length = head.fields.contains_key(http::header::CONTENT_LENGTH);
    let has_none = is_head || head.status == 204 || head.status == 304;
    let (coding, ends_with_connection) = match (head.has_body, has_length) {
        (true, false) if is_http10 => (Coding::Plain, true),
        (true, false) => {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
            (Coding::Chunked, false)
        }
        (false, false) if !has_none => {
            out.extend_from_slice(b"content-length: 0\r\n");
            (Coding::Plain, false)
        }
        _ => (Coding::Plain, false),
    };
    let is_last = is_last || ends_with_connection || is_http10;
    out.extend_from_slice(if is_last { b"connection: close\r\n\r\n" } else { b"\r\n" });
    (out, coding, is_last)
}

fn line(status: u16) -> Vec<u8> {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default()).into_bytes()
}

fn write_fields(out: &mut Vec<u8>, fields: &HeaderMap) {
    for (name, value) in fields {
        write_field(out, name.as_str(), value.as_bytes());
    }
}

/// Returns the head of a response as HTTP/2 has it.
pub(crate) fn response(status: u16, fields: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = fields;
    response
}
