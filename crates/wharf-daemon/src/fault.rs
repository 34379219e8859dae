//! Why something was not done, as an answer: a status, and a document that says it to programs and to people.
//!
//! Not here: when ([`crate::gate`], [`crate::answers`]).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use wharf_api::document::Problem;
use wharf_lease::store::StoreError;

use crate::house::RouteError;

/// Why something was not done, as an answer.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    problem: Problem,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, code: &str, text: impl ToString) -> Self {
        Self { status, problem: Problem { code: code.to_owned(), text: text.to_string() } }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let (status, code) = match error {
            StoreError::NoPort => (StatusCode::CONFLICT, "no-port"),
            StoreError::Taken { .. } => (StatusCode::CONFLICT, "port-leased"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "leases"),
        };
        Self::new(status, code, error)
    }
}

impl From<RouteError> for Fault {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::Store(error) => error.into(),
            RouteError::Io(error) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "not-kept", RouteError::Io(error))
            }
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}
