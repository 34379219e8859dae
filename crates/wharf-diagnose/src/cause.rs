//! What a cause is: a declaration with a pure rule on facts. Not here: any of them ([`crate::why`]).

use wharf_model::diagnosis::{CauseKnown, Evidence, Fix};

use crate::facts::Facts;

/// A cause that wharf knows. One file each declares one, as `CAUSE`.
#[derive(Debug)]
pub struct Cause {
    /// Stable code in kebab-case; never renamed, never given to another.
    pub code: &'static str,
    /// What a client sees.
    pub group: Group,
    /// Where on the way from a name to an answer it lies. Of one layer the first cause that holds is named.
    pub layer: Layer,
    /// What it is, in a few words, as a sentence without a full stop.
    pub title: &'static str,
    /// What clients say, for its page.
    pub symptom: &'static str,
    /// How wharf tells, for its page.
    pub evidence: &'static str,
    /// What to do, for its page.
    pub fix: &'static str,
    /// How it is known that the rule is right.
    pub proof: Proof,
    /// What it takes to tell, beyond an ordinary user's rights.
    pub privilege: Option<&'static str>,
    /// Whether it holds.
    pub rule: fn(&Facts) -> Opinion,
}

/// Causes by what a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The connection is refused: nobody listens where the client looks.
    Refused,
    /// The connection hangs.
    Hangs,
    /// It is made, and then nothing comes.
    Silent,
    /// Another error, at once.
    Errors,
    /// The wrong program answers.
    WrongAnswer,
    /// The name is not found, or leads elsewhere.
    Names,
    /// Proxies, TLS, HTTP, databases.
    Protocols,
    /// An address cannot be bound.
    Bind,
    /// wharf itself.
    Wharf,
}

impl Group {
    /// All groups, in the order in which they are listed.
    pub const ALL: [Self; 9] = [
        Self::Refused,
        Self::Hangs,
        Self::Silent,
        Self::Errors,
        Self::WrongAnswer,
        Self::Names,
        Self::Protocols,
        Self::Bind,
        Self::Wharf,
    ];

    /// Returns the name that JSON has.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Hangs => "hangs",
            Self::Silent => "silent",
            Self::Errors => "errors",
            Self::WrongAnswer => "wrong_answer",
            Self::Names => "names",
            Self::Protocols => "protocols",
            Self::Bind => "bind",
            Self::Wharf => "wharf",
        }
    }

    /// Returns what it is called for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Refused => "Connection refused",
            Self::Hangs => "The connection hangs",
            Self::Silent => "Connected, and then silence",
            Self::Errors => "Another error at once",
            Self::WrongAnswer => "The wrong one answers",
            Self::Names => "Names",
            Self::Protocols => "Proxies, TLS, HTTP and other protocols",
            Self::Bind => "Address already in use, and other refusals of bind",
            Self::Wharf => "wharf itself",
        }
    }
}

/// Where a cause lies on the way from a name to an answer: the order in which two causes must be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// What was asked for cannot be.
    Question,
    /// Names become addresses.
    Name,
    /// A proxy is asked instead.
    Proxy,
    /// The client's own limits and sandbox.
    Client,
    /// Interfaces, routes, firewalls.
    Network,
    /// Whether anybody listens, and who.
    Port,
    /// Whether the server accepts and answers.
    Server,
    /// What is spoken.
    Protocol,
    /// What the server answers to one request or login.
    Answer,
}

impl Layer {
    /// Returns what it is called for people.
    #[must_use]
    pub fn area(self) -> &'static str {
        match self {
            Self::Question => "the question",
            Self::Name => "name resolution",
            Self::Proxy => "proxies",
            Self::Client => "the client's limits",
            Self::Network => "routes and firewalls",
            Self::Port => "listeners",
            Self::Server => "the server's process",
            Self::Protocol => "the protocol",
            Self::Answer => "the answer",
        }
    }
}

/// How it is known that a rule is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A test brings the cause about on a real kernel, with real programs.
    Reproduced,
    /// It cannot be brought about by a test; this documents its evidence.
    Documented(&'static str),
}

/// What a rule makes of the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// The cause holds.
    Holds(Finding),
    /// It does not keep this client away, but would others.
    Odd(String),
    /// It does not hold: how that is known.
    RuledOut(String),
    /// It cannot be told: what that would take.
    Open(String),
    /// The facts have nothing to do with it.
    Aside,
}

/// A cause that holds, with evidence and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is in this case, in a sentence that begins with a small letter and has no full stop.
    pub text: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// What to do, the best first.
    pub fixes: Vec<Fix>,
    /// Whether it accounts for what the client sees. If no cause that holds does, wharf cannot tell.
    pub explains: bool,
    /// Whether it is no consequence of another cause of its layer, and has to be mended besides.
    pub independent: bool,
}

impl Finding {
    /// Returns a finding with no evidence yet.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            evidence: Vec::new(),
            fixes: Vec::new(),
            explains: true,
            independent: false,
        }
    }

    /// Adds what was seen.
    #[must_use]
    pub fn saw(mut self, source: impl Into<String>, observed: impl Into<String>) -> Self {
        self.evidence.push(Evidence { source: source.into(), observed: observed.into(), expected: None });
        self
    }

    /// Adds what was seen, and what would have been there otherwise.
    #[must_use]
    pub fn saw_not(
        mut self,
        source: impl Into<String>,
        observed: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        let expected = Some(expected.into());
        self.evidence.push(Evidence { source: source.into(), observed: observed.into(), expected });
        self
    }

    /// Adds something to do that no command does.
    #[must_use]
    pub fn advise(mut self, title: impl Into<String>) -> Self {
        self.fixes.push(Fix { title: title.into(), command: None, privileged: false, safe: false });
        self
    }

    /// Adds a command. It may stop or change something, so `--fix` does not offer it.
    #[must_use]
    pub fn command(mut self, title: impl Into<String>, command: impl Into<String>) -> Self {
        let command = Some(command.into());
        self.fixes.push(Fix { title: title.into(), command, privileged: false, safe: false });
        self
    }

    /// Adds a command that `--fix` may offer: it destroys nothing and can be undone.
    #[must_use]
    pub fn safe_command(self, title: impl Into<String>, command: impl Into<String>) -> Self {
        let mut finding = self.command(title, command);
        finding.mark(|fix| fix.safe = true);
        finding
    }

    /// Marks the fix that was added last as one that takes root.
    #[must_use]
    pub fn as_root(mut self) -> Self {
        self.mark(|fix| fix.privileged = true);
        self
    }

    /// Says that it holds, and that something else must be the reason for what the client sees.
    #[must_use]
    pub fn beside_the_symptom(mut self) -> Self {
        self.explains = false;
        self
    }

    /// Says that it has to be mended besides other causes of its layer: it does not follow from them.
    #[must_use]
    pub fn on_its_own(mut self) -> Self {
        self.independent = true;
        self
    }

    fn mark(&mut self, how: impl FnOnce(&mut Fix)) {
        if let Some(fix) = self.fixes.last_mut() {
            how(fix);
        }
    }
}

impl From<Finding> for Opinion {
    fn from(finding: Finding) -> Self {
        Self::Holds(finding)
    }
}

/// Returns that a cause does not hold.
#[must_use]
pub fn ruled_out(reason: impl Into<String>) -> Opinion {
    Opinion::RuledOut(reason.into())
}

/// Returns that it cannot be told whether a cause holds.
#[must_use]
pub fn open(lacks: impl Into<String>) -> Opinion {
    Opinion::Open(lacks.into())
}

impl Cause {
    /// Returns the declaration as `wharf why --list` has it.
    #[must_use]
    pub fn known(&self) -> CauseKnown {
        CauseKnown {
            code: self.code.to_owned(),
            group: self.group.code().to_owned(),
            title: self.title.to_owned(),
            symptom: self.symptom.to_owned(),
            evidence: self.evidence.to_owned(),
            fix: self.fix.to_owned(),
            reproduced: self.proof == Proof::Reproduced,
            documented: match self.proof {
                Proof::Reproduced => None,
                Proof::Documented(by) => Some(by.to_owned()),
            },
            privilege: self.privilege.map(str::to_owned),
        }
    }
}
