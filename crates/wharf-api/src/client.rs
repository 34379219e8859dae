//! Asking the daemon: one request a connection, and an answer within a second or so.
//!
//! Not here: starting one (`wharf-daemon`'s command), and what is done without one (the caller knows).

use std::cmp::Ordering;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use wharf_model::daemon::Daemon;
use wharf_model::route::Routes;
use wharf_os::http::{self, HttpError, Response};
use wharf_os::ports::{Held, namespace};
use wharf_os::{local, state};

use crate::document::{NewRoute, Problem, Restart};
use crate::route::{
    ADD_ROUTE, DAEMON, KEEP, LET_GO, LISTENERS, REMOVE_ROUTE, RESTART, ROUTER_LOG, ROUTES_OF, Route, STOP,
    TAKE,
};
use crate::{NAMESPACE_HEADER, SOCKET, VERSION, VERSION_HEADER};

/// The way to the daemon of this user.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

/// Why the daemon did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is none.
    #[error("the daemon does not run (wharf daemon start)")]
    NoDaemon,
    /// It will not.
    #[error("{}", .problem.text)]
    Refused {
        /// Status code.
        status: u16,
        /// Why.
        problem: Problem,
    },
    /// It cannot be talked to.
    #[error("the daemon does not answer: {0}")]
    Silent(#[from] HttpError),
    /// It says what this wharf does not understand.
    #[error("the daemon's answer is not understood: {0}")]
    Strange(String),
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::NoDaemon,
            _ => Self::Silent(error.into()),
        }
    }
}

impl Client {
    /// Returns the way to the daemon of this user, whether it runs or not.
    ///
    /// # Errors
    /// What the runtime directory said.
    pub fn new() -> io::Result<Self> {
        Ok(Self { socket: state::runtime_directory()?.join(SOCKET) })
    }

    /// Returns whether a daemon listens.
    #[must_use]
    pub fn is_there(&self) -> bool {
        local::connect(&self.socket).is_ok()
    }

    /// Returns what the daemon tells of itself.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn daemon(&self) -> Result<Daemon, ClientError> {
        self.get(&DAEMON)
    }

    /// Makes the daemon go on as `executable`, or as its own program anew.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn restart(&self, executable: Option<String>) -> Result<(), ClientError> {
        self.ask(&RESTART, RESTART.path, Some(&Restart { executable }), None).map(drop)
    }

    /// Ends the daemon.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn stop(&self) -> Result<(), ClientError> {
        self.ask(&STOP, STOP.path, None::<&()>, None).map(drop)
    }

    /// Returns a duplicate of the socket by which the daemon keeps `port`, for a run of this process.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if it does not keep it, or another run has it.
    pub fn take(&self, port: u16) -> Result<Held, ClientError> {
        let mut answer = self.ask(&TAKE, &TAKE.with(&port.to_string()), None::<&()>, None)?;
        let strange = |error: io::Error| ClientError::Strange(error.to_string());
        let socket = answer.descriptors.pop().ok_or_else(|| ClientError::Strange("no socket came".into()))?;
        Held::adopt(socket)
            .map_err(strange)
            .and_then(|held| if held.port() == port { Ok(held) } else { Err(strange(OTHER.into())) })
    }

    /// Has the daemon keep the port of `held`, too, from now on and beyond this process.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if it is not to be kept.
    pub fn keep(&self, held: &Held) -> Result<(), ClientError> {
        let path = KEEP.with(&held.port().to_string());
        self.ask(&KEEP, &path, None::<&()>, Some(held.as_fd())).map(drop)
    }

    /// Has the daemon keep `port` no more.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn let_go(&self, port: u16) -> Result<(), ClientError> {
        self.ask(&LET_GO, &LET_GO.with(&port.to_string()), None::<&()>, None).map(drop)
    }

    /// Hands the router listening sockets, and returns the line that was done by, which the daemon keeps as long as it
    /// goes on as it is.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if one of them is none that it takes, and then it takes none.
    pub fn hand_over(&self, listeners: &[BorrowedFd<'_>]) -> Result<Line, ClientError> {
        let (_, stream) = self.converse(&LISTENERS, LISTENERS.path, None::<&()>, listeners, "keep-alive")?;
        stream.set_read_timeout(None)?;
        Ok(Line(stream))
    }

    /// Returns the routes of a host or a lease; none if it has none.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn routes_of(&self, name: &str) -> Result<Vec<wharf_model::route::Route>, ClientError> {
        match self.tell::<Routes>(&ROUTES_OF, &ROUTES_OF.with(&encoded(name)), None::<&()>) {
            Ok(routes) => Ok(routes.routes),
            Err(ClientError::Refused { status: 404, .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Adds a route.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if there can be none like it.
    pub fn add_route(&self, asked: &NewRoute) -> Result<wharf_model::route::Route, ClientError> {
        self.tell(&ADD_ROUTE, ADD_ROUTE.path, Some(asked))
    }

    /// Removes what was added for a host, or for one path of it, and returns it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if nothing was.
    pub fn remove_route(&self, name: &str, path: Option<&str>) -> Result<Routes, ClientError> {
        let mut target = REMOVE_ROUTE.with(&encoded(name));
        if let Some(path) = path {
            target.push_str("?path=");
            target.push_str(&encoded(path));
        }
        self.tell(&REMOVE_ROUTE, &target, None::<&()>)
    }

    /// Calls `each` with every line of the router's log: the last requests for `name`, or for all, and with `follow` all that
    /// come, until it returns false.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn router_log(
        &self,
        name: Option<&str>,
        follow: bool,
        mut each: impl FnMut(&str) -> bool,
    ) -> Result<(), ClientError> {
        let name = name.map(|name| format!("&name={}", encoded(name))).unwrap_or_default();
        let target = format!("{}?follow={follow}{name}", ROUTER_LOG.path);
        let request = http::request(ROUTER_LOG.method, &target, &[(VERSION_HEADER, VERSION)], &[]);
        // The answer ends with the connection then, and is no more than its lines.
        let request = String::from_utf8_lossy(&request).replacen(" HTTP/1.1", " HTTP/1.0", 1);
        let mut stream = local::connect(&self.socket)?;
        stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.split(' ').nth(1) != Some("200") {
            return Err(ClientError::Strange(line.trim().to_owned()));
        }
        while line != "\r\n" && !line.is_empty() {
            line.clear();
            reader.read_line(&mut line)?;
        }
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 || !each(line.trim_end()) {
                return Ok(());
            }
        }
    }

    fn tell<T: DeserializeOwned>(
        &self,
        route: &Route,
        path: &str,
        takes: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let answer = self.ask(route, path, takes, None)?;
        serde_json::from_slice(&answer.response.body).map_err(|error| ClientError::Strange(error.to_string()))
    }

    /// Returns the answer to a route that takes nothing.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn get<T: DeserializeOwned>(&self, route: &Route) -> Result<T, ClientError> {
        self.tell(route, route.path, None::<&()>)
    }

    fn ask(
        &self,
        route: &Route,
        path: &str,
        takes: Option<&impl Serialize>,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Answer, ClientError> {
        self.converse(route, path, takes, descriptor.as_slice(), "close").map(|(answer, _)| answer)
    }

    fn converse(
        &self,
        route: &Route,
        path: &str,
        takes: Option<&impl Serialize>,
        descriptors: &[BorrowedFd<'_>],
        then: &str,
    ) -> Result<(Answer, UnixStream), ClientError> {
        let body = takes.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| ClientError::Strange(error.to_string()))?.unwrap_or_default();
        let namespace = namespace()?.to_string();
        let fields =
            [(VERSION_HEADER, VERSION), (NAMESPACE_HEADER, namespace.as_str()), ("Connection", then)];
        let request = http::request(route.method, path, &fields, &body);
        let mut stream = local::connect(&self.socket)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let sent = local::send(stream.as_fd(), &request, descriptors)?;
        stream.write_all(&request[sent..])?;
        let mut reader = Reader { stream, deadline: Instant::now() + PATIENCE, descriptors: Vec::new() };
        let response = http::read_response(&mut BufReader::new(&mut reader))?;
        let Reader { stream, descriptors, .. } = reader;
        match response.status {
            200..300 => Ok((Answer { response, descriptors }, stream)),
            status => match serde_json::from_slice(&response.body) {
                Ok(problem) => Err(ClientError::Refused { status, problem }),
                Err(_) => Err(ClientError::Strange(format!("status {status}"))),
            },
        }
    }
}

/// A connection to the daemon on which nothing more is said.
#[derive(Debug)]
pub struct Line(UnixStream);

impl Line {
    /// Waits until the daemon ends, or goes on as another program.
    pub fn wait(mut self) {
        let mut buffer = [0; 64];
        while matches!(self.0.read(&mut buffer), Ok(1..)) {}
    }
}

/// Returns whether `version` is older than this wharf's own.
#[must_use]
pub fn is_older(version: &str) -> bool {
    let parts = |text: &str| -> Vec<u64> {
        let numbers = text.split(['-', '+']).next().unwrap_or_default();
        numbers.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    parts(version).cmp(&parts(VERSION)) == Ordering::Less
}

/// Returns a text as a part of a path or the value of a query; RFC 3986 section 2.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

struct Answer {
    response: Response,
    descriptors: Vec<OwnedFd>,
}

/// A stream that is read until a deadline, and the descriptors that came with what was read.
struct Reader {
    stream: UnixStream,
    deadline: Instant,
    descriptors: Vec<OwnedFd>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(http::left(self.deadline)?))?;
        local::receive(self.stream.as_fd(), buffer, &mut self.descriptors)
    }
}

/// How long the daemon may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
const OTHER: io::ErrorKind = io::ErrorKind::InvalidData;

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_older("0.0.9"));
        assert!(!is_older(crate::VERSION));
        assert!(!is_older("10.0.0-rc.1"));
        assert!(is_older(""));
    }
}
