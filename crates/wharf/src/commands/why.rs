//! `wharf why`: from words to a question, and from its diagnosis to text, JSON and an exit code.
//!
//! Not here: what is found out (`wharf-diagnose`), mending (`mend`), names (`named`), and wharf's own parts (`itself`).

mod itself;
mod mend;
mod named;

use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use wharf_api::client::Client;
use wharf_api::route::ROUTES_OF_ALL;
use wharf_diagnose::cause::Cause;
use wharf_diagnose::diagnose;
use wharf_diagnose::question::{Aim, Question, View};
use wharf_diagnose::why::all;
use wharf_model::diagnosis::{CAUSES_SCHEMA, Causes, Diagnosis, Verdict};
use wharf_model::lease::Lease;
use wharf_model::route::{Route, Routes};
use wharf_os::Os;
use wharf_os::account;
use wharf_views::json;
use wharf_views::text::diagnosis::{write_causes, write_diagnosis};

use super::{asker, warn};
use crate::cli::Colour;
use crate::cli::why::Why;
use crate::failure::{Failure, USAGE};
use crate::keeping;
use crate::leases::known_leases;
use crate::terminal;

/// Exit code where it cannot be told.
const CANNOT_TELL: u8 = 3;

/// Answers `wharf why`.
pub(crate) fn run(why: &Why, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    if why.list {
        return list(&os, why, colour);
    }
    let question = question(&os, why)?;
    let mut diagnosis = diagnose(&os, &question);
    show(&os, why, &diagnosis, colour)?;
    if why.fix && mend::offer(&diagnosis, why.yes, os.host.own_uid() == 0)? {
        // wharf itself may be what was mended.
        diagnosis = diagnose(&os, &self::question(&os, why)?);
        show(&os, why, &diagnosis, colour)?;
    }
    Ok(ExitCode::from(code(diagnosis.verdict)))
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Reachable => 0,
        Verdict::CauseFound => 1,
        _ => CANNOT_TELL,
    }
}

fn show(os: &Os, why: &Why, diagnosis: &Diagnosis, colour: Colour) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    if why.json {
        json::write_document(&mut out, diagnosis, terminal::layout())?;
        return Ok(out.flush()?);
    }
    let style = terminal::style(os, colour, true);
    write_diagnosis(&mut out, diagnosis, why.explain, &style)?;
    out.flush()?;
    Ok(warn(&diagnosis.warnings, &style, colour)?)
}

fn question(os: &Os, why: &Why) -> Result<Question, Failure> {
    let usage = |error: String| Failure::Run(error, USAGE);
    let aim = match (&why.target, &why.bind) {
        (_, Some(address)) => Aim::Bind(address_to_bind(address).map_err(usage)?),
        (Some(word), None) => Aim::Reach(named::target(os, word).map_err(usage)?),
        (None, None) => Aim::Itself,
    };
    let view = match (why.from, &why.as_user) {
        (Some(pid), _) if os.processes.read(&[pid]).is_empty() => {
            return Err(usage(format!("there is no process {pid}")));
        }
        (Some(pid), _) => View::Process(pid),
        (None, Some(user)) => View::User(user_id(user).map_err(usage)?),
        (None, None) => View::Own,
    };
    let itself = match &aim {
        Aim::Itself => Some(itself::look(os, true)),
        Aim::Reach(target) if named::is_routers(target) => Some(itself::look(os, false)),
        _ => None,
    };
    let origin = why.origin.clone();
    Ok(Question { aim, view, origin, timeout: why.timeout, asker: asker(os), itself, leases, routes })
}

/// Returns the leases of this user; none where they cannot be read, which is said where they are asked for by name.
fn leases() -> Vec<Lease> {
    known_leases().unwrap_or_default()
}

/// Returns the router's routes; none where the daemon does not run.
fn routes() -> Vec<Route> {
    let client = keeping::client().filter(Client::is_there);
    client
        .and_then(|client| client.get::<Routes>(&ROUTES_OF_ALL).ok())
        .map(|all| all.routes)
        .unwrap_or_default()
}

/// Reads what is to be bound: a port alone is the wildcard of both families, as most servers take it.
fn address_to_bind(word: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("{word} is no address to bind: write ADDRESS:PORT, for example 127.0.0.1:3000");
    let digits = word.strip_prefix(':').unwrap_or(word);
    if let Ok(port) = digits.parse() {
        return Ok(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port));
    }
    // Node writes `:::3000`.
    if let Some(port) = word.strip_prefix(":::") {
        return Ok(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port.parse().map_err(|_| wrong())?));
    }
    let (host, port) = word.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let host = match host.trim_start_matches('[').trim_end_matches(']') {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        "*" => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        host => host.parse().map_err(|_| wrong())?,
    };
    Ok(SocketAddr::new(host, port))
}

fn user_id(word: &str) -> Result<u32, String> {
    let found = word.parse().ok().or_else(|| account::of(word).map(|account| account.uid));
    found.ok_or_else(|| format!("there is no user {word}"))
}

fn list(os: &Os, why: &Why, colour: Colour) -> Result<ExitCode, Failure> {
    let causes = all().into_iter().map(Cause::known).collect();
    let document = Causes { schema: CAUSES_SCHEMA.to_owned(), causes };
    let mut out = BufWriter::new(io::stdout().lock());
    if why.json {
        json::write_document(&mut out, &document, terminal::layout())?;
    } else {
        write_causes(&mut out, &document.causes, &terminal::style(os, colour, true))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
