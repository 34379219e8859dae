//! HTTP/1.1, RFC 9112: heads as they are read and written, and how a body is framed.
//!
//! Strict in what is taken: a text that two programs may read in two ways is refused (request smuggling). Not here: what
//! becomes of a request ([`crate::serve`]).

pub(crate) mod chunked;
pub(crate) mod framing;
pub(crate) mod lines;
pub(crate) mod request;
pub(crate) mod response;
