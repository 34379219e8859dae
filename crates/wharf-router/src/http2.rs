//! HTTP/2, RFC 9113: how its connections begin on either side, and what its heads mean.
//!
//! The frames are those of the `h2` crate. Not here: what becomes of a request between its two sides ([`crate::bridge`]).

mod crew;
pub(crate) mod front;
pub(crate) mod request;
pub(crate) mod sender;
mod stream;
pub(crate) mod websocket;

/// Bytes of fields at most, each counted with 32 more (RFC 9113 section 6.5.2): as many as HTTP/1.1 may have.
const FIELDS: u32 = 128 * 1024;
/// What a stream may have on its way; the size of a few round trips within one machine.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// The same of a connection.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// Streams of a client at a time.
const STREAMS: u32 = 256;
/// Resets of streams that nobody has looked at yet: a page that goes away resets hundreds at once, which is no attack.
const RESETS: usize = 4_096;
/// Bytes that wait to be written, of a stream.
const SEND_BUFFER: usize = 256 * 1024;
