//! What facts are called in sentences. Not here: what follows from them.

use wharf_model::diagnosis::Evidence;
use wharf_model::endpoint::Endpoint;
use wharf_model::owner::HeldBy;
use wharf_model::shell::quoted;
use wharf_os::examine::attempt::{Attempt, Outcome};

use super::itself::{Daemon, Itself};
use super::{Facts, Symptom};
use crate::question::{Aim, View};

impl Facts {
    /// Returns the target, or what is to be bound, for the first line.
    pub(crate) fn aim_text(&self) -> String {
        match &self.aim {
            Aim::Reach(target) => target.to_string(),
            Aim::Bind(address) => format!("bind {address}"),
            Aim::Itself => "wharf".to_owned(),
        }
    }

    /// Returns the words that ask the same question at a command line.
    pub(crate) fn words(&self) -> String {
        let aim = match &self.aim {
            Aim::Reach(target) => quoted(&target.to_string()),
            Aim::Bind(address) => format!("--bind {address}"),
            Aim::Itself => String::new(),
        };
        match self.view {
            View::Own => aim,
            View::Process(pid) => format!("{aim} --from {pid}"),
            View::User(uid) => format!("{aim} --as {uid}"),
        }
    }

    /// Returns the words by which root asks the same question as this user does: rules may be for one user alone.
    pub(crate) fn words_for_root(&self) -> String {
        let is_ours = self.view == View::Own && matches!(self.aim, Aim::Reach(_)) && self.client.uid != 0;
        let may_be_for_users = !matches!(self.symptom(), Symptom::Connected | Symptom::NotTried);
        if is_ours && may_be_for_users {
            format!("{} --as {}", self.words(), self.client.uid)
        } else {
            self.words()
        }
    }

    /// Returns one line on a target that can be reached.
    pub(crate) fn reached_text(&self) -> String {
        if let Some(address) = self.bind() {
            return format!("{address} can be bound");
        }
        if let (Aim::Itself, Some(itself)) = (&self.aim, &self.itself) {
            return itself_text(itself);
        }
        let took = self.attempts.iter().find(|attempt| attempt.outcome == Outcome::Connected);
        let connected = match took {
            Some(attempt) => format!("connected in {}", milliseconds(attempt)),
            None => "connected".to_owned(),
        };
        match &self.talk.spoken {
            Some(spoken) => format!("{connected}, {spoken}"),
            None => connected,
        }
    }

    /// Returns one line on what is known where the cause is not.
    pub(crate) fn known_part(&self) -> String {
        if let Some(unseen) = &self.client.unseen {
            return unseen.clone();
        }
        if let Some(lost) = self.lost() {
            return format!("no answer: {}", lost.words());
        }
        match self.symptom() {
            Symptom::Hangs if self.is_listened_at() => {
                "something between client and server drops the connection".to_owned()
            }
            Symptom::Hangs => "nothing answers, not even a refusal".to_owned(),
            Symptom::RefusedByOther => "refused, but not by this kernel for want of a listener".to_owned(),
            Symptom::Refused => "refused".to_owned(),
            Symptom::Failed(errno) => format!("connect(2) fails with {errno}"),
            Symptom::Connected if self.talk.closed.is_some() => {
                "connected, and the server hangs up without an answer".to_owned()
            }
            Symptom::Connected => "connected, but no answer comes".to_owned(),
            Symptom::NotTried => "no connection could be tried".to_owned(),
        }
    }
}

/// Returns one line on wharf where nothing is wrong with it.
fn itself_text(itself: &Itself) -> String {
    let daemon = match &itself.daemon {
        Daemon::Runs { pid, version } => format!("daemon {version} runs (pid {pid})"),
        Daemon::Off => "the daemon is turned off".to_owned(),
        _ => "the daemon is not needed yet".to_owned(),
    };
    let router = match itself.router_port {
        Some(port) => format!(", router at port {port}"),
        None => String::new(),
    };
    let leases = itself.leases.as_ref().map_or(0, |count| *count);
    format!("{daemon}{router}, {leases} lease{}", if leases == 1 { "" } else { "s" })
}

pub(super) fn proof(facts: &Facts) -> Vec<Evidence> {
    let connected = facts.attempts.iter().filter(|attempt| attempt.outcome == Outcome::Connected);
    let mut proof: Vec<Evidence> = connected
        .map(|attempt| evidence("connect(2)", format!("{} in {}", attempt.to, milliseconds(attempt))))
        .collect();
    proof.extend(facts.endpoint().map(|detail| evidence("listener", who(&detail.endpoint))));
    proof.extend(facts.talk.spoken.iter().map(|spoken| evidence("first bytes", spoken.clone())));
    proof
}

pub(super) fn who(endpoint: &Endpoint) -> String {
    if let (Some(container), Some(lead)) = (&endpoint.container, endpoint.owner.lead()) {
        return format!("{} (pid {}, container {})", lead.name, lead.pid, container.label());
    }
    match endpoint.owner.lead() {
        Some(lead) => {
            let place = endpoint.project.as_ref().map(|project| &project.root).or(lead.cwd.as_ref());
            match place {
                Some(place) => format!("{} (pid {}, {place})", lead.name, lead.pid),
                None => format!("{} (pid {})", lead.name, lead.pid),
            }
        }
        None => match endpoint.owner.held_by {
            HeldBy::InFlight => "a socket on its way between processes".to_owned(),
            HeldBy::NoProcess => "no process".to_owned(),
            _ => match &endpoint.owner.user {
                Some(user) => format!("a process of user {user}"),
                None => format!("a process of user {}", endpoint.owner.uid),
            },
        },
    }
}

fn evidence(source: &str, observed: String) -> Evidence {
    Evidence { source: source.to_owned(), observed, expected: None }
}

fn milliseconds(attempt: &Attempt) -> String {
    format!("{:.2} ms", attempt.elapsed.as_secs_f64() * 1000.0)
}
