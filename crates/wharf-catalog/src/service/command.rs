//! A process's command line, taken apart: which program runs, with which arguments.
//!
//! Not here: what a program is called (`table`) and what an interpreter's arguments mean (`runtime`).

use wharf_model::place::KnownBy;
use wharf_model::process::Process;

/// A program and its arguments, as far as the kernel and the process itself tell.
#[derive(Clone, Debug)]
pub(super) struct Command<'a> {
    /// Path of the executable, where it may be read.
    pub(super) exe: Option<&'a str>,
    /// File name of the program: the executable's, else the command line's, else the kernel's short name.
    pub(super) program: &'a str,
    /// Where `program` comes from.
    pub(super) program_from: KnownBy,
    /// The name that the process gives itself in its first argument, if that is not `program`.
    pub(super) title: Option<&'a str>,
    /// Everything after the first argument.
    pub(super) arguments: Vec<&'a str>,
}

impl<'a> Command<'a> {
    /// Takes apart what is known of `process`.
    pub(super) fn of(process: &'a Process) -> Self {
        let exe = process.exe.as_deref().map(|exe| exe.strip_suffix(" (deleted)").unwrap_or(exe));
        let first = process.command.first().map(String::as_str).unwrap_or_default();
        let arguments = arguments(&process.command);
        let given = title_or_file_name(first);
        let (program, program_from) = match exe {
            Some(exe) => (file_name(exe), KnownBy::Executable),
            None if given.is_empty() => (process.name.as_str(), KnownBy::Executable),
            None => (given, KnownBy::CommandLine),
        };
        let title = Some(given).filter(|given| !given.is_empty() && *given != program);
        Self { exe, program, program_from, title, arguments }
    }

    /// Takes apart a command that another process was asked to run, e.g. the words after `sh -c`.
    pub(super) fn of_words(words: &[&'a str]) -> Option<Self> {
        let (first, rest) = words.split_first()?;
        Some(Self {
            exe: None,
            program: file_name(first),
            program_from: KnownBy::CommandLine,
            title: None,
            arguments: rest.to_vec(),
        })
    }

    /// Returns whether one argument is exactly `word`.
    pub(super) fn has(&self, word: &str) -> bool {
        self.arguments.contains(&word)
    }

    /// Returns the value of the option `name`: `name=value`, or the argument after `name`.
    pub(super) fn option(&self, name: &str) -> Option<&'a str> {
        option(&self.arguments, name)
    }
}

/// Returns the value of the option `name` among `arguments`: `name=value`, or the argument after `name`.
pub(super) fn option<'a>(arguments: &[&'a str], name: &str) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(at, argument)| match argument.strip_prefix(name)? {
        "" => arguments.get(at + 1).copied(),
        rest => rest.strip_prefix('='),
    })
}

/// Returns the last part of a path, without what package builds put around it (`.name-wrapped`, `.exe`).
pub(super) fn file_name(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    match name.strip_prefix('.').and_then(|name| name.strip_suffix("-wrapped")) {
        Some(wrapped) => wrapped,
        None => name,
    }
}

/// Returns the port that ends `[host:]port`, as options write it.
pub(super) fn port_of(place: &str) -> Option<u16> {
    place.rsplit(':').next()?.parse().ok()
}

fn arguments(command: &[String]) -> Vec<&str> {
    match command {
        // A process that rewrites its title leaves one string with everything in it.
        [only] => only.split_ascii_whitespace().skip(1).collect(),
        [_, rest @ ..] => rest.iter().map(String::as_str).filter(|argument| !argument.is_empty()).collect(),
        [] => Vec::new(),
    }
}

/// Returns the program that a first argument names: `nginx` of `nginx: master process /usr/sbin/nginx`,
/// `next-server` of `next-server (v16.0.1)`, `postgres` of `/usr/lib/postgresql/15/bin/postgres`.
fn title_or_file_name(first: &str) -> &str {
    let first = first.strip_prefix('-').unwrap_or(first);
    if let Some((title, _)) = first.split_once(": ")
        && !title.contains(['/', ' '])
    {
        return title;
    }
    let word = first.split(' ').next().unwrap_or(first);
    file_name(word.strip_suffix(':').unwrap_or(word))
}
