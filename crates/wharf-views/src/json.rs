//! The model as JSON: one document, or one line an event (NDJSON). The types of `wharf-model` are the format.
//!
//! Characters that would steer a terminal, or hide, are written as `\uXXXX`: the same JSON, and harmless to
//! look at. Not here: the schemas (`schema`).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter};

use crate::text::is_raw_safe;

/// How a document is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In one line: for programs, and the only layout of NDJSON.
    Line,
    /// Indented: for a terminal.
    Indented,
}

/// Writes `value` as a JSON document and a line break.
///
/// # Errors
/// What `out` returns.
pub fn write_document<T: Serialize>(out: &mut dyn Write, value: &T, layout: Layout) -> io::Result<()> {
    match layout {
        Layout::Line => write_with(out, value, CompactFormatter),
        Layout::Indented => write_with(out, value, PrettyFormatter::new()),
    }
}

fn write_with<T: Serialize, F: Formatter>(out: &mut dyn Write, value: &T, inner: F) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Harmless { inner }))?;
    out.write_all(b"\n")
}

/// A layout that writes strings so that a terminal may be sent them.
struct Harmless<F> {
    inner: F,
}

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Most strings are plain ASCII, and a look at bytes is quicker than one at characters.
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.inner.write_string_fragment(writer, fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| !is_raw_safe(c)) {
            let (before, from) = rest.split_at(at);
            self.inner.write_string_fragment(writer, before)?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        self.inner.write_string_fragment(writer, rest)
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.inner.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object_value(writer)
    }
}
