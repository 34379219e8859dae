//! `wharf trust` and `wharf untrust`: whether browsers and programs believe the certificates of the names here.
//!
//! A copy of every certificate that is trusted lies in the state directory until it no longer is: one that was replaced, or
//! whose folder was removed, is still known.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use wharf_model::trust::{TRUST_SCHEMA, Trust, TrustOutcome, TrustStep};
use wharf_os::trust::journal::Journal;
use wharf_os::trust::{Action, Anchor, Doing, Machine, Step, as_root, carry_out, plan, plan_system};
use wharf_os::turn::{self, Turn};
use wharf_os::{Os, state};
use wharf_router::authority::{self, Authority, AuthorityError, ROOT, fingerprint_of, refresh_bundle};
use wharf_router::config::Config;
use wharf_views::json;
use wharf_views::text::trust::write_trust;

use crate::cli::{self, Colour};
use crate::failure::{Failure, NOTHING};
use crate::keeping;
use crate::terminal;

/// Answers `wharf trust`.
pub(crate) fn trust(asked: &cli::Trust, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let mut work = Visit::new(asked)?;
    if let Some(file) = &asked.system {
        return work.system(Action::Add, file)?.tell(&os, asked, colour);
    }
    let now = os.clock.now().unix_ms().div_euclid(1000);
    let (current, fingerprint) = work.current(now)?;
    for former in work.kept()? {
        if former.fingerprint != fingerprint {
            work.steps(Action::Remove, &former);
        }
    }
    if !asked.dry_run {
        work.keep(&current)?;
    }
    work.steps(Action::Add, &current);
    if !asked.dry_run {
        // After the system's store, which is a part of it.
        refresh_bundle(&work.folder).map_err(|error| Failure::Other(format!("the bundle: {error}")))?;
    }
    work.tell(&os, asked, colour)
}

/// Makes the authority where the router is wanted and there is none yet: the first program that runs trusts it, too, and
/// the daemon, which would make it, only just starts.
pub(crate) fn make_for_the_first_run(os: &Os) {
    let is_off = env::var_os("WHARF_ROUTER").is_some_and(|value| value == "0");
    if is_off || keeping::client().is_none() || state::existing("authority/bundle.pem").is_some() {
        return;
    }
    let Ok(config) = state::configuration().map(|file| Config::read(&file)) else { return };
    let Ok(config) = config else { return };
    let Ok(folder) = authority::folder() else { return };
    if !config.enabled || config.cert.is_some() {
        return;
    }
    let now = os.clock.now().unix_ms().div_euclid(1000);
    // What is wrong with it, the daemon tells.
    if Authority::open_or_make(&folder, &config.domains, now).is_ok() {
        let _ = refresh_bundle(&folder);
    }
}

/// Answers `wharf untrust`.
pub(crate) fn untrust(asked: &cli::Trust, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let mut work = Visit::new(asked)?;
    if let Some(file) = &asked.system {
        return work.system(Action::Remove, file)?.tell(&os, asked, colour);
    }
    let mut anchors = work.kept()?;
    // As a file: also one that is not used, because others may read its key, must be got rid of.
    if let Ok(current) = anchor(&work.folder.join(ROOT)) {
        work.report.authority = Some(current.file.display().to_string());
        work.report.fingerprint = Some(current.fingerprint.clone());
        anchors.retain(|known| known.fingerprint != current.fingerprint);
        anchors.push(current);
    }
    if anchors.is_empty() {
        work.report.notes.push("there is no local authority that could be trusted".to_owned());
    }
    for anchor in &anchors {
        work.steps(Action::Remove, anchor);
    }
    if !asked.dry_run && work.folder.is_dir() {
        refresh_bundle(&work.folder).map_err(|error| Failure::Other(format!("the bundle: {error}")))?;
    }
    work.tell(&os, asked, colour)
}

/// One look at this machine, and what came of it.
struct Visit {
    machine: Machine,
    /// The folder of the authority.
    folder: PathBuf,
    journal: Journal,
    journal_file: PathBuf,
    report: Trust,
    keeps_nothing: bool,
    _turn: Option<Turn>,
}

impl Visit {
    fn new(asked: &cli::Trust) -> Result<Self, Failure> {
        let other = |error: io::Error| Failure::Other(format!("the state directory: {error}"));
        let machine = Machine::own().ok_or_else(|| Failure::Other("HOME is not set".to_owned()))?;
        // Of the system's part nothing is kept here: it is done as root, for somebody else.
        let keeps_nothing = asked.dry_run || asked.system.is_some();
        let directory = if keeps_nothing { state::place() } else { Some(state::directory().map_err(other)?) };
        let directory = directory.ok_or_else(|| Failure::Other("HOME is not set".to_owned()))?;
        let lock = directory.join("trust.lock");
        let turn = (!keeps_nothing).then(|| turn::take(&lock, PATIENCE)).transpose();
        let turn = turn.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Failure::Other("another wharf trust is under way".to_owned()),
            _ => other(error),
        })?;
        let journal_file = directory.join("trust.json");
        let journal = Journal::read(&journal_file)
            .map_err(|error| Failure::Other(format!("{}: {error}", journal_file.display())))?;
        let report = Trust {
            schema: TRUST_SCHEMA.to_owned(),
            authority: None,
            fingerprint: None,
            dry_run: asked.dry_run,
            steps: Vec::new(),
            notes: notes(asked),
        };
        let folder = directory.join(authority::FOLDER);
        Ok(Self { machine, folder, journal, journal_file, report, keeps_nothing, _turn: turn })
    }

    /// Returns the certificate that is to be trusted, which is made if there is none, or another has to be.
    fn current(&mut self, now: i64) -> Result<(Anchor, String), Failure> {
        let config = Config::read(&self.machine.config.join("wharf/config.toml"));
        let domains = config.map_err(|error| Failure::Other(error.to_string()))?.domains;
        let shown = self.folder.display().to_string();
        let other = |error: AuthorityError| Failure::Other(error.to_string());
        let why = match Authority::open(&self.folder, now) {
            Ok(authority) => match authority.shortcoming(&domains, now) {
                None => return self.found(&domains, now),
                why => why,
            },
            Err(AuthorityError::Absent) => None,
            Err(error @ AuthorityError::Expired(_)) => Some(error.to_string()),
            Err(error) => return Err(other(error)),
        };
        if self.report.dry_run {
            self.report.notes.extend(why);
            self.report.notes.push(format!("an authority would be made in {shown}"));
            let anchor =
                Anchor { file: self.folder.join(ROOT), pem: Vec::new(), fingerprint: UNKNOWN.to_owned() };
            return Ok((anchor, UNKNOWN.to_owned()));
        }
        if why.is_some() {
            // It is no longer wanted, and where it is trusted is known by its copy.
            if let Ok(former) = anchor(&self.folder.join(ROOT)) {
                self.keep(&former)?;
            }
            let is_good = |it: &Authority| it.shortcoming(&domains, now).is_none();
            Authority::replace(&self.folder, &domains, now, is_good).map_err(other)?;
            self.report.notes.extend(why.map(|why| format!("{why}; this makes one")));
        }
        self.report.notes.push(format!("an authority for {} was made in {shown}", domains.join(", ")));
        self.found(&domains, now)
    }

    fn found(&mut self, domains: &[String], now: i64) -> Result<(Anchor, String), Failure> {
        let authority = Authority::open_or_make(&self.folder, domains, now);
        authority.map_err(|error| Failure::Other(error.to_string()))?;
        let anchor = anchor(&self.folder.join(ROOT))?;
        self.report.authority = Some(anchor.file.display().to_string());
        self.report.fingerprint = Some(anchor.fingerprint.clone());
        let fingerprint = anchor.fingerprint.clone();
        Ok((anchor, fingerprint))
    }

    /// Returns the certificates that are or were trusted.
    fn kept(&self) -> Result<Vec<Anchor>, Failure> {
        let Some(folder) = state::existing(KEPT) else { return Ok(Vec::new()) };
        let mut files: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "pem"));
        files.sort();
        Ok(files.iter().filter_map(|file| anchor(file).ok()).collect())
    }

    /// Keeps a copy of a certificate.
    fn keep(&self, anchor: &Anchor) -> Result<(), Failure> {
        let copy = || state::write_private(&state::subdirectory(KEPT)?.join(copy_of(anchor)), &anchor.pem);
        copy().map_err(|error| Failure::Other(format!("the state directory: {error}")))
    }

    /// Does the system's part alone, as root.
    fn system(mut self, action: Action, file: &Path) -> Result<Self, Failure> {
        let anchor = anchor(file)?;
        self.report.authority = Some(file.display().to_string());
        self.report.fingerprint = Some(anchor.fingerprint.clone());
        let facts = self.machine.look_at_system(&anchor, root_line(action, &anchor));
        match plan_system(action, &facts) {
            Some(step) => self.step(action, &anchor, step),
            None => {
                let text = "no store of the system is known here".to_owned();
                return Err(Failure::Other(text));
            }
        }
        Ok(self)
    }

    /// Does what is to be done for one certificate. That one step fails is no reason to leave out the others.
    fn steps(&mut self, action: Action, anchor: &Anchor) {
        let facts = self.machine.look(anchor, &self.journal, root_line(action, anchor));
        let before = self.report.steps.len();
        for step in plan(action, anchor, &facts) {
            // Of a former one, only where it still is is of interest.
            if self.report.fingerprint.as_ref() != Some(&anchor.fingerprint)
                && action == Action::Remove
                && step.doing == Doing::Already
            {
                continue;
            }
            self.step(action, anchor, step);
        }
        let is_over = |step: &TrustStep| matches!(step.outcome, TrustOutcome::Done | TrustOutcome::Already);
        if action == Action::Remove
            && !self.report.dry_run
            && self.report.steps[before..].iter().all(is_over)
            && let Some(folder) = state::existing(KEPT)
        {
            let _ = fs::remove_file(folder.join(copy_of(anchor)));
            let _ = fs::remove_dir(folder);
        }
    }

    fn step(&mut self, action: Action, anchor: &Anchor, step: Step) {
        let (outcome, reason, commands) = match step.doing {
            Doing::Already => (TrustOutcome::Already, None, Vec::new()),
            Doing::Left(why, command) => {
                let why = Some(why).filter(|why| !why.is_empty());
                (TrustOutcome::Left, why, command.into_iter().collect())
            }
            Doing::Work(work) => {
                let commands = work.commands(action, anchor);
                if self.report.dry_run {
                    (TrustOutcome::Planned, None, commands)
                } else {
                    let done = carry_out(&work, action, anchor, &mut self.journal);
                    // At once: what comes after it may be interrupted.
                    let write = || self.journal.write(&self.journal_file).map_err(|error| error.to_string());
                    let written = if self.keeps_nothing { Ok(()) } else { write() };
                    match done.and(written) {
                        Ok(()) => (TrustOutcome::Done, None, commands),
                        Err(why) => (TrustOutcome::Failed, Some(why), commands),
                    }
                }
            }
        };
        self.report.steps.push(TrustStep {
            store: step.store,
            place: step.place.map(|place| place.display().to_string()),
            removal: action == Action::Remove,
            fingerprint: Some(anchor.fingerprint.clone()).filter(|it| it != UNKNOWN),
            outcome,
            reason,
            commands,
        });
    }

    fn tell(mut self, os: &Os, asked: &cli::Trust, colour: Colour) -> Result<ExitCode, Failure> {
        if !self.keeps_nothing {
            self.journal.tidy();
            self.journal.write(&self.journal_file)?;
        }
        let mut out = io::stdout().lock();
        if asked.json {
            json::write_document(&mut out, &self.report, terminal::layout())?;
        } else {
            write_trust(&mut out, &self.report, &terminal::style(os, colour, false))?;
        }
        out.flush()?;
        Ok(if self.report.is_unfinished() { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS })
    }
}

/// Reads a certificate.
fn anchor(file: &Path) -> Result<Anchor, Failure> {
    // sudo(8) begins in the same directory, but what is printed is to be of use in any.
    let file = std::path::absolute(file)?;
    let pem = fs::read(&file).map_err(|error| Failure::Other(format!("{}: {error}", file.display())))?;
    let fingerprint = fingerprint_of(&pem);
    let fingerprint = fingerprint
        .ok_or_else(|| Failure::Other(format!("{} holds no certificate in PEM", file.display())))?;
    Ok(Anchor { file, pem, fingerprint })
}

fn copy_of(anchor: &Anchor) -> String {
    format!("{}.pem", anchor.fingerprint)
}

fn root_line(action: Action, anchor: &Anchor) -> String {
    let word = if action == Action::Add { "trust" } else { "untrust" };
    as_root(&[word, "--system"], anchor)
}

/// Says whose authority it is, where that may not be what was meant.
fn notes(asked: &cli::Trust) -> Vec<String> {
    let user = env::var("SUDO_USER").ok().filter(|user| user != "root" && asked.system.is_none());
    let note = |user| {
        format!("this is about the authority of root; that of {user} takes the same command without sudo")
    };
    user.map(note).into_iter().collect()
}

/// Folder in the state directory with copies of what is or was trusted.
const KEPT: &str = "trusted";
/// Stands for the fingerprint of one that is yet to be made.
const UNKNOWN: &str = "FINGERPRINT";
/// How long another may take, which may wait for Java.
const PATIENCE: Duration = Duration::from_secs(60);
