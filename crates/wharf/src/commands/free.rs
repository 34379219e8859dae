//! `wharf free`: from words to questions, a person's yes in between, and from what became of it to text, JSON and an exit code.
//!
//! Not here: what is decided and done (`wharf-free`).

use std::env;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use wharf_free::company::{Company, Consent};
use wharf_free::question::Question;
use wharf_free::{Unclear, check, free};
use wharf_model::free::{FREE_SCHEMA, Freed, Freeing, Outcome};
use wharf_model::lease::Lease;
use wharf_os::Os;
use wharf_views::json;
use wharf_views::style::Style;
use wharf_views::text::free::{write_outcome, write_plan};

use super::lease::give_up;
use super::{asker, warn};
use crate::cli::Colour;
use crate::cli::free::Free;
use crate::failure::{Failure, NOTHING, USAGE};
use crate::keeping;
use crate::leases::known_leases;
use crate::terminal;

/// Answers `wharf free`.
pub(crate) fn run(asked: &Free, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let style = terminal::style(&os, colour, true);
    let mut document = Freeing {
        schema: FREE_SCHEMA.to_owned(),
        taken_at: os.clock.now(),
        dry_run: asked.dry_run,
        targets: Vec::new(),
        warnings: Vec::new(),
    };
    if let [_, _, ..] = asked.targets.as_slice() {
        // All are looked at before anything is stopped.
        for target in &asked.targets {
            check(&os, &question(&os, asked, target)).map_err(unclear)?;
        }
    }
    for target in &asked.targets {
        let question = question(&os, asked, target);
        let mut person = Person { asked, style: &style, shown: 0, progress: false };
        let (freed, warnings) = free(&os, &question, &mut person).map_err(unclear)?;
        person.erase();
        if !asked.json {
            person.show(&freed)?;
        }
        document.targets.push(freed);
        for warning in warnings {
            if !document.warnings.contains(&warning) {
                document.warnings.push(warning);
            }
        }
    }
    if asked.json {
        let mut out = BufWriter::new(io::stdout().lock());
        json::write_document(&mut out, &document, terminal::layout())?;
        out.flush()?;
    } else {
        warn(&document.warnings, &style, colour)?;
    }
    Ok(ExitCode::from(document.targets.iter().map(code).max().unwrap_or(0)))
}

fn code(freed: &Freed) -> u8 {
    match freed.outcome {
        Outcome::Freed | Outcome::WasFree | Outcome::Planned => 0,
        Outcome::Refused | Outcome::NeedsYes => USAGE,
        _ => NOTHING,
    }
}

fn unclear(error: Unclear) -> Failure {
    match error {
        Unclear::Target(text) => Failure::Run(text, USAGE),
        Unclear::Os(error) => error.into(),
    }
}

fn question(os: &Os, asked: &Free, target: &str) -> Question {
    // `SSH_CONNECTION` of ssh(1): the client's address and port, then the server's.
    let ssh = env::var("SSH_CONNECTION").ok();
    let ssh_port = ssh.and_then(|text| text.rsplit(' ').next()?.parse().ok());
    let client = keeping::client().filter(wharf_api::client::Client::is_there);
    Question {
        target: target.to_owned(),
        asker: asker(os),
        leases: known_leases().unwrap_or_default(),
        daemon: client.and_then(|client| client.daemon().ok()).map(|daemon| daemon.process),
        dry_run: asked.dry_run,
        force: asked.force,
        timeout: asked.timeout,
        ssh_port,
    }
}

/// Whoever typed the command, if anybody is there.
struct Person<'a> {
    asked: &'a Free,
    style: &'a Style,
    /// Steps of the plan that they have seen.
    shown: usize,
    /// Whether a line of progress stands at the terminal.
    progress: bool,
}

impl Person<'_> {
    fn is_there(&self) -> bool {
        !self.asked.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn plan(&mut self, freed: &Freed, again: Option<&str>) -> io::Result<()> {
        let from = std::mem::replace(&mut self.shown, freed.steps.len());
        if !self.asked.json {
            let mut out = BufWriter::new(io::stdout().lock());
            write_plan(&mut out, freed, from, again, self.style)?;
            return out.flush();
        }
        // Whoever reads the document gets it there.
        if self.is_there() && !self.asked.yes {
            write_plan(&mut io::stderr().lock(), freed, from, again, self.style)?;
        }
        Ok(())
    }

    fn show(&mut self, freed: &Freed) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        if self.shown == 0 && freed.outcome != Outcome::WasFree {
            write_plan(&mut out, freed, 0, None, self.style)?;
        }
        write_outcome(&mut out, freed, self.style)?;
        out.flush()
    }

    /// Asks at the terminal; anything but a yes is a no.
    fn agreed(&mut self, question: &str) -> bool {
        self.erase();
        let mut out = io::stderr().lock();
        let asked = write!(out, "{question} [y/N] ").and_then(|()| out.flush());
        let mut answer = String::new();
        let answered = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        answered.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    fn erase(&mut self) {
        if std::mem::take(&mut self.progress) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Company for Person<'_> {
    fn agrees(&mut self, freed: &Freed, again: Option<&str>) -> Consent {
        self.erase();
        // A reader that goes away has not said no.
        let _ = self.plan(freed, again);
        match (self.asked.yes, self.is_there()) {
            (true, _) => Consent::Yes,
            (false, false) => Consent::Nobody,
            (false, true) if self.agreed("Go on?") => Consent::Yes,
            (false, true) => Consent::No,
        }
    }

    fn kills(&mut self, who: &str) -> bool {
        let who: String = who.chars().filter(|c| !c.is_control()).collect();
        self.is_there()
            && self.agreed(&format!("{who} does not end. Kill it, with the loss of what it has not saved?"))
    }

    fn waits(&mut self, what: &str) {
        if self.asked.json || !io::stderr().is_terminal() {
            return;
        }
        self.erase();
        let room = terminal::width().unwrap_or(80).saturating_sub(3);
        let what: String = what.chars().filter(|c| !c.is_control()).take(room).collect();
        self.progress = write!(io::stderr().lock(), "{what} …").is_ok();
    }

    fn lets_go(&mut self, lease: &Lease) -> Result<(), String> {
        give_up(lease).map_err(|failure| failure.to_string())
    }
}
