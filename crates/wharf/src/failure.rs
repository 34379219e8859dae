//! What can go wrong, as one sentence with what to do, and its exit code.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroU16;
use std::process::ExitCode;

use wharf_lease::store::StoreError;
use wharf_model::filter::FilterError;
use wharf_os::facts::OsError;

use crate::cli::Colour;
use crate::terminal;

/// Exit code where nothing matched what was named, or the kernel would not tell.
pub(crate) const NOTHING: u8 = 1;
/// Exit code of a command line that asks for what cannot be.
pub(crate) const USAGE: u8 = 2;

/// Exit codes of a program that runs others, env(1): it failed itself, the command cannot be executed, there is none.
pub(crate) const FAILED: u8 = 125;
pub(crate) const NOT_EXECUTABLE: u8 = 126;
pub(crate) const NO_SUCH_COMMAND: u8 = 127;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A word that is no filter.
    Filter(FilterError),
    /// The kernel would not tell.
    Os(OsError),
    /// Output could not be written.
    Output(io::Error),
    /// A bare port in the place of a command.
    BarePort(NonZeroU16),
    /// Anything else, in a sentence.
    Other(String),
    /// A command could not be run, in a sentence, with the exit code of its kind.
    Run(String, u8),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

impl From<OsError> for Failure {
    fn from(error: OsError) -> Self {
        Self::Os(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Says it on stderr, where it is not the last word.
    pub(crate) fn tell(&self) {
        let _ = self.report(Colour::Auto);
    }

    /// Says it on stderr and returns the exit code. That the reader of stdout went away is no failure.
    pub(crate) fn report(&self, colour: Colour) -> ExitCode {
        if matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        let (text, code) = self.words();
        let mut stderr = io::stderr().lock();
        let (red, reset) =
            if terminal::colours_stderr(colour) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        // Nobody is left to tell if this cannot be written.
        let _ = writeln!(stderr, "{red}error:{reset} {}", text.escape_debug_lightly());
        ExitCode::from(code)
    }

    /// Returns it as a sentence, with its exit code.
    fn words(&self) -> (String, u8) {
        match self {
            Self::Output(error) => (format!("the output could not be written: {error}"), NOTHING),
            Self::Filter(error) => (error.to_string(), USAGE),
            Self::BarePort(port) => {
                let (all, row) = (format!("`wharf show {port}`"), format!("`wharf ls {port}`"));
                (
                    format!(
                        "{port} is no command: write {all} for all about that port, or {row} for its row"
                    ),
                    USAGE,
                )
            }
            Self::Os(error) => (error.to_string(), NOTHING),
            Self::Other(text) => (text.clone(), NOTHING),
            Self::Run(text, code) => (text.clone(), *code),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().0)
    }
}

/// Text of others inside our own sentence.
trait EscapeLightly {
    fn escape_debug_lightly(&self) -> String;
}

impl EscapeLightly for String {
    /// Escapes control characters, which a terminal would obey.
    fn escape_debug_lightly(&self) -> String {
        self.chars()
            .flat_map(|c| if c.is_control() { c.escape_debug().collect::<Vec<_>>() } else { vec![c] })
            .collect()
    }
}
