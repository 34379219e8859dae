//! From a question to facts: what is looked at, in which order, within the time that is given.
//!
//! Cheap before dear, and what is dear only where the symptom asks for it. Each part is a file below. Not here: what the
//! facts mean ([`crate::judge`]).

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use wharf_os::Os;
use wharf_os::examine::errno::Errno;

use crate::facts::{Facts, Symptom};
use crate::question::{Aim, Question};
use crate::target::{Place, Target};

mod attempts;
mod binds;
mod chain;
mod client;
mod names;
mod network;
mod port;
mod servers;
mod suspects;
mod talk;
mod unix;
mod unix_only;

/// What gathering has at hand.
pub(crate) struct Context<'a> {
    /// The machine.
    pub(crate) os: &'a Os,
    /// What was asked.
    pub(crate) question: &'a Question,
    /// When it has to be over.
    pub(crate) deadline: Instant,
    /// The connection that was made, not a word said on it yet. At most three are made to one target in all.
    pub(crate) stream: Option<TcpStream>,
    /// Since when the server has been able to speak on it.
    pub(crate) since: Instant,
    /// Addresses of the forwarders by which it came here.
    pub(crate) trail: Vec<SocketAddr>,
    /// What of the client's point of view could not be taken.
    pub(crate) unseen: Option<String>,
}

impl Context<'_> {
    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Runs one part, and notes in `facts` how long it took.
    fn timed(&mut self, facts: &mut Facts, name: &str, part: fn(&mut Facts, &mut Self)) {
        let start = Instant::now();
        part(facts, self);
        let took = start.elapsed().as_secs_f64() * 1000.0;
        *facts.timings_ms.entry(name.to_owned()).or_default() += (took * 1000.0).round() / 1000.0;
    }
}

/// Gathers the facts on `question`.
#[must_use]
pub fn gather(os: &Os, question: &Question) -> Facts {
    gather_beyond(os, question, Vec::new())
}

/// Gathers the facts on `question`, to which forwarders at `trail` have led.
fn gather_beyond(os: &Os, question: &Question, trail: Vec<SocketAddr>) -> Facts {
    client::in_place(question, |unseen| gather_here(os, question, unseen, trail))
}

fn gather_here(os: &Os, question: &Question, unseen: Option<String>, trail: Vec<SocketAddr>) -> Facts {
    let start = Instant::now();
    let mut facts = Facts::new(question.aim.clone());
    facts.view = question.view;
    facts.itself.clone_from(&question.itself);
    facts.origin.clone_from(&question.origin);
    let deadline = start + question.timeout;
    let mut context = Context { os, question, deadline, stream: None, since: start, trail, unseen };
    context.timed(&mut facts, "client", client::look);
    match &question.aim {
        Aim::Itself => {}
        Aim::Bind(_) => context.timed(&mut facts, "bind", binds::look),
        Aim::Reach(Target { place: Place::Unix(_), .. }) => context.timed(&mut facts, "unix", unix::look),
        Aim::Reach(_) => reach(&mut facts, &mut context),
    }
    let total = start.elapsed().as_secs_f64() * 1000.0;
    facts.timings_ms.insert("total".to_owned(), (total * 1000.0).round() / 1000.0);
    facts
}

fn reach(facts: &mut Facts, context: &mut Context<'_>) {
    if facts.target().and_then(Target::port).is_none() {
        return;
    }
    context.timed(facts, "names", names::look);
    context.timed(facts, "proxy", talk::proxy::look);
    context.timed(facts, "sockets", port::reached);
    context.timed(facts, "connect", attempts::try_all);
    context.timed(facts, "owner", port::look);
    let symptom = facts.symptom();
    if !facts.is_listened_at() && facts.is_loopback() {
        context.timed(facts, "unix", unix_only::look);
        context.timed(facts, "commands", suspects::look);
    }
    if symptom == Symptom::Connected {
        context.timed(facts, "accept", attempts::watch_accept);
        context.timed(facts, "network", network::diverted);
    }
    if symptom == Symptom::Connected && facts.accepted == Some(true) {
        context.timed(facts, "server", servers::members);
    }
    if !matches!(symptom, Symptom::Connected | Symptom::Refused) || facts.accepted == Some(false) {
        context.timed(facts, "server", servers::look);
    }
    // A server that was only slow has been reached after all.
    let symptom = facts.symptom();
    if symptom == Symptom::Connected && facts.accepted != Some(false) {
        // A server that keeps silent until the end is looked at after it.
        let deadline = context.deadline;
        context.deadline = deadline.checked_sub(servers::RESERVE.min(context.left() / 5)).unwrap_or(deadline);
        context.timed(facts, "talk", talk::look);
        context.deadline = deadline;
        if facts.talk.silent || facts.talk.closed.is_some() || facts.watch.closed.is_some() {
            context.timed(facts, "server", servers::look);
        }
    }
    // A forwarder may have hung up before connect(2) was over.
    let is_reset = symptom == Symptom::Failed(Errno::CONNRESET);
    if is_reset || symptom == Symptom::Connected && facts.accepted != Some(false) {
        context.timed(facts, "chain", chain::look);
    }
    if network::is_asked_for(facts) {
        context.timed(facts, "network", network::look);
    }
}
