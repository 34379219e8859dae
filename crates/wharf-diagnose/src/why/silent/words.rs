//! What the causes of this group have in common: what keeps the client waiting, in words, and who. Not a cause.

use wharf_model::endpoint::Endpoint;
use wharf_os::examine::attempt::Attempt;

use crate::cause::{Finding, Opinion, ruled_out};
use crate::facts::servers::{Examined, Server, Stuck};
use crate::facts::{Facts, who};

/// A server that was examined, and how it keeps the client waiting.
#[derive(Clone, Copy, Debug)]
pub(in crate::why) struct Case<'a> {
    /// All that is known.
    pub(in crate::why) facts: &'a Facts,
    /// The server.
    pub(in crate::why) server: &'a Server,
    /// How it keeps the client waiting; `None` if something else does.
    pub(in crate::why) stuck: Option<Stuck>,
}

impl<'a> Case<'a> {
    /// Returns the case that `facts` are of; `None` if no server was examined.
    pub(in crate::why) fn of(facts: &'a Facts) -> Option<Self> {
        Some(Self { facts, server: facts.servers.first()?, stuck: facts.stuck() })
    }

    /// Returns the processes that would have to act.
    pub(in crate::why) fn subjects(self) -> impl Iterator<Item = &'a Examined> {
        self.server.subjects(self.stuck)
    }

    /// Returns what does not happen: `nothing accepts`.
    pub(in crate::why) fn lack(self) -> &'static str {
        match self.stuck {
            Some(Stuck::Silent) => "nothing answers",
            _ => "nothing accepts",
        }
    }

    /// Returns a finding with what was seen of the connection.
    pub(in crate::why) fn finding(self, text: String) -> Finding {
        let finding = Finding::new(text);
        match self.stuck {
            Some(Stuck::Unaccepted) => {
                let waited = self.server.watched.as_millis();
                finding.saw("sock_diag", format!("{}, ours for {waited} ms", self.server.queue_text()))
            }
            Some(Stuck::Full) => {
                let finding = finding.saw_not("sock_diag", self.server.queue_text(), "room for one more");
                let overflows = |made: &Attempt| made.counters.get("TcpExtListenOverflows");
                match self.facts.attempts.iter().map(overflows).max().unwrap_or(0) {
                    0 => finding,
                    count => finding.saw("/proc/net/netstat", format!("ListenOverflows +{count}")),
                }
            }
            Some(Stuck::Silent) => finding.saw_not("recv(2)", "accepted, and not a byte came", "an answer"),
            None => finding.beside_the_symptom(),
        }
    }

    /// Returns a process with its project, if it is the one that leads: `node (pid 4121, /home/me/shop)`.
    pub(in crate::why) fn who(self, examined: &Examined) -> String {
        let endpoint = self.facts.endpoint().map(|detail| &detail.endpoint);
        let leads = |endpoint: &&_| lead_pid(endpoint) == Some(examined.process.pid);
        endpoint.filter(leads).map_or_else(|| examined.name(), who)
    }

    /// Adds a command that ends or continues a process; it takes root if the process is somebody else's.
    pub(in crate::why) fn signal(
        self,
        finding: Finding,
        examined: &Examined,
        title: &str,
        command: String,
    ) -> Finding {
        let finding = finding.command(title, command);
        let client = self.facts.client.uid;
        if client != 0 && examined.uid.is_some_and(|uid| uid != client) { finding.as_root() } else { finding }
    }

    /// Adds that the server be ended and started again.
    pub(in crate::why) fn restart(self, finding: Finding, examined: &Examined) -> Finding {
        let command = format!("kill {}", examined.process.pid);
        self.signal(finding, examined, "end it, and start the server again", command)
    }

    /// Returns that a cause does not hold because of what the processes do; nothing if none is known.
    pub(in crate::why) fn ruled_out(self) -> Opinion {
        match self.subjects().next() {
            Some(examined) => ruled_out(format!("{}: {}", examined.name(), examined.state())),
            None => Opinion::Aside,
        }
    }
}

fn lead_pid(endpoint: &Endpoint) -> Option<u32> {
    endpoint.owner.lead().map(|lead| lead.pid)
}
