//! Seeing through interpreters: what `node`, `python`, `java` or `sh` was told to run.
//!
//! Not here: which port of a process is its debugger's (`ports`).

mod beam;
mod java;
mod python;
pub(super) mod script;

use wharf_model::place::KnownBy;

use super::command::{Command, file_name};
use super::table::{self, Kind};
use super::{Verdict, version};

/// Returns the service of the program that `command` runs, seen through its interpreter.
pub(super) fn identify(command: &Command<'_>) -> Option<Verdict> {
    identify_nested(command, NESTING)
}

/// An interpreter that wharf sees through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runtime {
    Node,
    Deno,
    Bun,
    Python,
    Ruby,
    Php,
    Java,
    Beam,
    Shell,
    Env,
    Busybox,
}

impl Runtime {
    /// Returns the interpreter that a program of this file name is.
    pub(super) fn of(program: &str) -> Option<Self> {
        let exact =
            |name: &str| RUNTIMES.iter().find(|(known, _)| *known == name).map(|&(_, runtime)| runtime);
        exact(program).or_else(|| exact(without_version(program)))
    }

    /// Returns the sort of name that its scripts have.
    fn kind(self) -> Option<Kind> {
        match self {
            Runtime::Node | Runtime::Deno | Runtime::Bun => Some(Kind::Script),
            Runtime::Python => Some(Kind::Python),
            Runtime::Ruby => Some(Kind::Ruby),
            Runtime::Java => Some(Kind::Java),
            Runtime::Php | Runtime::Beam | Runtime::Shell | Runtime::Env | Runtime::Busybox => None,
        }
    }
}

fn identify_nested(command: &Command<'_>, depth: u8) -> Option<Verdict> {
    let Some(runtime) = Runtime::of(command.program) else {
        return program(command);
    };
    let seen = own_title(command, runtime.kind()).or_else(|| match runtime {
        Runtime::Node | Runtime::Deno | Runtime::Bun => script::javascript(command, runtime),
        Runtime::Python => python::identify(command),
        Runtime::Ruby => script::ruby(command),
        Runtime::Php => script::php(command),
        Runtime::Java => java::identify(command),
        Runtime::Beam => beam::identify(command),
        Runtime::Shell => shell(command, depth),
        Runtime::Env => environment(command, depth),
        Runtime::Busybox => busybox(command),
    });
    seen.or_else(|| match runtime {
        // A shell holds a socket only for somebody else: its name tells nothing.
        Runtime::Shell | Runtime::Env | Runtime::Busybox => None,
        _ => program(command),
    })
}

/// Returns the service of a program by its file name, exact or without a version at the end.
fn program(command: &Command<'_>) -> Option<Verdict> {
    let by_name = |name: &str| {
        let exact = table::find(Kind::Program, name);
        exact.or_else(|| table::find(Kind::Program, without_version(name)))
    };
    let by_file = by_name(command.program).or_else(|| table::find_by_comm(command.program));
    let by_file = by_file
        .map(|known| Verdict::new(known, command.program_from).with_version(version_in_path(command)))
        .or_else(|| mcp_server(command.program, command.program_from));
    // One executable may have many names: a symbolic link, a package's launcher.
    by_file.or_else(|| Some(Verdict::new(by_name(command.title?)?, KnownBy::CommandLine)))
}

/// Returns the service by the name that a script gave its process: `gunicorn: master [app]`, `next-server (v16)`.
fn own_title(command: &Command<'_>, kind: Option<Kind>) -> Option<Verdict> {
    let title = command.title.filter(|title| Runtime::of(title).is_none())?;
    let known = table::find(kind?, title).or_else(|| table::find(Kind::Program, title))?;
    let said = command.arguments.first();
    let said = said.map(|said| said.trim_matches(['(', ')'])).filter(|said| said.contains('.'));
    Some(Verdict::new(known, KnownBy::CommandLine).with_version(said.and_then(version)))
}

/// Sees through `sh -c 'exec vite --port 3000'` and `sh /usr/bin/vite`.
fn shell(command: &Command<'_>, depth: u8) -> Option<Verdict> {
    let depth = depth.checked_sub(1)?;
    let at = command.arguments.iter().position(|argument| !argument.starts_with(['-', '+']))?;
    let flags = &command.arguments[..at];
    let takes_string = flags.iter().any(|flag| !flag.starts_with("--") && flag.contains('c'));
    let words: Vec<&str> = match takes_string {
        true => simple_command(command.arguments[at]),
        false => command.arguments[at..].to_vec(),
    };
    let inner = Command::of_words(&words)?;
    let mut verdict = identify_nested(&inner, depth)?;
    verdict.known_by = KnownBy::CommandLine;
    Some(verdict)
}

/// Returns the words of a shell's command, or nothing where the shell would have to think about it.
fn simple_command(text: &str) -> Vec<&str> {
    if text.contains([';', '|', '&', '<', '>', '$', '`', '(', ')', '{', '}', '\n', '\'', '"', '\\', '*']) {
        return Vec::new();
    }
    let words = text.split_ascii_whitespace();
    words.skip_while(|word| *word == "exec" || is_assignment(word)).collect()
}

fn environment(command: &Command<'_>, depth: u8) -> Option<Verdict> {
    let depth = depth.checked_sub(1)?;
    let skipped = |word: &&&str| word.starts_with('-') || is_assignment(word);
    let at = command.arguments.iter().take_while(skipped).count();
    identify_nested(&Command::of_words(&command.arguments[at..])?, depth)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains(['/', '.', '-']))
}

fn busybox(command: &Command<'_>) -> Option<Verdict> {
    let applet = match command.title {
        Some(applet) => applet,
        None => command.arguments.first()?,
    };
    let known = match applet {
        "httpd" => table::by_id("busybox-httpd"),
        _ => table::find(Kind::Program, applet),
    };
    Some(Verdict::new(known?, KnownBy::CommandLine))
}

/// Returns the Model Context Protocol for names that its servers are published under.
fn mcp_server(name: &str, known_by: KnownBy) -> Option<Verdict> {
    let starts = ["mcp-server-", "mcp_server_", "@modelcontextprotocol/server-"];
    let ends = ["-mcp-server", "_mcp_server", "/mcp-server", "-mcp", "/mcp"];
    let is_server =
        starts.iter().any(|start| name.starts_with(start)) || ends.iter().any(|end| name.ends_with(end));
    is_server.then(|| Verdict::by_id("mcp", known_by)).flatten()
}

/// Returns the version that Debian's layout writes into PostgreSQL's path.
fn version_in_path(command: &Command<'_>) -> Option<String> {
    let mut parts = command.exe?.rsplit('/').skip(1);
    let (bin, number, name) = (parts.next()?, parts.next()?, parts.next()?);
    (bin == "bin" && name == "postgresql").then(|| version(number)).flatten()
}

/// Returns the name of a program without a version at its end: `python` of `python3.11`, `postgres` of `postgres-15`.
fn without_version(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if bare.len() == name.len() { name } else { bare.trim_end_matches('-') }
}

/// Returns a script's file name if it has no extension: the shape of an installed command.
fn command_name(path: &str) -> Option<&str> {
    Some(file_name(path)).filter(|name| !name.is_empty() && !name.contains('.'))
}

/// Shells within shells that are seen through.
const NESTING: u8 = 3;

const RUNTIMES: &[(&str, Runtime)] = &[
    ("node", Runtime::Node),
    ("nodejs", Runtime::Node),
    ("deno", Runtime::Deno),
    ("bun", Runtime::Bun),
    ("python", Runtime::Python),
    ("pypy", Runtime::Python),
    ("Python", Runtime::Python),
    ("ruby", Runtime::Ruby),
    ("php", Runtime::Php),
    ("java", Runtime::Java),
    ("beam.smp", Runtime::Beam),
    ("beam", Runtime::Beam),
    ("sh", Runtime::Shell),
    ("ash", Runtime::Shell),
    ("bash", Runtime::Shell),
    ("dash", Runtime::Shell),
    ("zsh", Runtime::Shell),
    ("ksh", Runtime::Shell),
    ("env", Runtime::Env),
    ("busybox", Runtime::Busybox),
];
