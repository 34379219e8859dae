//! `wharf logs`: what a program in the background wrote, and writes.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::StripStream;
use wharf_model::run::{Run, RunState};
use wharf_os::folder::{Change, Folders};
use wharf_os::{Os, identity, state};
use wharf_run::log::files;

use super::runs::registry;
use crate::cli::{Colour, Logs};
use crate::failure::Failure;
use crate::leases::claim;
use crate::terminal;

/// Answers `wharf logs`.
pub(crate) fn run(logs: &Logs, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let path = named(&os, logs.name.as_deref())?;
    let mut out = Out::new(colour);
    let is_of = |run: &Run| run.log.as_deref().map(Path::new) == Some(&*path);
    let run = registry(&os)?.runs().into_iter().find(is_of).filter(|_| logs.follow);
    // Watched before it is read: nothing that is written meanwhile is missed.
    let watched = match run.as_ref().and_then(|run| identity::watch(writer(run)?)) {
        Some(process) => Some((Folders::watch(&[path.parent().unwrap_or(&path)])?, process)),
        None => None,
    };
    let mut current = print(&path, logs.lines, &mut out)?;
    if let Some((folders, process)) = watched {
        while folders.wait(Some(&process))? != Change::Ended {
            go_on(&path, &mut current, &mut out)?;
        }
        go_on(&path, &mut current, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the process that writes the log of a run.
fn writer(run: &Run) -> Option<&wharf_model::run::RunProcess> {
    if run.state == RunState::Alone { run.guard.as_ref() } else { Some(&run.wharf) }
}

/// Returns the log of the service called `name`, or of the one here, which must have one.
fn named(os: &Os, name: Option<&str>) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::Other(format!("the state directory: {error}"));
    let folder = state::subdirectory("logs").map_err(failed)?;
    let whole =
        name.filter(|name| name.contains('.') && !name.contains('/')).map(|name| folder.join(file(name)));
    if let Some(path) = whole.filter(|path| path.exists()) {
        return Ok(path);
    }
    let wanted = claim(os, name)?.name.to_string();
    let path = folder.join(file(&wanted));
    if !path.exists() {
        let name = name.unwrap_or(&wanted);
        let text = format!("there is no log of {name}: only runs in the background (--detach) have one");
        return Err(Failure::Other(text));
    }
    Ok(path)
}

/// Returns the name of the log's file of the run called `name`.
pub(super) fn file(name: &str) -> String {
    format!("{name}.log")
}

/// Prints what there is, or its last `lines`, and returns the newest file, read to its end.
fn print(path: &Path, lines: Option<usize>, out: &mut Out) -> Result<File, Failure> {
    let mut current = File::open(path)?;
    let mut newest = Vec::new();
    current.read_to_end(&mut newest)?;
    let mut texts = vec![newest];
    let [_, older @ ..] = files(path);
    for file in older {
        if lines.is_some_and(|lines| count(&texts) > lines) {
            break;
        }
        // It may not be there, or not any more.
        texts.push(fs::read(file).unwrap_or_default());
    }
    texts.reverse();
    let text = texts.concat();
    out.write(lines.map_or(&*text, |lines| last(&text, lines)))?;
    Ok(current)
}

/// Prints what was written to `current` since, and to the file that came after it.
fn go_on(path: &Path, current: &mut File, out: &mut Out) -> Result<(), Failure> {
    let mut text = Vec::new();
    loop {
        current.read_to_end(&mut text)?;
        out.write(&text)?;
        text.clear();
        // While one makes room for the next there is none.
        let Ok(next) = File::open(path) else { return Ok(()) };
        if next.metadata()?.ino() == current.metadata()?.ino() {
            return Ok(());
        }
        // What was written to the old one after it was read, before it was left.
        current.read_to_end(&mut text)?;
        *current = next;
    }
}

/// Returns the last `lines` lines of a text, the last of which may have no end yet.
pub(super) fn last(text: &[u8], lines: usize) -> &[u8] {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    if lines == 0 {
        return &[];
    }
    let mut ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let start = ends.nth(lines - 1).map_or(0, |(index, _)| index + 1);
    &text[start..]
}

fn count(texts: &[Vec<u8>]) -> usize {
    texts.iter().flatten().filter(|byte| **byte == b'\n').count()
}

/// Where a log goes: as it is where colours are shown, else without them.
enum Out {
    AsItIs(io::StdoutLock<'static>),
    Plain(StripStream<io::StdoutLock<'static>>),
}

impl Out {
    fn new(colour: Colour) -> Self {
        let stdout = io::stdout().lock();
        // A terminal is told everything: a log may draw on it without colours, too.
        match terminal::colours_stdout(colour) || io::stdout().is_terminal() {
            true => Self::AsItIs(stdout),
            false => Self::Plain(StripStream::new(stdout)),
        }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let out: &mut dyn Write = match self {
            Self::AsItIs(out) => out,
            Self::Plain(out) => out,
        };
        out.write_all(text)?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn the_last_lines_are_those_a_person_counts() {
        assert_eq!(last(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(last(b"a\nb\nc", 2), b"b\nc");
        assert_eq!(last(b"a\n", 5), b"a\n");
        assert_eq!(last(b"a\n", 0), b"");
        assert_eq!(last(b"", 3), b"");
        assert_eq!(last(b"a\n\n\n", 2), b"\n\n");
    }
}
