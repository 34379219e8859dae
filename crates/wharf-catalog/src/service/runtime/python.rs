//! What Python was told to run: a module, an installed command, or a script of a known framework.

use wharf_model::place::KnownBy;

use super::{command_name, mcp_server};
use crate::service::Verdict;
use crate::service::command::{Command, file_name};
use crate::service::table::{self, Kind};

/// Sees through Python.
pub(super) fn identify(command: &Command<'_>) -> Option<Verdict> {
    match Run::of(&command.arguments)? {
        Run::Module(module, rest) => of_module(module, rest),
        Run::Script(path, rest) => of_script(path, rest),
    }
}

/// What the interpreter runs, with the arguments that follow.
#[derive(Debug, PartialEq, Eq)]
enum Run<'a> {
    Module(&'a str, &'a [&'a str]),
    Script(&'a str, &'a [&'a str]),
}

impl<'a> Run<'a> {
    /// Reads the interpreter's own options away (python(1), COMMAND LINE OPTIONS).
    fn of(arguments: &'a [&'a str]) -> Option<Self> {
        let mut at = 0;
        while let Some(&argument) = arguments.get(at) {
            at += 1;
            let Some(flags) = argument.strip_prefix('-') else {
                return Some(Self::Script(argument, &arguments[at..]));
            };
            if flags.starts_with('-') {
                at += usize::from(argument == "--check-hash-based-pycs");
                continue;
            }
            // Short options cluster, and the first that takes a value takes the rest: `-um http.server`.
            let Some(found) = flags.find(['m', 'c', 'X', 'W']) else { continue };
            let attached = Some(&flags[found + 1..]).filter(|rest| !rest.is_empty());
            let value = match attached {
                Some(value) => value,
                None => {
                    at += 1;
                    arguments.get(at - 1)?
                }
            };
            match flags.as_bytes()[found] {
                b'm' => return Some(Self::Module(value, &arguments[at..])),
                b'c' => return None,
                _ => {}
            }
        }
        None
    }
}

fn of_module(module: &str, rest: &[&str]) -> Option<Verdict> {
    if module == "debugpy" {
        return behind_debugpy(rest);
    }
    // `gunicorn.app.wsgiapp` is gunicorn; `http.server` is itself, for there is no name `http`.
    let parents = std::iter::successors(Some(module), |name| name.rsplit_once('.').map(|(parent, _)| parent));
    let known = parents.filter_map(|name| table::find(Kind::Python, name)).next();
    match known {
        Some(known) => refine(known.id, rest).or(Some(Verdict::new(known, KnownBy::CommandLine))),
        None => mcp_server(module, KnownBy::CommandLine),
    }
}

/// Returns what `python -m debugpy --listen 5678 …` debugs; the debugger's own port is told by its number.
fn behind_debugpy(rest: &[&str]) -> Option<Verdict> {
    let mut at = 0;
    while let Some(&argument) = rest.get(at) {
        match argument {
            "--listen" | "--connect" | "--log-to" | "--adapter-access-token" | "--parent-session-pid" => {
                at += 2
            }
            "--configure-subProcess" | "--configure-qt" => at += 2,
            "-m" => return of_module(rest.get(at + 1)?, rest.get(at + 2..)?),
            "-c" => return None,
            _ if argument.starts_with('-') => at += 1,
            _ => return of_script(argument, &rest[at + 1..]),
        }
    }
    None
}

fn of_script(path: &str, rest: &[&str]) -> Option<Verdict> {
    if file_name(path) == "manage.py" {
        let serves = rest.iter().any(|word| matches!(*word, "runserver" | "runserver_plus" | "testserver"));
        return serves.then(|| Verdict::by_id("django", KnownBy::CommandLine)).flatten();
    }
    if let Some(package) = installed_package(path) {
        return of_module(package, rest);
    }
    of_module(command_name(path)?, rest)
}

/// Returns `streamlit` of `…/site-packages/streamlit/web/bootstrap.py`.
fn installed_package(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    parts.by_ref().find(|part| matches!(*part, "site-packages" | "dist-packages"))?;
    parts.next()
}

/// Tells services apart that start by one command.
fn refine(id: &str, rest: &[&str]) -> Option<Verdict> {
    let other = match id {
        "celery" if rest.contains(&"flower") => "flower",
        "jupyter" if rest.first() == Some(&"kernel") => "jupyter-kernel",
        _ => return None,
    };
    Verdict::by_id(other, KnownBy::CommandLine)
}
