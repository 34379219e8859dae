//! What the JavaScript runtimes, Ruby and PHP were told to run.

use wharf_model::place::KnownBy;

use super::{Runtime, command_name, mcp_server};
use crate::service::command::{Command, file_name};
use crate::service::table::{self, Kind};
use crate::service::{Verdict, version};

/// Sees through Node, Deno and Bun.
pub(super) fn javascript(command: &Command<'_>, runtime: Runtime) -> Option<Verdict> {
    let split = NodeCommand::of(command, runtime);
    let by_script = split.script.and_then(of_script);
    by_script.or_else(|| split.loader().and_then(of_script))
}

/// The arguments of a JavaScript runtime: its own, and what it runs.
#[derive(Debug)]
pub(in crate::service) struct NodeCommand<'a> {
    /// Options before the script: the runtime's own.
    pub(in crate::service) options: &'a [&'a str],
    /// Path, package or command that it runs.
    pub(in crate::service) script: Option<&'a str>,
}

impl<'a> NodeCommand<'a> {
    /// Tells the options of `runtime` from the script that follows them.
    pub(in crate::service) fn of(command: &'a Command<'_>, runtime: Runtime) -> Self {
        let arguments = &command.arguments;
        let mut at = 0;
        let mut script = None;
        let mut evaluates = false;
        while let Some(&argument) = arguments.get(at) {
            if argument == "--" {
                script = arguments.get(at + 1).copied();
                break;
            }
            let subcommand = runtime != Runtime::Node && SUBCOMMANDS.contains(&argument);
            if !argument.starts_with('-') && !subcommand {
                script = Some(argument);
                break;
            }
            evaluates |= matches!(argument, "-e" | "--eval" | "-p" | "--print" | "-pe");
            at += if TAKE_VALUE.contains(&argument) { 2 } else { 1 };
        }
        let script = script.filter(|_| !evaluates);
        Self { options: &arguments[..at.min(arguments.len())], script }
    }

    /// Returns the package that runs the script by hooks: `node --import …/node_modules/tsx/… server.ts`.
    fn loader(&self) -> Option<&'a str> {
        let named = |name| crate::service::command::option(self.options, name);
        ["--import", "--require", "-r", "--loader", "--experimental-loader"].into_iter().find_map(named)
    }
}

/// Returns the service that a script belongs to: by its package, else by its bare name as an installed command.
fn of_script(script: &str) -> Option<Verdict> {
    let script = script.strip_prefix("file://").unwrap_or(script);
    if let Some(package) = Package::of(script) {
        return known(Kind::Script, package.name)
            .map(|verdict| verdict.with_version(package.version.and_then(version)))
            .or_else(|| mcp_server(package.name, KnownBy::CommandLine));
    }
    if is_vscode_server(script) {
        return Verdict::by_id("vscode-server", KnownBy::CommandLine);
    }
    let name = command_name(script)?;
    known(Kind::Script, name).or_else(|| mcp_server(name, KnownBy::CommandLine))
}

/// A package that a path or an import names.
struct Package<'a> {
    name: &'a str,
    version: Option<&'a str>,
}

impl<'a> Package<'a> {
    /// Reads `…/node_modules/@scope/name/…`, `…/node_modules/.bin/name`, `…/.pnpm/name@1.2.3/node_modules/name/…`
    /// and `npm:name@1.2.3/…`.
    fn of(path: &'a str) -> Option<Self> {
        if let Some(specifier) = path.strip_prefix("npm:") {
            let name = first_of(specifier.trim_start_matches('/'));
            let (name, version) = at_version(name);
            return Some(Self { name, version });
        }
        let (before, inside) = path.rsplit_once("/node_modules/").or_else(|| {
            let inside = path.strip_prefix("node_modules/")?;
            Some(("", inside))
        })?;
        let inside = inside.strip_prefix(".bin/").unwrap_or(inside);
        let name = first_of(inside);
        let stored = before.rsplit_once("/.pnpm/").map(|(_, stored)| stored);
        let version = stored.and_then(|stored| {
            let said = stored.replace('+', "/");
            let said = said.split(['_', '(']).next()?.len();
            at_version(stored.get(..said)?).1
        });
        Some(Self { name, version })
    }
}

/// Returns `name` or `@scope/name` at the beginning of a path.
fn first_of(path: &str) -> &str {
    let parts = if path.starts_with('@') { 2 } else { 1 };
    match path.match_indices('/').nth(parts - 1) {
        Some((at, _)) => &path[..at],
        None => path,
    }
}

/// Splits `name@version`; the `@` of a scope is not one.
fn at_version(name: &str) -> (&str, Option<&str>) {
    match name.rfind('@') {
        Some(at) if at > 0 => (&name[..at], Some(&name[at + 1..])),
        _ => (name, None),
    }
}

fn is_vscode_server(script: &str) -> bool {
    let homes =
        [".vscode-server", ".vscode-server-insiders", ".vscode-remote", ".cursor-server", ".windsurf-server"];
    matches!(file_name(script), "server-main.js" | "bootstrap-fork" | "bootstrap-fork.js")
        && script.split('/').any(|part| homes.contains(&part))
}

/// Sees through Ruby.
pub(super) fn ruby(command: &Command<'_>) -> Option<Verdict> {
    let arguments = &command.arguments;
    // `ruby -run -e httpd` is the un library's one-line web server.
    if arguments.starts_with(&["-run", "-e", "httpd"]) || arguments.starts_with(&["-run", "-ehttpd"]) {
        return Verdict::by_id("webrick", KnownBy::CommandLine);
    }
    let mut rest = arguments.iter().copied();
    while let Some(argument) = rest.next() {
        match argument {
            "-r" | "-I" | "-C" | "-E" => drop(rest.next()),
            "-e" => return None,
            _ if argument.starts_with('-') => {}
            _ => {
                let inner = match (file_name(argument), rest.next()) {
                    ("bundle" | "bundler", Some("exec")) => rest.next()?,
                    _ => argument,
                };
                return known(Kind::Ruby, command_name(inner)?);
            }
        }
    }
    None
}

/// Sees through PHP.
pub(super) fn php(command: &Command<'_>) -> Option<Verdict> {
    let serves = command.arguments.iter().any(|argument| *argument == "-S" || is_attached_place(argument));
    if serves {
        return Verdict::by_id("php-server", KnownBy::CommandLine);
    }
    let artisan = command.arguments.first().is_some_and(|script| file_name(script) == "artisan");
    (artisan && command.has("serve")).then(|| Verdict::by_id("laravel", KnownBy::CommandLine)).flatten()
}

/// Returns whether `argument` is `-S` with its address attached: `-Slocalhost:8000`.
fn is_attached_place(argument: &str) -> bool {
    argument.strip_prefix("-S").is_some_and(|place| place.contains(':'))
}

fn known(kind: Kind, name: &str) -> Option<Verdict> {
    Some(Verdict::new(table::find(kind, name)?, KnownBy::CommandLine))
}

const SUBCOMMANDS: &[&str] = &["run", "x", "serve", "task"];

/// Options of Node, Deno and Bun that take the next argument as their value.
const TAKE_VALUE: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "--title",
    "--watch-path",
    "--preload",
    "--cwd",
    "--config",
    "-c",
    "--import-map",
    "--inspect-port",
    "--debug-port",
    "--env-file",
    "-e",
    "--eval",
    "-p",
    "--print",
];
