//! One line of text in inks, and its width on a terminal. Text enters it escaped, or not at all.
//!
//! Not here: columns (`table`) and keys with values (`block`).

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use anstyle::{AnsiColor, Effects};
use unicode_width::UnicodeWidthChar;

use crate::style::Style;
use crate::text::escape::escape;

/// The part that a run of text plays; colours follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    /// What the eye should find first.
    Strong,
    /// Secondary: there for whoever looks for it.
    Dim,
    /// A name that the reader gave: a project.
    Name,
    /// All is as it should be.
    Good,
    /// Likely more than its owner wants: exposed to all interfaces.
    Warning,
    /// Explains why there is no answer: stopped, frozen, full.
    Alarm,
}

/// An address of this machine for a browser; the only thing that a hyperlink leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) secure: bool,
    pub(crate) address: SocketAddr,
}

/// A run of text in one ink.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    text: String,
    ink: Ink,
    link: Option<Link>,
}

/// A line of text; it never holds a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    spans: Vec<Span>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Returns a line of `text`, escaped, in `ink`.
    pub(crate) fn of(ink: Ink, text: &str) -> Self {
        Self::new().and(ink, text)
    }

    /// Appends `text`, escaped.
    pub(crate) fn and(mut self, ink: Ink, text: &str) -> Self {
        self.push(ink, text);
        self
    }

    /// Appends `text`, escaped.
    pub(crate) fn push(&mut self, ink: Ink, text: &str) {
        if !text.is_empty() {
            self.spans.push(Span { text: escape(text).into_owned(), ink, link: None });
        }
    }

    /// Appends another line.
    pub(crate) fn and_line(mut self, other: Line) -> Self {
        self.append(other);
        self
    }

    /// Appends `count` blanks.
    pub(crate) fn push_blanks(&mut self, count: usize) {
        if count > 0 {
            self.spans.push(Span { text: " ".repeat(count), ink: Ink::Plain, link: None });
        }
    }

    /// Appends another line.
    pub(crate) fn append(&mut self, other: Line) {
        self.spans.extend(other.spans);
    }

    /// Appends `other`, after `between` if something stands before it.
    pub(crate) fn join(&mut self, between: &str, other: Line) {
        if !self.is_empty() && !other.is_empty() {
            self.push(Ink::Dim, between);
        }
        self.append(other);
    }

    /// Makes the whole line lead to `link`.
    pub(crate) fn linked(mut self, link: Option<Link>) -> Self {
        for span in &mut self.spans {
            span.link = link;
        }
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Returns the columns it takes on a terminal.
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|span| text_width(&span.text)).sum()
    }

    /// Returns the text without its inks.
    pub(crate) fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Returns the line cut to `width` columns, its end replaced by `…`.
    pub(crate) fn cut_end(&self, width: usize) -> Line {
        self.cut(width, width.saturating_sub(1))
    }

    /// Returns the line cut to `width` columns, its middle replaced by `…`.
    pub(crate) fn cut_middle(&self, width: usize) -> Line {
        self.cut(width, width / 2)
    }

    /// Returns the line cut to `width` columns, the end of its first run replaced by `…`: `docker-pr… 2211`.
    pub(crate) fn cut_first(&self, width: usize) -> Line {
        let [first, rest @ ..] = self.spans.as_slice() else { return Line::new() };
        let rest = Line { spans: rest.to_vec() };
        match width.checked_sub(rest.width()) {
            Some(room) if room >= LEAST_FIRST && !rest.is_empty() => {
                Line { spans: vec![first.clone()] }.cut_end(room).and_line(rest)
            }
            _ => self.cut_end(width),
        }
    }

    /// Cuts to `width` columns: at most `head` of them from the start, the rest from the end.
    fn cut(&self, width: usize, head: usize) -> Line {
        if self.width() <= width {
            return self.clone();
        }
        let Some(room) = width.checked_sub(1) else { return Line::new() };
        let cells: Vec<(char, usize)> = self.cells().collect();
        let mut used = 0;
        let mut start = 0;
        while start < cells.len() && used + char_width(cells[start].0) <= head.min(room) {
            used += char_width(cells[start].0);
            start += 1;
        }
        let mut end = cells.len();
        while end > start && used + char_width(cells[end - 1].0) <= room {
            used += char_width(cells[end - 1].0);
            end -= 1;
        }
        // A mark must not lose its base to the ellipsis.
        while end < cells.len() && char_width(cells[end].0) == 0 {
            end += 1;
        }
        let dots = ('…', cells[start.saturating_sub(1)].1);
        self.rebuilt(cells[..start].iter().chain([&dots]).chain(&cells[end..]))
    }

    /// Returns the line broken at spaces, or within a word that is wider, into lines of at most `width` columns.
    pub(crate) fn wrap(&self, width: usize) -> Vec<Line> {
        if self.width() <= width {
            return vec![self.clone()];
        }
        let cells: Vec<(char, usize)> = self.cells().collect();
        let mut lines = Vec::new();
        let mut start = 0;
        while start < cells.len() {
            let (end, next) = break_after(&cells, start, width.max(2));
            lines.push(self.rebuilt(cells[start..end].iter()).cut_end(width));
            start = next;
        }
        lines
    }

    /// Writes the line, without a line break.
    pub(crate) fn write(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for span in &self.spans {
            if !style.colour && !style.hyperlinks {
                out.write_all(span.text.as_bytes())?;
                continue;
            }
            let ink = if style.colour { span.ink.ansi() } else { anstyle::Style::new() };
            match span.link.filter(|_| style.hyperlinks) {
                Some(link) => {
                    write!(out, "\x1b]8;;{}\x1b\\{ink}{}{ink:#}\x1b]8;;\x1b\\", link.url(), span.text)?;
                }
                None => write!(out, "{ink}{}{ink:#}", span.text)?,
            }
        }
        Ok(())
    }

    /// Yields each character with the index of its span.
    fn cells(&self) -> impl Iterator<Item = (char, usize)> + '_ {
        self.spans.iter().enumerate().flat_map(|(i, span)| span.text.chars().map(move |c| (c, i)))
    }

    fn rebuilt<'a>(&self, cells: impl Iterator<Item = &'a (char, usize)>) -> Line {
        let mut line = Line::new();
        let mut last = None;
        for &(c, from) in cells {
            if last != Some(from) {
                line.spans.push(Span { text: String::new(), ..self.spans[from].clone() });
                last = Some(from);
            }
            if let Some(span) = line.spans.last_mut() {
                span.text.push(c);
            }
        }
        line
    }
}

/// Writes `lines`, each with its line break.
pub(crate) fn write_lines(out: &mut dyn Write, lines: &[Line], style: &Style) -> io::Result<()> {
    for line in lines {
        line.write(out, style)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Returns the columns that escaped text takes.
///
/// It is the sum over the characters, which no terminal goes beyond: those that join characters (emoji with
/// a skin tone, ligatures) take fewer.
pub(crate) fn text_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char_width).sum() }
}

fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Returns where a line that starts at `start` ends, and where the next one starts.
fn break_after(cells: &[(char, usize)], start: usize, width: usize) -> (usize, usize) {
    let mut used = 0;
    let mut space = None;
    for (i, &(c, _)) in cells.iter().enumerate().skip(start) {
        used += char_width(c);
        if c == ' ' && i > start {
            space = Some(i);
        }
        if used > width {
            return match space {
                Some(at) => around_blanks(cells, start, at),
                None => (i.max(start + 1), i.max(start + 1)),
            };
        }
    }
    (cells.len(), cells.len())
}

/// Returns where the blanks around `at` begin and end, so that no line starts or ends in them.
fn around_blanks(cells: &[(char, usize)], start: usize, at: usize) -> (usize, usize) {
    let is_blank = |i: &usize| cells[*i].0 == ' ';
    let before = (start..at).rev().take_while(is_blank).count();
    let after = (at..cells.len()).take_while(is_blank).count();
    (at - before, at + after)
}

impl Ink {
    fn ansi(self) -> anstyle::Style {
        let plain = anstyle::Style::new();
        match self {
            Ink::Plain => plain,
            Ink::Strong => plain.effects(Effects::BOLD),
            Ink::Dim => plain.effects(Effects::DIMMED),
            Ink::Name => AnsiColor::Cyan.on_default(),
            Ink::Good => AnsiColor::Green.on_default(),
            Ink::Warning => AnsiColor::Yellow.on_default(),
            Ink::Alarm => AnsiColor::Red.on_default(),
        }
    }
}

impl Link {
    fn url(self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        // A browser cannot open 0.0.0.0 everywhere, and what listens there answers on loopback too.
        let host = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            ip => ip,
        };
        format!("{scheme}://{}/", SocketAddr::new(host, self.address.port()))
    }
}

/// Columns below which the first run of a line says nothing.
const LEAST_FIRST: usize = 4;

#[cfg(test)]
mod tests;
