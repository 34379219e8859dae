//! The commands that are compared, and what wharf must reach beside them.
//!
//! Not here: running them.

/// One command of a comparison.
#[derive(Clone, Debug)]
pub(super) struct Contender {
    /// As a person types it; also its key in the results.
    pub(super) name: String,
    /// Program and arguments.
    pub(super) words: Vec<String>,
}

/// Label of a process that does nothing: what starting and ending a program costs here.
pub(super) const FLOOR: &str = "true (a process that does nothing)";

/// Name of wharf's own command that lists.
pub(super) const WHARF_LS: &str = "wharf ls --json";

/// Name of the command that wharf is compared with most.
pub(super) const SS: &str = "ss -ltnpH";

/// Name of lsof's list.
pub(super) const LSOF: &str = "lsof -nP -iTCP -sTCP:LISTEN";

/// A ratio that wharf is built to reach.
pub(super) struct Target {
    /// The load.
    pub(super) load: &'static str,
    /// The slower command.
    pub(super) rival: &'static str,
    /// Its time divided by wharf's, at least.
    pub(super) ratio: f64,
}

/// Targets of the list.
pub(super) const LIST_TARGETS: &[Target] = &[
    Target { load: "A", rival: SS, ratio: 3.0 },
    Target { load: "B", rival: SS, ratio: 5.0 },
    Target { load: "C", rival: SS, ratio: 50.0 },
    Target { load: "A", rival: LSOF, ratio: 10.0 },
    Target { load: "B", rival: LSOF, ratio: 12.0 },
    Target { load: "C", rival: LSOF, ratio: 100.0 },
];

/// Targets of one port, to the owner's pid, against ss.
pub(super) const PORT_TARGETS: &[Target] =
    &[Target { load: "B", rival: "ss", ratio: 10.0 }, Target { load: "C", rival: "ss", ratio: 100.0 }];

/// Peak memory of wharf in load A may be that of ss and this much more, in kilobytes (1,024 bytes).
pub(super) const EXTRA_MEMORY_KB: u64 = 6 * 1024;

/// Returns the commands that list every listener with its owner; wharf first.
pub(super) fn list(wharf: &str) -> Vec<Contender> {
    vec![
        Contender::new(WHARF_LS, &[wharf, "ls", "--json"]),
        Contender::new(SS, &["ss", "-ltnpH"]),
        Contender::new("netstat -ltnp", &["netstat", "-ltnp"]),
        Contender::new(LSOF, &["lsof", "-nP", "-iTCP", "-sTCP:LISTEN"]),
        Contender::new(FLOOR, &["true"]),
    ]
}

/// Returns the commands that tell the owner of `port`; wharf first, ss second.
pub(super) fn one_port(wharf: &str, port: u16) -> Vec<Contender> {
    let number = port.to_string();
    vec![
        Contender::new("wharf show N", &[wharf, "show", &number]),
        Contender::new("ss -ltnpH 'sport = :N'", &["ss", "-ltnpH", &format!("sport = :{port}")]),
        Contender::new(
            "lsof -t -iTCP:N -sTCP:LISTEN",
            &["lsof", "-t", &format!("-iTCP:{port}"), "-sTCP:LISTEN"],
        ),
        Contender::new("fuser N/tcp", &["fuser", &format!("{port}/tcp")]),
    ]
}

impl Contender {
    fn new(name: &str, words: &[&str]) -> Self {
        Self { name: name.to_owned(), words: words.iter().map(ToString::to_string).collect() }
    }
}
