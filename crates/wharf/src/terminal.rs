//! What the binary must know of the place it writes to: its width, whether it shows colours, who reads.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};

use jiff::tz::TimeZone;
use terminal_size::{Height, Width, terminal_size};
use wharf_os::Os;
use wharf_views::json::Layout;
use wharf_views::style::Style;

use crate::cli::Colour;

/// Returns the style of stdout for text.
pub(crate) fn style(os: &Os, colour: Colour, wide: bool) -> Style {
    let colour = colours_stdout(colour);
    Style {
        width: width(),
        colour,
        hyperlinks: colour
            && io::stdout().is_terminal()
            && env::var_os("TERM").is_some_and(|term| term != "linux"),
        wide,
        now: os.clock.now(),
        own_uid: os.host.own_uid(),
        home: home(),
        time_zone: time_zone(),
    }
}

/// Returns the time zone of the one who asks, as tzset(3) says, from its one file: to look for it among all, as the
/// library does, takes as long as a whole `ls`.
fn time_zone() -> TimeZone {
    let read = |file: &str| TimeZone::tzif("local", &fs::read(file).ok()?).ok();
    let found = match env::var("TZ") {
        Err(_) => read("/etc/localtime"),
        Ok(zone) => {
            let zone = zone.strip_prefix(':').unwrap_or(&zone);
            read(&format!("/usr/share/zoneinfo/{zone}")).or_else(|| TimeZone::posix(zone).ok())
        }
    };
    found.unwrap_or_else(TimeZone::system)
}

/// Returns the home directory of the one who asks.
pub(crate) fn home() -> Option<String> {
    env::var("HOME").ok().filter(|home| home.len() > 1)
}

/// Returns the columns of the terminal; `None` if stdout is none.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    size().map(|(columns, _)| columns).or_else(|| env::var("COLUMNS").ok()?.parse().ok()).or(Some(80))
}

/// Returns the lines of the terminal.
pub(crate) fn rows() -> usize {
    size().map_or(24, |(_, rows)| rows)
}

fn size() -> Option<(usize, usize)> {
    let (Width(columns), Height(rows)) = terminal_size()?;
    (columns > 0 && rows > 0).then_some((usize::from(columns), usize::from(rows)))
}

/// Returns how JSON documents are laid out: indented for eyes, one line for programs.
pub(crate) fn layout() -> Layout {
    if io::stdout().is_terminal() { Layout::Indented } else { Layout::Line }
}

pub(crate) fn colours_stdout(colour: Colour) -> bool {
    colours(colour, io::stdout().is_terminal())
}

pub(crate) fn colours_stderr(colour: Colour) -> bool {
    colours(colour, io::stderr().is_terminal())
}

/// The flag decides, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then whether it is a terminal that can.
/// A variable counts if it is not empty (no-color.org, force-color.org), and FORCE_COLOR=0 is a no.
fn colours(colour: Colour, terminal: bool) -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| set(name) && env::var_os(name).is_some_and(|value| value != "0");
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if set("NO_COLOR") => false,
        Colour::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
        Colour::Auto => terminal && env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}
