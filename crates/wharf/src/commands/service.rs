//! `wharf service`: the daemon from login on, and ports 80 and 443 for its router, asked for once.
//!
//! Not here: what the steps are (`wharf-os`), and the process that hands the ports over ([`super::adopt`]).

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use wharf_model::shell;
use wharf_os::account::{self, Account};
use wharf_os::launch::Launch;
use wharf_os::service::{self, Step, units};
use wharf_os::{entrance, local};

use super::daemon;
use super::names::own_path;
use crate::cli::machine::{Install, Service, ServiceCommand, Uninstall};
use crate::failure::Failure;
use crate::keeping;

/// Answers `wharf service`.
pub(crate) fn service(asked: &Service) -> Result<ExitCode, Failure> {
    match &asked.command {
        ServiceCommand::Install(asked) => install(asked)?,
        ServiceCommand::Uninstall(asked) => uninstall(asked)?,
        ServiceCommand::Status => status()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn install(asked: &Install) -> Result<(), Failure> {
    if !asked.sysctl && !asked.dry_run && !service::has_systemd() {
        return Err(Failure::Other(NO_SYSTEMD.to_owned()));
    }
    let program = PathBuf::from(own_path());
    if let Some(user) = &asked.user {
        let account = root_for(user, asked.dry_run)?;
        if asked.sysctl {
            return take(&service::install_port_start(), asked.dry_run);
        }
        let steps = service::install_ports(&account, &program).map_err(Failure::Other)?;
        return take(&steps, asked.dry_run).inspect_err(|_| {
            // All or nothing.
            let _ = take(&service::uninstall_ports(&account), asked.dry_run);
        });
    }
    let account = own_account()?;
    if !asked.sysctl {
        take(&service::install_daemon(&program).map_err(Failure::Other)?, asked.dry_run)?;
        if !asked.dry_run && keeping::client().is_some_and(|client| !client.is_there()) {
            // It is started by the next run then.
            let _ = service::start_daemon();
        }
    }
    if account.uid == 0 {
        return say("root opens ports 80 and 443 by itself: nothing more is needed");
    }
    if service::port_start().is_some_and(|start| units::PORTS.iter().all(|port| *port >= start)) {
        return say("everybody may open ports 80 and 443 here: nothing more is needed");
    }
    let sysctl = asked.sysctl.then_some("--sysctl");
    let preview = match asked.sysctl {
        true => service::install_port_start(),
        false => service::install_ports(&account, &program).map_err(Failure::Other)?,
    };
    as_root("install", &account, sysctl, &preview, asked.dry_run)
}

fn uninstall(asked: &Uninstall) -> Result<(), Failure> {
    let of_root = |account| [service::uninstall_ports(account), service::uninstall_port_start()].concat();
    if let Some(user) = &asked.user {
        let account = root_for(user, asked.dry_run)?;
        return take(&of_root(&account), asked.dry_run);
    }
    let account = own_account()?;
    let own = service::uninstall_daemon().map_err(Failure::Other)?;
    let steps = of_root(&account);
    if own.is_empty() && steps.is_empty() {
        return say("nothing is installed");
    }
    take(&own, asked.dry_run)?;
    if !asked.dry_run {
        // It has ports that are to be its own no more. The next run starts another.
        daemon::end_if_there()?;
    }
    match steps.as_slice() {
        [] => Ok(()),
        steps => as_root("uninstall", &account, None, steps, asked.dry_run),
    }
}

fn status() -> Result<(), Failure> {
    let account = own_account()?;
    let mut out = io::stdout().lock();
    let installed = service::installed(&account);
    for file in &installed {
        writeln!(out, "{} is there", file.display())?;
    }
    if installed.is_empty() {
        writeln!(out, "nothing is installed (wharf service install)")?;
    }
    if !service::has_systemd() {
        writeln!(out, "systemd does not run this machine")?;
    }
    for port in units::PORTS {
        match entrance::open(port) {
            Ok(_) => writeln!(out, "port {port} can be opened by this user")?,
            Err(error) => writeln!(out, "port {port} cannot be opened by this user: {error}")?,
        }
    }
    Ok(())
}

/// Does by sudo what takes root, where somebody is there to be asked; else says how it is done.
fn as_root(
    what: &str,
    account: &Account,
    option: Option<&str>,
    preview: &[Step],
    dry_run: bool,
) -> Result<(), Failure> {
    let mut words = vec!["sudo".to_owned(), own_path(), "service".to_owned(), what.to_owned()];
    words.extend(option.map(str::to_owned));
    words.extend(["--system".to_owned(), "--user".to_owned(), account.name.clone()]);
    let line = shell::line(words.iter().map(String::as_str));
    if dry_run {
        say(&format!("{line}, which is:"))?;
        return take(preview, true);
    }
    if account.uid == 0 {
        return take(preview, false);
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Other(format!("one part takes root: {line}")));
    }
    say(&line)?;
    let arguments = words[1..].iter().map(Into::into).collect();
    let launch = Launch { program: "sudo".into(), arguments, environment: Vec::new() };
    match launch.command().status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Other(format!("one part takes root, and sudo failed ({status}): {line}"))),
        Err(error) => {
            Err(Failure::Other(format!("one part takes root, and sudo was not had ({error}): {line}")))
        }
    }
}

/// Takes the steps, or tells them.
fn take(steps: &[Step], dry_run: bool) -> Result<(), Failure> {
    for step in steps {
        let told = match step {
            Step::Write(path, text) if dry_run => format!("write {}:\n{}", path.display(), indented(text)),
            Step::Write(path, _) => format!("write {}", path.display()),
            Step::Remove(path) => format!("remove {}", path.display()),
            Step::Run(words) | Step::Try(words) => words.join(" "),
            Step::PortStart(port) => format!("set net.ipv4.ip_unprivileged_port_start to {port}"),
        };
        say(&told)?;
        if !dry_run {
            service::take(step).map_err(Failure::Other)?;
        }
    }
    Ok(())
}

/// Returns the user for whom root does something.
fn root_for(user: &str, dry_run: bool) -> Result<Account, Failure> {
    if !dry_run && !account::is_root() {
        return Err(Failure::Other("--system is for root: leave it out, and sudo is asked".to_owned()));
    }
    let account = account::of(user).ok_or_else(|| Failure::Other(format!("there is no user {user:?}")))?;
    if account.uid == 0 {
        return Err(Failure::Other("root opens ports 80 and 443 by itself".to_owned()));
    }
    Ok(account)
}

fn own_account() -> Result<Account, Failure> {
    if let Some(account) = account::behind_root() {
        let text =
            format!("call this as {}, without sudo: the one part that takes root asks for it", account.name);
        return Err(Failure::Other(text));
    }
    let uid = local::own_uid();
    account::own().ok_or_else(|| Failure::Other(format!("user {uid} has no name and no home here")))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

const NO_SYSTEMD: &str = "systemd does not run this machine, so it can hand over no ports and start nothing: \
    `wharf service install --sysctl` lets every user's programs open ports from 80 on, and `wharf run` starts the \
    daemon as before";
