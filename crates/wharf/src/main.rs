//! The front door: what was asked, which part of the house answers it, and the exit code.
//!
//! Exit codes: 0 done; 1 nothing matched where something was named, or the kernel would not tell; 2 the
//! command line was wrong; `wharf run` gives the command's own. A reader that goes away ends the output in silence, with 0.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod failure;
mod keeping;
mod leases;
mod terminal;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use cli::{Cli, Colour, Command};
use failure::Failure;
use wharf_model::filter::Filter;

fn main() -> ExitCode {
    wharf_os::background::take_name();
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let colour = cli.color;
    let outcome = match cli.command {
        None => commands::ls::run(&cli.ls, colour),
        Some(Command::Ls(ls)) => commands::ls::run(&ls, colour),
        Some(Command::Show(show)) => commands::show::run(&show, colour),
        Some(Command::Why(why)) => commands::why::run(&why, colour),
        Some(Command::Free(free)) => commands::free::run(&free, colour),
        Some(Command::Watch(watch)) => commands::watch::run(&watch, colour),
        Some(Command::Run(run)) => commands::run::run(&run, colour),
        Some(Command::Route(route)) => commands::door::route(&route, colour),
        Some(Command::Url(url)) => commands::door::url(&url),
        Some(Command::Open(open)) => commands::door::open(&open),
        Some(Command::Daemon(daemon)) => commands::daemon::daemon(&daemon, colour),
        Some(Command::Names(names)) => commands::names::names(&names, colour),
        Some(Command::Service(service)) => commands::service::service(&service),
        Some(Command::Api) => commands::daemon::api(),
        Some(Command::Guard(guard)) => commands::run::guard(guard),
        Some(Command::Inlet { outside }) => commands::isolate::inlet(outside),
        Some(Command::Ps(ps)) => commands::runs::ps(&ps, colour),
        Some(Command::Stop(stop)) => commands::runs::stop(&stop, colour),
        Some(Command::Logs(logs)) => commands::logs::run(&logs, colour),
        Some(Command::Port(port)) => commands::lease::port(&port),
        Some(Command::Lease(lease)) => commands::lease::lease(&lease, colour),
        Some(Command::Trust(trust)) => commands::trust::trust(&trust, colour),
        Some(Command::Untrust(trust)) => commands::trust::untrust(&trust, colour),
        Some(Command::Schema(schema)) => commands::papers::schema(&schema),
        Some(Command::Completions(completions)) => commands::papers::completions(&completions),
        Some(Command::Man(man)) => commands::papers::man(&man),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(colour),
    }
}

/// Help and version are answers, on stdout with 0; anything else is a usage error, on stderr with 2.
fn usage(error: &clap::Error) -> ExitCode {
    if let Some(failure) = bare_number(error) {
        return failure.report(Colour::Auto);
    }
    // Nobody is left to tell if this cannot be written.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS }
}

/// Returns what is wrong where a number stands in the place of a command; `None` leaves it to clap.
fn bare_number(error: &clap::Error) -> Option<Failure> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match word.parse() {
        Ok(Filter::Port(port)) => Some(Failure::BarePort(port)),
        Ok(_) => None,
        Err(error) => Some(Failure::Filter(error)),
    }
}
