//! The syntax of nginx's configuration: directives, blocks, quotes, comments and includes, bounded. Not here: what they mean.

use std::path::{Path, PathBuf};

use super::super::{List, Read};

/// A directive, with the block that it opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directive {
    /// Its name, and its arguments.
    pub(super) words: Vec<String>,
    /// Directives of its block.
    pub(super) block: Vec<Self>,
    /// File and line, `/etc/nginx/nginx.conf:12`.
    pub(super) at: String,
}

impl Directive {
    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Returns its arguments.
    pub(super) fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Returns the directives of that name in its block.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.block.iter().filter(move |directive| directive.name() == name)
    }
}

/// Files of a configuration, as they are read.
pub(super) struct Reader<'a> {
    read: Read<'a>,
    list: List<'a>,
    /// Directory that includes are relative to.
    base: PathBuf,
    files: usize,
    directives: usize,
}

impl<'a> Reader<'a> {
    /// Returns one for the configuration in `base`.
    pub(super) fn new(read: Read<'a>, list: List<'a>, base: &Path) -> Self {
        Self { read, list, base: base.to_owned(), files: 0, directives: 0 }
    }

    /// Reads a file; `None` if it cannot be read.
    pub(super) fn file(&mut self, path: &Path, depth: usize) -> Option<Vec<Directive>> {
        if self.files >= FILES || depth > DEPTH {
            return None;
        }
        self.files += 1;
        let text = (self.read)(path)?;
        let mut words = Words { rest: &text, line: 1 };
        Some(self.block(&mut words, path, depth))
    }

    fn block(&mut self, words: &mut Words<'_>, path: &Path, depth: usize) -> Vec<Directive> {
        let mut directives = Vec::new();
        let mut current = Directive::default();
        while self.directives < DIRECTIVES {
            words.skip_blanks();
            let line = words.line;
            match words.next() {
                None | Some(Word::Close) => break,
                Some(Word::Text(text)) => {
                    if current.words.is_empty() {
                        current.at = format!("{}:{line}", path.display());
                    }
                    current.words.push(text);
                }
                Some(Word::End) => self.finish(std::mem::take(&mut current), &mut directives, depth),
                Some(Word::Open) => {
                    if depth > DEPTH {
                        break;
                    }
                    // Lua's blocks are no directives.
                    if current.name().ends_with("_by_lua_block") {
                        words.skip_block();
                    } else {
                        current.block = self.block(words, path, depth + 1);
                    }
                    self.finish(std::mem::take(&mut current), &mut directives, depth);
                }
            }
        }
        directives
    }

    fn finish(&mut self, directive: Directive, directives: &mut Vec<Directive>, depth: usize) {
        self.directives += 1;
        if directive.name() != "include" {
            directives.push(directive);
            return;
        }
        for pattern in directive.arguments() {
            for path in self.matching(&self.base.join(pattern)) {
                directives.extend(self.file(&path, depth + 1).unwrap_or_default());
            }
        }
    }

    /// Returns the files that a pattern stands for, whose last part may have one star.
    fn matching(&self, pattern: &Path) -> Vec<PathBuf> {
        let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (Some((before, after)), Some(folder)) = (name.split_once('*'), pattern.parent()) else {
            return vec![pattern.to_owned()];
        };
        let fits = |name: &String| {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        };
        let mut names: Vec<String> = (self.list)(folder).into_iter().filter(fits).collect();
        names.sort();
        names.iter().map(|name| folder.join(name)).collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Text(String),
    End,
    Open,
    Close,
}

struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Option<Word> {
        self.skip_blanks();
        let first = self.take()?;
        Some(match first {
            ';' => Word::End,
            '{' => Word::Open,
            '}' => Word::Close,
            quote @ ('"' | '\'') => {
                let mut text = String::new();
                while let Some(letter) = self.take().filter(|letter| *letter != quote) {
                    let letter = if letter == '\\' { self.take().unwrap_or('\\') } else { letter };
                    text.push(letter);
                }
                Word::Text(text)
            }
            first => {
                let mut text = String::from(first);
                while let Some(next) = self.rest.chars().next() {
                    // A variable's braces belong to it.
                    let in_variable = next == '{' && text.ends_with('$');
                    if next.is_whitespace() || next == ';' || next == '{' && !in_variable {
                        break;
                    }
                    self.take();
                    text.push(next);
                    if in_variable {
                        while let Some(letter) = self.take() {
                            text.push(letter);
                            if letter == '}' {
                                break;
                            }
                        }
                    }
                }
                Word::Text(text)
            }
        })
    }

    fn take(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        self.line += usize::from(letter == '\n');
        Some(letter)
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.rest.chars().next() {
                Some('#') => while self.take().is_some_and(|letter| letter != '\n') {},
                Some(letter) if letter.is_whitespace() => {
                    self.take();
                }
                _ => return,
            }
        }
    }

    fn skip_block(&mut self) {
        let mut open = 1;
        while open > 0 {
            match self.take() {
                Some('{') => open += 1,
                Some('}') => open -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// Files of one configuration.
const FILES: usize = 100;
/// Blocks and files within each other.
const DEPTH: usize = 12;
/// Directives of one configuration.
const DIRECTIVES: usize = 20_000;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::{Directive, Reader};

    fn parsed(text: &str) -> Vec<Directive> {
        let read = |path: &Path| (path == Path::new("/c")).then(|| text.to_owned());
        Reader::new(&read, &|_| Vec::new(), Path::new("/")).file(Path::new("/c"), 0).unwrap()
    }

    #[test]
    fn blocks_quotes_and_comments_are_read() {
        let read =
            parsed("# x\nhttp { server { listen 80; # y\n return 200 \"a; }\"; set $a ${b}c; } }\nuser x;");
        assert_eq!(read.len(), 2);
        let server = &read[0].block[0];
        assert_eq!(server.all("return").next().unwrap().arguments(), ["200", "a; }"]);
        assert_eq!(server.all("set").next().unwrap().arguments(), ["$a", "${b}c"]);
        assert_eq!((server.all("listen").next().unwrap().at.as_str(), read[1].at.as_str()), ("/c:2", "/c:4"));
    }

    #[test]
    fn a_file_that_includes_itself_comes_to_an_end() {
        assert!(parsed("include c; a;").len() > 1);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[a-z;{}\"'# \n$\\\\]{0,200}") {
            let _ = parsed(&text);
        }
    }
}
