//! Why a request has no answer of an upstream, and what is said of it.
//!
//! The trait [`Explain`] is the seam for whoever knows more than the router: which run was meant, why a program does not
//! answer. Not here: how it looks ([`crate::page`]).

use std::fmt;

use wharf_model::route::Route;

/// Why a request has no answer of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No route has this host.
    UnknownHost,
    /// The route is for raw TCP.
    NotHttp,
    /// The request names another host than the one that the connection was made for.
    OtherHost,
    /// Nothing listens at the upstream.
    NothingListens,
    /// It cannot be connected to: why.
    Unreachable(String),
    /// What listens there is another user's.
    Stranger(u32),
    /// It did not begin to listen in time.
    NeverListened,
    /// It closed the connection before it had answered.
    Hung,
    /// What it sent is no answer: what is wrong with it.
    Garbage(&'static str),
    /// The request has come by too often.
    Circle,
    /// The request is none: status code, and what is wrong.
    BadRequest(u16, &'static str),
    /// The client did not send its request in time.
    Slow,
}

/// What is said of a fault, to people and to programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Status code of HTTP.
    pub status: u16,
    /// What it is, for programs; never renamed.
    pub code: &'static str,
    /// Code of the cause, where it was looked into: one of those that `wharf why --list` has.
    pub cause: Option<String>,
    /// What it is, in a few words.
    pub title: String,
    /// The cause, in a sentence or two.
    pub text: String,
    /// What was seen: where, and what.
    pub evidence: Vec<(String, String)>,
    /// What to do: in words, and by which command.
    pub fixes: Vec<(String, Option<String>)>,
}

/// Explains faults.
pub trait Explain: Send + Sync {
    /// Says why the request for `host`, for which there may be a `route`, has no answer.
    fn explain(&self, fault: &Fault, host: &str, route: Option<&Route>) -> Explanation;

    /// Looks into why the upstream of `route` does not answer, which may take a moment: it is asked in a thread of its own.
    /// `None` where no more is to be said than `explain` says.
    fn look_into(&self, fault: &Fault, host: &str, route: &Route) -> Option<Explanation> {
        let _ = (fault, host, route);
        None
    }
}

impl Fault {
    /// Whether it lies at the upstream, so that there is something to look into.
    pub(crate) fn is_upstreams(&self) -> bool {
        matches!(
            self,
            Self::NothingListens | Self::Unreachable(_) | Self::NeverListened | Self::Hung | Self::Garbage(_)
        )
    }
}

/// Explains what can be told from the fault alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Explain for Plain {
    fn explain(&self, fault: &Fault, host: &str, route: Option<&Route>) -> Explanation {
        let upstream = route.map(|route| route.upstream.to_string()).unwrap_or_default();
        let (status, code, title, text) = told(fault, host, &upstream);
        let mut fixes: Vec<(String, Option<String>)> = Vec::new();
        let mut fix = |title: &str, command: Option<String>| fixes.push((title.to_owned(), command));
        match fault {
            Fault::UnknownHost => {
                fix("See which names there are", Some("wharf route ls".to_owned()));
                fix(
                    "Give one to what listens on a port",
                    Some(format!("wharf route add {} PORT", shown(host))),
                );
            }
            Fault::NothingListens | Fault::Unreachable(_) | Fault::NeverListened => {
                if let Some(name) = route.and_then(|route| route.name.as_ref()) {
                    fix("Start it", Some(format!("wharf run --name {} -- COMMAND", name.service)));
                    fix(
                        "See what it wrote, if it runs in the background",
                        Some(format!("wharf logs {name}")),
                    );
                }
                fix("See what listens", Some("wharf ls".to_owned()));
            }
            Fault::Stranger(_) => {
                let port = route
                    .and_then(|route| route.upstream.port())
                    .map_or_else(String::new, |port| port.to_string());
                fix("See who it is", Some(format!("wharf show {port}").trim_end().to_owned()));
            }
            Fault::Circle => fix(
                "Let the proxy of that server set the Host of its own target (changeOrigin: true in Vite and webpack)",
                None,
            ),
            _ => {}
        }
        let evidence = if upstream.is_empty() { Vec::new() } else { vec![("upstream".to_owned(), upstream)] };
        Explanation { status, code, cause: None, title: title.to_owned(), text, evidence, fixes }
    }
}

fn told(fault: &Fault, host: &str, upstream: &str) -> (u16, &'static str, &'static str, String) {
    let host = shown(host);
    match fault {
        Fault::UnknownHost => (404, "unknown-host", "No such name", format!("There is no route for {host}.")),
        Fault::NotHttp => (
            421,
            "not-http",
            "This is no website",
            format!("The route for {host} is for raw TCP: wharf route ls tells its address."),
        ),
        Fault::OtherHost => (
            421,
            "other-host",
            "Another host",
            format!("The connection was made for another name than {host}: make one of its own."),
        ),
        Fault::NothingListens => (
            502,
            "nothing-listens",
            "Nothing listens there",
            format!("{host} leads to {upstream}, where nothing listens."),
        ),
        Fault::Unreachable(why) => (
            502,
            "unreachable",
            "It cannot be reached",
            format!("{host} leads to {upstream}, which cannot be connected to: {why}."),
        ),
        Fault::Stranger(uid) => (
            502,
            "other-user",
            "Somebody else is there",
            format!(
                "{host} leads to {upstream}, where another user (uid {uid}) listens: nothing is sent there."
            ),
        ),
        Fault::NeverListened => (
            504,
            "never-listened",
            "It has not begun to listen",
            format!(
                "{host} is starting, and does not listen yet after {} seconds.",
                crate::hall::STARTING.as_secs()
            ),
        ),
        Fault::Hung => (
            502,
            "closed-early",
            "It hung up",
            format!("{upstream} took the request for {host} and closed the connection without an answer."),
        ),
        Fault::Garbage(what) => (
            502,
            "no-http",
            "It does not speak HTTP",
            format!("The answer of {upstream} cannot be passed on: {what}."),
        ),
        Fault::Circle => (
            508,
            "circle",
            "It goes round in a circle",
            format!(
                "The request for {host} has come by {} times: {upstream} sends it back here.",
                crate::fields::MOST_HOPS
            ),
        ),
        Fault::BadRequest(status, what) => {
            let code = match status {
                431 => "fields-too-large",
                405 => "no-connect",
                501 => "unknown-coding",
                505 => "unknown-version",
                417 => "unknown-expectation",
                _ => "bad-request",
            };
            (*status, code, "The request cannot be passed on", format!("It was refused: {what}."))
        }
        Fault::Slow => (408, "slow-request", "Too slow", "The request did not come in time.".to_owned()),
    }
}

fn shown(host: &str) -> &str {
    if host.is_empty() { "this name" } else { host }
}

impl fmt::Display for Fault {
    /// Writes its code, as the log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(told(self, "", "").1)
    }
}
