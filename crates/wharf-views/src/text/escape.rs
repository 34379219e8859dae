//! Makes text from outside harmless: what would steer a terminal, or hide, is written out as `\x1b`, `\u{202e}`.
//!
//! Not here: widths (`line`), and quoting for a shell (`words`).

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Returns `text` with every character escaped that is not plainly visible.
///
/// Escaped are control characters, format characters (bidirectional overrides, zero-width ones), line and
/// paragraph separators, spaces other than U+0020, private and unassigned characters, and combining marks
/// that have no base or are heaped upon one. Other Unicode stays. The result holds no line break.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    // A mark at the start would sit on whatever is drawn before it.
    let mut marks = MOST_MARKS;
    for c in text.chars() {
        match sort(c) {
            Sort::Visible => {
                out.push(c);
                marks = 0;
            }
            Sort::Mark if marks < MOST_MARKS => {
                out.push(c);
                marks += 1;
            }
            Sort::Mark | Sort::Hidden => {
                push_escaped(&mut out, c);
                marks = 0;
            }
        }
    }
    Cow::Owned(out)
}

/// Returns whether a terminal may be sent `c` as it is.
pub(crate) fn is_raw_safe(c: char) -> bool {
    sort(c) != Sort::Hidden
}

#[derive(PartialEq, Eq)]
enum Sort {
    /// Takes one or two columns and is seen.
    Visible,
    /// Takes no column and sits on the character before it.
    Mark,
    /// Steers, or takes part unseen.
    Hidden,
}

fn sort(c: char) -> Sort {
    if matches!(c, ' '..='~') {
        return Sort::Visible;
    }
    if is_blank_letter(c) || !is_printable(c) {
        return Sort::Hidden;
    }
    match c.width() {
        Some(0) => Sort::Mark,
        Some(_) => Sort::Visible,
        None => Sort::Hidden,
    }
}

/// Asks the standard library, whose tables (Cc, Cf, Cn, Co, Zl, Zp, Zs) only `escape_debug` opens. After a
/// first character it leaves combining marks alone.
fn is_printable(c: char) -> bool {
    let mut buffer = [0; 5];
    buffer[0] = b'a';
    let length = c.encode_utf8(&mut buffer[1..]).len();
    let text = std::str::from_utf8(&buffer[..=length]).unwrap_or_default();
    text.escape_debug().nth(1) == Some(c)
}

/// Characters that count as letters, marks or symbols and leave nothing, or only a blank, to see
/// (Unicode's Default_Ignorable_Code_Point outside Cf, and the empty Braille pattern).
fn is_blank_letter(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn push_escaped(out: &mut String, c: char) {
    let written = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\0'..='\u{ff}' => write!(out, "\\x{:02x}", u32::from(c)),
        _ => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// Marks that one character may carry; Vietnamese and Thai need two, pointed Hebrew three.
const MOST_MARKS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::escape;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(escape(text), expect);
    }

    #[test]
    fn terminal_sequences_are_written_out() {
        check("\x1b[31mred\x07\r\n\t\u{9b}2J\x7f", r"\x1b[31mred\x07\r\n\t\x9b2J\x7f");
        check("\x1b]0;title\x1b\\", r"\x1b]0;title\x1b\");
    }

    #[test]
    fn what_turns_or_hides_text_is_written_out() {
        check("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e", r"a\u{202e}b\u{2066}c\u{200b}d\u{feff}e");
        check("\u{ad}\u{2028}\u{3164}\u{e0041}\u{fe0f}", r"\xad\u{2028}\u{3164}\u{e0041}\u{fe0f}");
    }

    #[test]
    fn printable_unicode_stays() {
        check("größe 東京 résumé e\u{301} 🦀 'x' \\", "größe 東京 résumé e\u{301} 🦀 'x' \\");
    }

    #[test]
    fn marks_without_a_base_or_in_heaps_are_written_out() {
        check("\u{301}a", r"\u{301}a");
        check("a\u{301}\u{301}\u{301}\u{301}", "a\u{301}\u{301}\u{301}\\u{301}");
    }
}
