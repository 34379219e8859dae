//! What becomes of a request once its head is read, whatever version of HTTP it came by: the place it is for, or what is
//! said instead.
//!
//! Not here: how heads are read ([`crate::http1`], [`crate::http2`]), and how requests are passed on.

use std::sync::Arc;

use crate::fault::Fault;
use crate::hall::Hall;
use crate::host;
use crate::http1::request::BadRequest;
use crate::ledger::Draft;
use crate::origin::Origin;
use crate::page::{self, Answer, Taste};
use crate::table::Place;

/// What is done with a plain request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is passed on.
    Pass,
    /// It is sent to the same URL with `https` and this port.
    Redirect(u16),
}

/// A request, as far as it says whom it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// Host and port as the client named them.
    pub(crate) authority: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    /// How often it has come by.
    pub(crate) hops: u8,
    pub(crate) taste: Taste,
}

/// What is said instead of passing a request on.
pub(crate) struct Refusal {
    pub(crate) answer: Answer,
    pub(crate) is_head: bool,
    pub(crate) draft: Option<Draft>,
}

/// Finds the place that a request is for, and begins its line of the ledger.
pub(crate) fn receive(
    hall: &Hall,
    origin: &Origin,
    manner: Manner,
    call: Call<'_>,
) -> Result<(Arc<Place>, Draft), Box<Refusal>> {
    let scheme = if origin.is_tls { "https://" } else { "http://" };
    let mut draft = Draft::new(call.method, [scheme, call.authority, call.target]);
    let is_head = call.method == "HEAD";
    let admitted = hall.admit(origin, call.authority, call.target, call.hops);
    if let (Manner::Redirect(port), Ok(_) | Err((Fault::UnknownHost, _))) = (manner, &admitted)
        && let Some(url) = secure(hall, call, port)
    {
        return Err(Box::new(Refusal { answer: page::redirect(url), is_head, draft: Some(draft) }));
    }
    match admitted {
        Ok(place) => {
            draft.place = Some(Arc::clone(&place));
            Ok((place, draft))
        }
        Err((fault, place)) => {
            draft.fault = Some(fault.to_string().into());
            let answer = hall.answer(&fault, call.authority, place.as_deref(), call.taste);
            draft.place = place;
            Err(Box::new(Refusal { answer, is_head, draft: Some(draft) }))
        }
    }
}

/// Returns what is said to what is no request.
pub(crate) fn refusal(hall: &Hall, fault: &Fault) -> Box<Refusal> {
    let mut draft = Draft::new("?", ["", "", ""]);
    draft.fault = Some(fault.to_string().into());
    let answer = hall.answer(fault, "", None, Taste::Json);
    Box::new(Refusal { answer, is_head: false, draft: Some(draft) })
}

pub(crate) fn bad_request(bad: BadRequest) -> Fault {
    let (status, text) = bad.answer();
    Fault::BadRequest(status, text)
}

/// Returns the URL of a request with TLS. A name of no route gets none: it would be one without a certificate, and a page
/// of elsewhere whose name leads here should not be led on.
fn secure(hall: &Hall, call: Call<'_>, port: u16) -> Option<String> {
    let host = host::of(call.authority)?;
    let is_known = hall.table().knows(&host);
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let target = if call.target.starts_with('/') { call.target } else { "/" };
    is_known.then(|| format!("https://{host}{port}{target}"))
}
