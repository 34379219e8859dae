//! What is asked of one container: its restart policy (`GET /containers/ID/json`), and that it be stopped
//! (`POST /containers/ID/stop`), by the very engine that has it.
//!
//! Every engine is asked at once, and only one that knows the whole id and is of the right kind is told to stop it. Not
//! here: which containers there are (`listing`), and whether one should be stopped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{EngineSockets, Failure, ask, ask_all, engine_of};
use crate::facts::{OsError, Partial};
use crate::http::Response;

impl EngineSockets {
    pub(super) fn stop_one(
        &self,
        engine: &str,
        id: &str,
        grace: Duration,
        limit: Duration,
    ) -> Result<(), OsError> {
        let what = format!("the container {} of {engine}", id.get(..SHORT_ID).unwrap_or(id));
        if !is_id(id) {
            return Err(OsError::Failed {
                what,
                reason: "its id is not one of hexadecimal digits".to_owned(),
            });
        }
        // Podman and Docker count in whole seconds; thirty years stand for ever, and overflow nothing there.
        let seconds = (grace.as_secs() + u64::from(grace.subsec_nanos() > 0)).min(LONGEST_GRACE);
        let (engine, id) = (engine.to_owned(), id.to_owned());
        let question = move |socket: &Path, deadline| {
            let Some(container) = inspect(socket, &engine, &id, deadline)? else { return Ok(None) };
            let target = format!("/containers/{}/stop?t={seconds}", container.id);
            Ok(Some(Stopped::of(&ask(socket, "POST", &target, deadline)?)))
        };
        let Partial { value: trusted, warnings } = self.trusted();
        let answers = ask_all(&trusted, limit, question, Option::is_some);
        let refusals = warnings.into_iter().map(|warning| warning.text).collect();
        outcome(what, answers, refusals, limit)
    }

    pub(super) fn restart_policy_of(&self, engine: &str, id: &str) -> Option<String> {
        if !is_id(id) {
            return None;
        }
        let (engine, id) = (engine.to_owned(), id.to_owned());
        let question = move |socket: &Path, deadline| inspect(socket, &engine, &id, deadline);
        let answers = ask_all(&self.trusted().value, self.time_limit, question, Option::is_some);
        let container = answers.into_iter().find_map(|(_, answered)| answered.ok().flatten())?;
        container.host_config?.restart_policy?.name.filter(|name| !name.is_empty())
    }
}

/// What an engine said to the request to stop a container.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stopped {
    /// It is stopped, or was already.
    Done,
    /// There is no such container any more.
    Gone,
    /// We may not.
    Denied,
    /// Anything else, in the engine's words.
    Refused(String),
}

impl Stopped {
    fn of(response: &Response) -> Self {
        match response.status {
            204 | 304 => Stopped::Done,
            404 => Stopped::Gone,
            401 | 403 => Stopped::Denied,
            status => Stopped::Refused(
                message(&response.body)
                    .map_or_else(|| format!("it answered {status}"), |words| format!("it answered: {words}")),
            ),
        }
    }
}

/// Makes one result of what the engines answered; `refusals` tells of sockets that were not asked.
fn outcome(
    what: String,
    answers: Vec<(PathBuf, Result<Option<Stopped>, Failure>)>,
    refusals: Vec<String>,
    limit: Duration,
) -> Result<(), OsError> {
    let mut denied = false;
    let mut reasons = refusals;
    for (path, answered) in answers {
        let socket = path.display();
        match answered {
            Ok(Some(Stopped::Done)) => return Ok(()),
            Ok(Some(Stopped::Gone)) => return Err(OsError::Gone { what }),
            Ok(Some(Stopped::Denied)) => return Err(OsError::Denied { what }),
            Ok(Some(Stopped::Refused(reason))) => return Err(OsError::Failed { what, reason }),
            Ok(None) | Err(Failure::NotRunning) => {}
            Err(Failure::Denied) => denied = true,
            Err(Failure::TimedOut) => {
                reasons.push(format!("the engine at {socket} was not done after {limit:?}"));
            }
            Err(Failure::Malformed(reason)) => reasons.push(format!("the engine at {socket}: {reason}")),
            Err(Failure::Io(reason)) => reasons.push(format!("the engine at {socket}: {reason}")),
        }
    }
    match reasons.into_iter().next() {
        _ if denied => Err(OsError::Denied { what }),
        Some(reason) => Err(OsError::Failed { what, reason }),
        None => Err(OsError::Gone { what }),
    }
}

/// Returns the container `id` as the engine at `socket` tells it; `None` if it has none, or is not of the kind `engine`.
fn inspect(socket: &Path, engine: &str, id: &str, deadline: Instant) -> Result<Option<Container>, Failure> {
    let response = ask(socket, "GET", &format!("/containers/{id}/json"), deadline)?;
    match response.status {
        200 => {}
        404 => return Ok(None),
        401 | 403 => return Err(Failure::Denied),
        _ => return Err(Failure::Malformed("it answered with an error")),
    }
    if engine_of(&response) != engine {
        return Ok(None);
    }
    let container =
        parse(&response.body).ok_or(Failure::Malformed("what it tells of a container is not understood"))?;
    // An engine also takes the start of an id, or a name that looks like one, for it.
    Ok(Some(container).filter(|container| container.id == id))
}

/// Reads the body of `GET /containers/ID/json`; `None` if it is no container.
pub(super) fn parse(body: &[u8]) -> Option<Container> {
    serde_json::from_slice(body).ok().filter(|container: &Container| is_id(&container.id))
}

/// Reads the `message` of an error, on one line and not longer than a person reads.
pub(super) fn message(body: &[u8]) -> Option<String> {
    let said: ErrorBody = serde_json::from_slice(body).ok()?;
    let words: String =
        said.message.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let words = words.trim();
    let short: String = words.chars().take(LONGEST_MESSAGE).collect();
    let rest = if short.len() < words.len() { "…" } else { "" };
    (!short.is_empty()).then(|| short + rest)
}

/// Returns whether `id` is the whole id of a container, which may stand in a path.
fn is_id(id: &str) -> bool {
    (SHORT_ID..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[derive(Debug, Deserialize)]
pub(super) struct Container {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "HostConfig")]
    host_config: Option<HostConfig>,
}

#[derive(Debug, Deserialize)]
struct HostConfig {
    #[serde(rename = "RestartPolicy")]
    restart_policy: Option<RestartPolicy>,
}

#[derive(Debug, Deserialize)]
struct RestartPolicy {
    #[serde(rename = "Name")]
    name: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    message: String,
}

/// What engines print of an id, and the fewest digits that are taken for one.
const SHORT_ID: usize = 12;

/// Digits of a whole id.
const LONGEST_ID: usize = 64;

/// Most seconds that a container gets to end by itself.
const LONGEST_GRACE: u64 = 1_000_000_000;

/// Most characters of an engine's words.
const LONGEST_MESSAGE: usize = 300;

#[cfg(test)]
mod tests;
