//! Words of a command line as a shell takes them, for commands that a person is to copy.
//!
//! Not here: what a terminal would obey (views escape that).

/// Returns `word` as sh(1) reads it back.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns `words` as a command line.
#[must_use]
pub fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{line, quoted};

    #[test]
    fn a_shell_reads_each_word_back_as_it_was() {
        assert_eq!(quoted("--port=3000"), "--port=3000");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(line(["pm2", "stop", "web; rm -rf ~"]), "pm2 stop 'web; rm -rf ~'");
    }
}
