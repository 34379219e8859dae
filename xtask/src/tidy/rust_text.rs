//! Rust source with the content of comments and literals blanked, so that rules look at code alone.
//!
//! A scanner, no parser: it knows comments, strings, raw strings, characters and lifetimes, and
//! nothing of grammar. Lines and columns stay what they are.

/// Returns `text` with every byte of comments and of the content of literals replaced by a space.
///
/// Line breaks stay, so that line numbers hold.
pub(super) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = blank_end(bytes, at);
        if end == at {
            code.push(bytes[at]);
            at += 1;
        } else {
            code.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
            at = end;
        }
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Returns whether `word` stands at `at` of `line` as a word of its own.
fn is_word_at(line: &str, at: usize, word: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = at.checked_sub(1).map(|index| line.as_bytes()[index]);
    let after = line.as_bytes().get(at + word.len()).copied();
    !before.is_some_and(is_part) && !after.is_some_and(is_part)
}

/// Returns whether `line` has `word` as a word of its own.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| is_word_at(line, at, word))
}

/// Returns where the comment or literal that begins at `at` ends; `at` itself if none begins there.
fn blank_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let starts_word = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment(rest),
        [b'"', ..] => at + quoted(rest, b'"'),
        [b'b' | b'c', b'"', ..] if starts_word => at + 1 + quoted(&rest[1..], b'"'),
        [b'b', b'\'', ..] if starts_word => at + 1 + quoted(&rest[1..], b'\''),
        [b'r', b'"' | b'#', ..] if starts_word => at + raw_string(rest, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if starts_word => at + raw_string(rest, 2),
        [b'\'', b'\\', ..] => at + quoted(rest, b'\''),
        [b'\'', ..] => at + character(rest),
        _ => at,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of the raw string whose hashes begin at `hashes`; 0 for a raw identifier.
fn raw_string(rest: &[u8], hashes: usize) -> usize {
    let count = rest[hashes..].iter().take_while(|byte| **byte == b'#').count();
    let open = hashes + count;
    if rest.get(open) != Some(&b'"') {
        return 0;
    }
    let close: Vec<u8> = [b"\"".as_slice(), &b"#".repeat(count)].concat();
    let content = &rest[open + 1..];
    let end = content.windows(close.len()).position(|window| window == close);
    end.map_or(rest.len(), |end| open + 1 + end + close.len())
}

/// Length of a character literal without an escape; 0 for a lifetime.
fn character(rest: &[u8]) -> usize {
    let longest = rest.len().min(6);
    let end = rest[1..longest].iter().position(|byte| *byte == b'\'');
    match end {
        Some(length @ 1..) if length == 1 || rest[1] >= 0x80 => length + 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, code: &str) {
        assert_eq!(code_only(text), code);
    }

    #[test]
    fn comments_are_blank() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
    }

    #[test]
    fn literals_are_blank() {
        check(r#"f("a\"b")"#, "f(      )");
        check(r##"f(r#"a"b"#)"##, "f(        )");
        check(r#"f(b"a", 'x', '\'', b'y')"#, "f(    ,    ,     ,     )");
    }

    #[test]
    fn lifetimes_and_raw_identifiers_stay() {
        check("fn f<'a>(r#type: &'a str)", "fn f<'a>(r#type: &'a str)");
    }

    #[test]
    fn quotes_in_comments_open_nothing() {
        check("// don't\nunsafe", "        \nunsafe");
    }

    #[test]
    fn words_stand_alone() {
        assert!(has_word("unsafe {", "unsafe"));
        assert!(!has_word("forbid(unsafe_code)", "unsafe"));
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_lines(text in "(?s)[ -~\n'\"/*#rb\\\\é]{0,200}") {
            prop_assert_eq!(code_only(&text).matches('\n').count(), text.matches('\n').count());
        }
    }
}
