//! What a store may answer: a map in memory that knows of each worker's calls which were cut off.
//!
//! Not here: the calls themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use wharf_model::lease::Lease;

/// A call that was written down, with its answer if there was time for one.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `lease`, `remove` or `pin`.
    pub(crate) kind: String,
    pub(crate) service: String,
    /// Port that the program asks for by itself, or 0.
    pub(crate) asked: u16,
    /// For `pin`.
    pub(crate) port: u16,
    /// Nanoseconds since 1970, as everywhere here.
    pub(crate) begun: u128,
    pub(crate) told: Option<Told>,
}

/// The answer.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: u128,
    /// True if the port belongs to somebody else.
    pub(crate) is_taken: bool,
    pub(crate) leases: Vec<Known>,
}

/// What is compared of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) asked: u16,
    pub(crate) port: u16,
    pub(crate) fence: u64,
    pub(crate) pinned: bool,
}

impl Known {
    pub(crate) fn of(lease: &Lease) -> Self {
        let asked = lease.asked_port.unwrap_or(0);
        Self { id: lease.id.clone(), asked, port: lease.port, fence: lease.fence, pinned: lease.pinned }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {} {}", self.kind, self.service, self.asked, self.port, self.begun)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.is_taken)?;
        self.leases.iter().try_for_each(|known| {
            write!(f, " {} {} {} {} {}", known.id, known.asked, known.port, known.fence, known.pinned)
        })
    }
}

impl Call {
    pub(crate) fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let [kind, service, asked, port, begun] = words[..] else { panic!("{text}") };
        Self {
            kind: kind.to_owned(),
            service: service.to_owned(),
            asked: asked.parse().unwrap(),
            port: port.parse().unwrap(),
            begun: begun.parse().unwrap(),
            told: None,
        }
    }
}

impl Told {
    pub(crate) fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let known = |words: &[&str]| Known {
            id: words[0].to_owned(),
            asked: words[1].parse().unwrap(),
            port: words[2].parse().unwrap(),
            fence: words[3].parse().unwrap(),
            pinned: words[4].parse().unwrap(),
        };
        Self {
            at: words[0].parse().unwrap(),
            is_taken: words[1].parse().unwrap(),
            leases: words[2..].chunks_exact(5).map(known).collect(),
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Calls that were answered.
    pub(crate) calls: usize,
    /// Calls that were not.
    pub(crate) cut_off: usize,
    pub(crate) faults: Vec<String>,
}

/// Goes through what each worker wrote down, and compares with what is left.
pub(crate) fn judge(logs: &[Vec<Call>], left: &[Lease]) -> Found {
    let mut found = Found::default();
    let mut asked_for = BTreeSet::new();
    for calls in logs {
        let mut states: BTreeMap<(String, u16), Vec<State>> = BTreeMap::new();
        for call in calls {
            asked_for.insert((call.service.clone(), call.asked));
            found.calls += usize::from(call.told.is_some());
            found.cut_off += usize::from(call.told.is_none());
            if !is_shared(&call.service) {
                found.faults.extend(apply(&mut states, call));
            }
        }
        for ((service, asked), states) in states {
            let known = left
                .iter()
                .find(|lease| lease.name.service == service && lease.asked_port.unwrap_or(0) == asked);
            let known = known.map(Known::of);
            if !states.iter().any(|state| state.allows(known.as_ref())) {
                found.faults.push(format!("{service}/{asked}: {known:?} is left, but {states:?}"));
            }
        }
    }
    for lease in left {
        if !asked_for.contains(&(lease.name.service.clone(), lease.asked_port.unwrap_or(0))) {
            found.faults.push(format!("nobody asked for {lease:?}"));
        }
    }
    let ports: BTreeSet<u16> = left.iter().map(|lease| lease.port).collect();
    if ports.len() != left.len() {
        found.faults.push("two leases share a port in the end".to_owned());
    }
    found.faults.extend(shared_at_once(logs));
    found
}

fn is_shared(service: &str) -> bool {
    service.starts_with("shared")
}

/// What may be in the store for one name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Nothing,
    Exactly(Known),
    /// A lease by a call that was cut off: what it is, nobody was told.
    New {
        pinned: Option<u16>,
    },
    /// The known lease, pinned by a call that was cut off.
    Pinned(Known),
}

impl State {
    fn allows(&self, known: Option<&Known>) -> bool {
        match (self, known) {
            (Self::Nothing, None) => true,
            (Self::Exactly(expected) | Self::Pinned(expected), Some(known)) => expected == known,
            (Self::New { pinned: None }, Some(known)) => !known.pinned && known.fence == 1,
            (Self::New { pinned: Some(port) }, Some(known)) => known.pinned && known.port == *port,
            _ => false,
        }
    }
}

/// Applies a call to the states that may be, and returns what cannot be.
fn apply(states: &mut BTreeMap<(String, u16), Vec<State>>, call: &Call) -> Vec<String> {
    // A name is removed with all of its ports.
    let keys: Vec<u16> = if call.kind == "remove" { vec![0, 3000] } else { vec![call.asked] };
    let mut faults = Vec::new();
    for asked in keys {
        let before = states.remove(&(call.service.clone(), asked)).unwrap_or_else(|| vec![State::Nothing]);
        let told = call.told.as_ref();
        let mut after: Vec<State> = match told {
            None => before.iter().flat_map(|state| cut_off(state, call)).collect(),
            Some(told) => answered(&before, call, told, asked),
        };
        if after.is_empty() {
            faults.push(format!("{call} cannot be answered by {told:?}: {before:?}"));
            // From here on as it was answered, so that one fault is told once.
            let known = told.and_then(|told| told.leases.iter().find(|known| known.asked == asked));
            let is_there = known.filter(|_| call.kind != "remove");
            after.push(is_there.map_or(State::Nothing, |known| State::Exactly(known.clone())));
        }
        let mut once: Vec<State> = Vec::new();
        for state in after {
            if !once.contains(&state) {
                once.push(state);
            }
        }
        states.insert((call.service.clone(), asked), once);
    }
    faults
}

/// What may be after a call that nobody heard the answer of: what was, or what the call does.
fn cut_off(state: &State, call: &Call) -> Vec<State> {
    let does = match (call.kind.as_str(), state) {
        ("remove", _) => State::Nothing,
        ("lease", State::Nothing) => State::New { pinned: None },
        ("pin", State::Exactly(known) | State::Pinned(known)) => {
            let (fence, port) = (known.fence + 1, call.port);
            State::Pinned(Known { fence, port, pinned: true, ..known.clone() })
        }
        ("pin", _) => State::New { pinned: Some(call.port) },
        _ => state.clone(),
    };
    vec![state.clone(), does]
}

/// What may be after an answer; nothing if no state allows it.
fn answered(before: &[State], call: &Call, told: &Told, asked: u16) -> Vec<State> {
    let known = told.leases.iter().find(|known| known.asked == asked);
    let any_allows = |known: Option<&Known>| before.iter().any(|state| state.allows(known));
    match (call.kind.as_str(), known) {
        ("remove", known) if any_allows(known) => vec![State::Nothing],
        ("lease", Some(known)) => {
            let is_new = any_allows(None) && !known.pinned && known.fence == 1;
            if is_new || any_allows(Some(known)) { vec![State::Exactly(known.clone())] } else { Vec::new() }
        }
        ("pin", None) if told.is_taken => before.to_vec(),
        ("pin", Some(known)) if known.pinned && known.port == call.port => {
            let grows = |state: &State| match state {
                State::Nothing => known.fence == 2,
                State::Exactly(old) | State::Pinned(old) => {
                    known.id == old.id && known.fence == old.fence + 1
                }
                State::New { .. } => known.fence > 1,
            };
            if before.iter().any(grows) { vec![State::Exactly(known.clone())] } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// Finds leases that had one port at the same time, and leases that changed without their fence, whoever made the calls.
fn shared_at_once(logs: &[Vec<Call>]) -> Vec<String> {
    let mut faults = Vec::new();
    // When a lease is known to have had a port: from the end of the first call that said so to the begin of the last.
    let mut times: BTreeMap<(u16, String, u64), (u128, u128)> = BTreeMap::new();
    let mut ports: BTreeMap<(String, u64), u16> = BTreeMap::new();
    for call in logs.iter().flatten() {
        let Some(told) = &call.told else { continue };
        for known in &told.leases {
            let time =
                times.entry((known.port, known.id.clone(), known.fence)).or_insert((told.at, call.begun));
            *time = (time.0.min(told.at), time.1.max(call.begun));
            let port = *ports.entry((known.id.clone(), known.fence)).or_insert(known.port);
            if port != known.port {
                faults.push(format!("{} had {port} and {} under one fence", known.id, known.port));
            }
        }
    }
    let mut by_port: BTreeMap<u16, Vec<(u128, u128, String)>> = BTreeMap::new();
    for ((port, id, _), (from, to)) in times {
        if from < to {
            by_port.entry(port).or_default().push((from, to, id));
        }
    }
    for (port, mut owners) in by_port {
        owners.sort();
        let mut last: Option<&(u128, u128, String)> = None;
        for owner in &owners {
            if let Some(last) = last.filter(|last| owner.0 < last.1 && owner.2 != last.2) {
                faults.push(format!("{port} was two leases': {last:?} and {owner:?}"));
            }
            if last.is_none_or(|last| owner.1 > last.1) {
                last = Some(owner);
            }
        }
    }
    faults
}
