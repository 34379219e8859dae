//! `wharf why --fix`: the commands that destroy nothing and can be undone, each only after a yes.

use std::io::{self, BufRead, IsTerminal, Write};

use wharf_model::diagnosis::{Diagnosis, Fix};
use wharf_os::background::run_here;
use wharf_os::launch::Launch;

use crate::failure::{Failure, USAGE};

/// Offers what is safe of each cause, in order; with `yes` without asking. Returns whether anything was done.
pub(super) fn offer(diagnosis: &Diagnosis, yes: bool, is_root: bool) -> Result<bool, Failure> {
    let safe = diagnosis.causes.iter().filter_map(|cause| {
        cause.fixes.iter().find_map(|fix| Some((fix, fix.command.as_deref().filter(|_| fix.safe)?)))
    });
    let mut done = false;
    let mut offered = false;
    for (fix, command) in safe {
        offered = true;
        let command = whole(fix, command, is_root);
        if !yes && !agreed(fix, &command)? {
            continue;
        }
        let arguments = ["-c".into(), command.clone().into()].to_vec();
        let launch = Launch { program: "/bin/sh".into(), arguments, environment: Vec::new() };
        match run_here(&launch) {
            Ok(true) => done = true,
            Ok(false) => return Err(Failure::Other(format!("{command} failed: nothing else was tried"))),
            Err(error) => return Err(Failure::Other(format!("{command} cannot be run: {error}"))),
        }
    }
    if !offered && !diagnosis.causes.is_empty() {
        writeln!(io::stderr().lock(), "no fix here is one that wharf may do by itself")?;
    }
    Ok(done)
}

fn whole(fix: &Fix, command: &str, is_root: bool) -> String {
    if fix.privileged && !is_root { format!("sudo {command}") } else { command.to_owned() }
}

/// Asks at the terminal; anything but a yes is a no.
fn agreed(fix: &Fix, command: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        let text =
            format!("nobody is there to ask whether to run: {command} (--fix --yes runs it without asking)");
        return Err(Failure::Run(text, USAGE));
    }
    let mut out = io::stderr().lock();
    write!(out, "{}: run {command} [y/N] ", fix.title)?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
