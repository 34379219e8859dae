//! What a view must know of the place it draws for. Not here: finding any of it out (the binary does).

use jiff::tz::TimeZone;
use wharf_model::timestamp::Timestamp;

/// The circumstances in which a text is drawn.
///
/// A view asks neither the clock nor the terminal nor /proc: two drawings of equal values are equal.
#[derive(Clone, Debug)]
pub struct Style {
    /// Columns of the terminal; `None` where the output is no terminal: plain, complete values, nothing shortened.
    pub width: Option<usize>,
    /// Whether colours and weights (SGR) may be written.
    pub colour: bool,
    /// Whether hyperlinks (OSC 8) may be written. They lead to `http(s)://host:port`, never elsewhere.
    pub hyperlinks: bool,
    /// Whether the further columns of `--wide` are drawn.
    pub wide: bool,
    /// The instant that "2h" is counted to.
    pub now: Timestamp,
    /// User id of the one who asks; their own endpoints stand out.
    pub own_uid: u32,
    /// Home directory of the one who asks, drawn as `~`.
    pub home: Option<String>,
    /// Time zone of clock times for people; the wire knows UTC alone.
    pub time_zone: TimeZone,
}

impl Style {
    /// Returns the style of a pipe or file: complete values, no colour, no links, times in UTC.
    #[must_use]
    pub fn plain(now: Timestamp, own_uid: u32) -> Self {
        Self {
            width: None,
            colour: false,
            hyperlinks: false,
            wide: false,
            now,
            own_uid,
            home: None,
            time_zone: TimeZone::UTC,
        }
    }

    pub(crate) fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }
}
