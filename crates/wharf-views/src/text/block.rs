//! Keys and values under a heading: the page of `wharf show`. Long values wrap under themselves.
//!
//! Not here: which keys there are (`show`, `number`, `peers`).

use crate::style::Style;
use crate::text::line::{Ink, Line};
use crate::text::warning::fold;

/// A heading and, in groups, keys with their values.
#[derive(Debug, Default)]
pub(crate) struct Block {
    heading: Line,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Gap,
    Entry { key: &'static str, values: Vec<Value> },
}

/// A value, and what becomes of it where it is too wide.
#[derive(Debug)]
enum Value {
    Wrapped(Line),
    Cut(Line),
}

impl Block {
    pub(crate) fn new(heading: Line) -> Self {
        Self { heading, parts: Vec::new() }
    }

    /// Begins a group; groups stand apart by a blank line.
    pub(crate) fn gap(&mut self) {
        if matches!(self.parts.last(), Some(Part::Entry { .. })) {
            self.parts.push(Part::Gap);
        }
    }

    /// Adds a key with a value; nothing for an empty value.
    pub(crate) fn entry(&mut self, key: &'static str, value: Line) {
        self.entries(key, vec![value]);
    }

    /// Adds a key with several values below each other; long ones wrap.
    pub(crate) fn entries(&mut self, key: &'static str, values: Vec<Line>) {
        self.add(key, values.into_iter().filter(|value| !value.is_empty()).map(Value::Wrapped).collect());
    }

    /// Adds a key with several values below each other; long ones are cut, for drawings that wrapping destroys.
    pub(crate) fn drawing(&mut self, key: &'static str, values: Vec<Line>) {
        self.add(key, values.into_iter().map(Value::Cut).collect());
    }

    fn add(&mut self, key: &'static str, values: Vec<Value>) {
        if !values.is_empty() {
            self.parts.push(Part::Entry { key, values });
        }
    }

    /// Draws heading and entries.
    pub(crate) fn lines(&self, style: &Style) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.heading.is_empty() {
            lines.extend(fold(&self.heading, style));
            lines.push(Line::new());
        }
        let end = self.parts.len() - usize::from(matches!(self.parts.last(), Some(Part::Gap)));
        for part in &self.parts[..end] {
            match part {
                Part::Gap => lines.push(Line::new()),
                Part::Entry { key, values } => lines.extend(entry_lines(key, values, style)),
            }
        }
        lines
    }
}

fn entry_lines(key: &str, values: &[Value], style: &Style) -> Vec<Line> {
    let room = |indent: usize| style.width.map(|width| width.saturating_sub(indent));
    let beside = room(VALUES).is_none_or(|room| room >= LEAST_ROOM);
    let indent = match style.width {
        Some(width) if !beside => 2.min(width / 4),
        _ => VALUES,
    };
    let mut lines = Vec::new();
    let mut label = Line::of(Ink::Plain, &" ".repeat(KEYS)).and(Ink::Dim, key);
    if !beside {
        label = Line::of(Ink::Dim, key).cut_end(style.width.unwrap_or(usize::MAX));
        lines.push(std::mem::take(&mut label));
    }
    for value in values.iter().flat_map(|value| value.lines(room(indent))) {
        let mut line = std::mem::take(&mut label);
        line.push_blanks(indent.saturating_sub(line.width()));
        line.append(value);
        lines.push(line);
    }
    lines
}

impl Value {
    fn lines(&self, room: Option<usize>) -> Vec<Line> {
        match (self, room) {
            (Value::Wrapped(line), Some(room)) => line.wrap(room),
            (Value::Cut(line), Some(room)) => vec![line.cut_end(room)],
            (Value::Wrapped(line) | Value::Cut(line), None) => vec![line.clone()],
        }
    }
}

/// Column in which keys begin.
const KEYS: usize = 2;
/// Column in which values begin.
const VALUES: usize = 16;
/// Room below which values stand under their keys.
const LEAST_ROOM: usize = 24;
