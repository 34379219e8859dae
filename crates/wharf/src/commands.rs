//! The commands, one file each: from what was asked to the view that answers.

mod adopt;
mod background;
pub(crate) mod daemon;
pub(crate) mod door;
pub(crate) mod free;
pub(crate) mod isolate;
pub(crate) mod lease;
pub(crate) mod logs;
pub(crate) mod ls;
pub(crate) mod names;
mod pace;
pub(crate) mod papers;
mod privilege;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod service;
pub(crate) mod show;
mod story;
pub(crate) mod trust;
pub(crate) mod watch;
pub(crate) mod why;

use std::io;

use wharf_catalog::request::Asker;
use wharf_model::filter::{Filter, FilterError};
use wharf_model::snapshot::Warning;
use wharf_os::Os;
use wharf_run::registry::Registry;
use wharf_views::style::Style;
use wharf_views::text::warning::write_warnings;

use crate::cli::Colour;
use crate::terminal;

/// Parses the filters of a command line.
fn filters(words: &[String]) -> Result<Vec<Filter>, FilterError> {
    words.iter().map(|word| word.parse()).collect()
}

/// Returns the one who asks, with what they run now.
fn asker(os: &Os) -> Asker {
    Asker { home: terminal::home(), runs: Registry::look(os) }
}

/// Writes warnings to stderr, in its own colours.
fn warn(warnings: &[Warning], style: &Style, colour: Colour) -> io::Result<()> {
    let style = Style { colour: terminal::colours_stderr(colour), ..style.clone() };
    write_warnings(&mut io::stderr().lock(), warnings, &style)
}
