//! Host names and whether they are found, and the difference of two texts of a file. Not here: who is asked (`wharf-os`).

use std::io::{self, Write};

use wharf_model::names::Names;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::warning::fold;

/// Writes which names there are, and how each of them is found.
///
/// # Errors
/// What `out` returns.
pub fn write_names(out: &mut dyn Write, names: &Names, style: &Style) -> io::Result<()> {
    let mut lines = Vec::new();
    for domain in &names.domains {
        let by = domain.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        let text = match domain.resolves {
            true => format!(" leads here{by}: nothing has to be written"),
            false => format!(" leads nowhere by itself: its names have to stand in {}", names.file),
        };
        lines.push(Line::of(Ink::Strong, &format!("*.{}", domain.domain)).and(Ink::Plain, &text));
    }
    if names.names.is_empty() {
        lines.push(Line::of(Ink::Plain, "there are no names yet: wharf run and wharf port give them"));
    }
    for name in &names.names {
        let resolves =
            names.domains.iter().any(|it| it.resolves && name.ends_with(&format!(".{}", it.domain)));
        let text = match (names.installed.contains(name), resolves) {
            (true, _) => format!(" stands in {}", names.file),
            (false, true) => " is found".to_owned(),
            (false, false) => " is not found (wharf names install)".to_owned(),
        };
        lines.push(Line::of(Ink::Name, name).and(Ink::Plain, &text));
    }
    for name in names.installed.iter().filter(|name| !names.names.contains(name)) {
        let text = format!(" stands in {} and is no service's any more", names.file);
        lines.push(Line::of(Ink::Dim, name).and(Ink::Dim, &text));
    }
    let notes = names.notes.iter().map(|note| Line::of(Ink::Plain, note));
    lines.extend(notes);
    let folded: Vec<Line> = lines.iter().flat_map(|line| fold(line, style)).collect();
    write_lines(out, &folded, style)
}

/// Writes what changes from `before` to `after`, as `diff -u` does.
///
/// # Errors
/// What `out` returns.
pub fn write_difference(
    out: &mut dyn Write,
    file: &str,
    before: &[u8],
    after: &[u8],
    style: &Style,
) -> io::Result<()> {
    let split = |text: &[u8]| -> Vec<String> {
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    };
    let (old, new) = (split(before), split(after));
    let same = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let most = old.len().min(new.len()) - same;
    let same_at_end =
        old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(one, other)| one == other).count();
    if same == old.len() && same == new.len() {
        return Ok(());
    }
    let first = same.saturating_sub(CONTEXT);
    let more = same_at_end.min(CONTEXT);
    let (old_end, new_end) = (old.len() - same_at_end, new.len() - same_at_end);
    let range = |end: usize| match end + more - first {
        0 => format!("{first},0"),
        count => format!("{},{count}", first + 1),
    };
    let mut lines = vec![
        Line::of(Ink::Strong, &format!("--- {file}")),
        Line::of(Ink::Strong, &format!("+++ {file}")),
        Line::of(Ink::Dim, &format!("@@ -{} +{} @@", range(old_end), range(new_end))),
    ];
    let mut push = |sign: &str, ink: Ink, texts: &[String]| {
        for text in texts {
            lines
                .push(Line::of(ink, &format!("{sign}{}", text.trim_end_matches('\n').replace('\t', "    "))));
            if !text.ends_with('\n') {
                lines.push(Line::of(Ink::Dim, "\\ No newline at end of file"));
            }
        }
    };
    push(" ", Ink::Plain, &old[first..same]);
    push("-", Ink::Plain, &old[same..old_end]);
    push("+", Ink::Strong, &new[same..new_end]);
    push(" ", Ink::Plain, &old[old_end..old_end + more]);
    write_lines(out, &lines, style)
}

/// Lines that are shown before and after what changes.
const CONTEXT: usize = 3;

#[cfg(test)]
mod tests {
    use wharf_model::timestamp::Timestamp;

    use super::write_difference;
    use crate::style::Style;

    fn shown(before: &str, after: &str) -> String {
        let mut out = Vec::new();
        let style = Style::plain(Timestamp::from_unix_ms(0).unwrap(), 1000);
        write_difference(&mut out, "/etc/hosts", before.as_bytes(), after.as_bytes(), &style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_difference_is_shown_as_diff_shows_it() {
        assert_eq!(shown("a\n", "a\n"), "");
        assert_eq!(
            shown("1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n5\n"),
            "--- /etc/hosts\n+++ /etc/hosts\n@@ -2,4 +2,5 @@\n 2\n 3\n 4\n+x\n 5\n"
        );
        assert_eq!(
            shown("a", "a\nb\n"),
            "--- /etc/hosts\n+++ /etc/hosts\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n"
        );
        assert_eq!(shown("", "b\n"), "--- /etc/hosts\n+++ /etc/hosts\n@@ -0,0 +1,1 @@\n+b\n");
        assert!(shown("\x1b[31m\n", "\x1b[31m\nb\n").contains("\\x1b"), "nothing raw");
    }
}
