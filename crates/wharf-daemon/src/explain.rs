//! What the router says of an upstream that does not answer: the diagnosis of `wharf why`.
//!
//! Not here: how it is found out (`wharf-diagnose`), and how it looks (`wharf-router`).

use std::sync::Mutex;
use std::time::Duration;

use wharf_catalog::request::Asker;
use wharf_diagnose::diagnose;
use wharf_diagnose::question::{Aim, Question, View};
use wharf_diagnose::target::{Place, Port, Scheme, Target};
use wharf_lease::store::Store;
use wharf_model::diagnosis::{self, CauseFound};
use wharf_model::lease::Lease;
use wharf_model::route::{self, Route, UpstreamProtocol};
use wharf_model::timestamp::Timestamp;
use wharf_os::{Os, state};
use wharf_router::fault::{Explain, Explanation, Fault, Plain};
use wharf_run::registry::Registry;

/// Explains faults of upstreams by a diagnosis, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Diagnosis {
    /// The last one, and when and of what it was made: who reloads a page does not ask anew.
    last: Mutex<Option<(Target, Timestamp, diagnosis::Diagnosis)>>,
}

impl Explain for Diagnosis {
    fn explain(&self, fault: &Fault, host: &str, route: Option<&Route>) -> Explanation {
        Plain.explain(fault, host, route)
    }

    fn look_into(&self, fault: &Fault, host: &str, route: &Route) -> Option<Explanation> {
        let target = target(route);
        // While one is made, others are told what is known without: requests never wait in a row for it.
        let mut last = self.last.try_lock().ok()?;
        let os = Os::native();
        let now = os.clock.now();
        let is_fresh = |(of, at, _): &(Target, Timestamp, _)| *of == target && now.ms_since(*at) < FRESH_MS;
        if !last.as_ref().is_some_and(is_fresh) {
            let question = Question {
                aim: Aim::Reach(target.clone()),
                view: View::Own,
                origin: None,
                timeout: TIMEOUT,
                asker: Asker { home: None, runs: Registry::look(&os) },
                itself: None,
                leases,
                // What the router leads to is asked itself.
                routes: Vec::new,
            };
            *last = Some((target, now, diagnose(&os, &question)));
        }
        let (_, _, diagnosis) = last.as_ref()?;
        let cause = diagnosis.causes.first()?;
        Some(explained(Plain.explain(fault, host, Some(route)), cause, diagnosis))
    }
}

/// Returns what was said plainly with the cause in its place; fixes of the router's own come first, for it knows the lease.
fn explained(plain: Explanation, cause: &CauseFound, diagnosis: &diagnosis::Diagnosis) -> Explanation {
    let short = |text: &str| text.chars().take(TEXT).collect::<String>();
    let seen = cause.evidence.iter().take(LINES).map(|evidence| {
        let expected = evidence.expected.as_ref().map(|text| format!(" (not {text})")).unwrap_or_default();
        (short(&evidence.source), short(&format!("{}{expected}", evidence.observed)))
    });
    let mut fixes = plain.fixes;
    let mended = cause.fixes.iter().map(|fix| (short(&fix.title), fix.command.as_deref().map(short)));
    let known: Vec<Option<String>> = fixes.iter().map(|(_, command)| command.clone()).collect();
    // The router and the diagnosis may know the same way out.
    fixes.extend(mended.filter(|(_, command)| command.is_none() || !known.contains(command)).take(LINES));
    let mut evidence = plain.evidence;
    evidence.extend(seen);
    let further =
        diagnosis.causes.get(1).map(|next| format!(" And then: {}.", next.text)).unwrap_or_default();
    Explanation {
        cause: Some(cause.code.clone()),
        title: cause.title.clone(),
        text: short(&format!("{} {}.{further}", plain.text, sentence(&cause.text))),
        evidence,
        fixes,
        ..plain
    }
}

/// Returns `text` with a capital letter, unless it begins with a name or number.
fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first)
            if word.chars().all(|c| c.is_ascii_lowercase()) && !text.contains(&format!("{word} (pid")) =>
        {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// Returns the leases of this user; none where they cannot be read.
fn leases() -> Vec<Lease> {
    let store = state::existing("wharf.db").and_then(|file| Store::open(&file).ok());
    store.and_then(|store| store.all().ok()).unwrap_or_default()
}

/// Returns the upstream of a route as a target.
fn target(route: &Route) -> Target {
    let scheme = match route.upstream.protocol {
        UpstreamProtocol::Http => Some(Scheme::Http),
        UpstreamProtocol::Https => Some(Scheme::Https),
        UpstreamProtocol::H2c => Some(Scheme::Grpc),
        UpstreamProtocol::Tcp => None,
    };
    let tcp = |host: String, port| Place::Tcp { host, port: Port::Number(port) };
    let place = match &route.upstream.target {
        route::Target::Port(port) => tcp("127.0.0.1".to_owned(), *port),
        route::Target::Address(address) => tcp(address.ip().to_string(), address.port()),
        route::Target::Unix(path) => Place::Unix(path.into()),
    };
    Target { scheme, place, user: None, password: None, path: "/".to_owned() }
}

/// A request is not made to wait longer than this for its explanation.
const TIMEOUT: Duration = Duration::from_millis(600);
/// How long a diagnosis is not made anew, in milliseconds.
const FRESH_MS: i64 = 2000;
/// Characters of one text, and lines of one kind, that an answer has room for.
const TEXT: usize = 600;
const LINES: usize = 6;
