//! The lines of wharf in /etc/hosts, hosts(5): one block a user, whose every line bears a mark, so that they are known one
//! by one, whatever became of the block. All other lines stay as they are and where they are, byte by byte.
//!
//! ```text
//! # wharf-begin 1000: kept by wharf, changes are lost; wharf names uninstall removes it
//! 127.0.0.1    api.shop.test    # wharf 1000
//! ::1    api.shop.test    # wharf 1000
//! 127.91.22.214    db.shop.test    # wharf 1000
//! # wharf-end 1000
//! ```
//!
//! A name is a word, or `NAME=ADDRESS` for one that has an address of loopback for itself. One name a line: musl reads 512 bytes of a line. Not here: the file ([`super`]), and which names there are.

use std::net::Ipv4Addr;

/// What becomes of a text, and what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The text.
    pub text: Vec<u8>,
    /// What was found of the user's block that is not as wharf has written it, in a sentence.
    pub repaired: Option<&'static str>,
}

/// Returns the name and the address of a word; no address if it has none of its own, none of both if that is not of
/// loopback.
#[must_use]
pub fn parts(word: &str) -> Option<(&str, Option<Ipv4Addr>)> {
    match word.split_once('=') {
        None => Some((word, None)),
        Some((name, address)) => {
            let address = address.parse().ok().filter(Ipv4Addr::is_loopback)?;
            Some((name, Some(address)))
        }
    }
}

/// Returns `text` with a block of `names` for user `uid` in the place of the one that it has, else at its end; without
/// names, with no block.
#[must_use]
pub fn rewrite(text: &[u8], uid: u32, names: &[String]) -> Rewritten {
    let marks = Marks::of(uid);
    let lines: Vec<(Option<Ours>, &[u8])> =
        text.split_inclusive(|byte| *byte == b'\n').map(|line| (marks.sort(line), line)).collect();
    let repaired = damage(&lines);
    let first = lines.iter().position(|(ours, _)| ours.is_some());
    let mut before = others(&lines[..first.unwrap_or(lines.len())]);
    let after = others(&lines[first.unwrap_or(lines.len())..]);
    // What was put after the last line of another, which had no end, is taken away with the block; not if it divides two
    // lines by now.
    let begin = lines.iter().find(|(ours, _)| *ours == Some(Ours::Begin { had_no_end: true }));
    if let Some((_, begin)) = begin.filter(|_| after.is_empty()) {
        let end = if begin.ends_with(b"\r\n") { &b"\r\n"[..] } else { b"\n" };
        before.truncate(before.strip_suffix(end).map_or(before.len(), <[u8]>::len));
    }
    if names.is_empty() {
        before.extend(if begin.is_some() { bequeath(after) } else { after });
        return Rewritten { text: before, repaired };
    }
    let end = line_end(&before, &after);
    let lacks_end = !before.is_empty() && !before.ends_with(b"\n");
    if lacks_end {
        before.extend(end);
    }
    let has_no_end = lacks_end || begin.is_some() && !after.is_empty();
    for line in marks.block(names, has_no_end) {
        before.extend(line.as_bytes());
        before.extend(end);
    }
    before.extend(after);
    Rewritten { text: before, repaired }
}

/// Returns the names in the block of user `uid`, each once.
#[must_use]
pub fn names(text: &[u8], uid: u32) -> Vec<String> {
    let marks = Marks::of(uid);
    let entries = text.split(|byte| *byte == b'\n').filter(|line| marks.sort(line) == Some(Ours::Entry));
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let fields = String::from_utf8_lossy(entry);
        let mut fields = fields.split('#').next().unwrap_or_default().split_whitespace();
        let own = fields.next().filter(|address| *address != BOTH[0] && *address != BOTH[1]);
        for name in fields {
            let word = own.map_or_else(|| name.to_owned(), |address| format!("{name}={address}"));
            if !names.contains(&word) {
                names.push(word);
            }
        }
    }
    names
}

/// A line of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ours {
    Begin {
        /// Whether the line before it had no end.
        had_no_end: bool,
    },
    Entry,
    End,
}

struct Marks {
    begin: String,
    entry: String,
    end: String,
}

impl Marks {
    fn of(uid: u32) -> Self {
        Self {
            begin: format!("{ANY_BEGIN}{uid}: "),
            entry: format!("# wharf {uid}"),
            end: format!("# wharf-end {uid}"),
        }
    }

    fn sort(&self, line: &[u8]) -> Option<Ours> {
        let line = line.trim_ascii();
        if let Some(rest) = line.strip_prefix(self.begin.as_bytes()) {
            return Some(Ours::Begin { had_no_end: rest.ends_with(NO_END.as_bytes()) });
        }
        if line == self.end.as_bytes() {
            return Some(Ours::End);
        }
        let entry = line.strip_suffix(self.entry.as_bytes())?;
        // Nothing, or something that ends there: another's comment may have the words, too.
        (!entry.contains(&b'#') && entry.ends_with(b"\t")).then_some(Ours::Entry)
    }

    fn block(&self, names: &[String], has_no_end: bool) -> Vec<String> {
        let Self { begin, entry, end } = self;
        let mut lines = vec![format!("{begin}{WORDS}{}", if has_no_end { NO_END } else { "" })];
        for (name, own) in names.iter().filter_map(|word| parts(word)) {
            match own {
                Some(address) => lines.push(format!("{address}\t{name}\t{entry}")),
                None => lines.extend(BOTH.map(|address| format!("{address}\t{name}\t{entry}"))),
            }
        }
        lines.push(end.clone());
        lines
    }
}

/// Returns what is wrong with a block: one is a begin, entries and an end, and there is one at most.
fn damage(lines: &[(Option<Ours>, &[u8])]) -> Option<&'static str> {
    let is_ours = |(ours, _): &(Option<Ours>, &[u8])| ours.is_some();
    let first = lines.iter().position(is_ours)?;
    let last = lines.iter().rposition(is_ours)?;
    let count = |wanted: fn(Ours) -> bool| {
        lines.iter().filter_map(|(ours, _)| *ours).filter(|ours| wanted(*ours)).count()
    };
    let begins = count(|ours| matches!(ours, Ours::Begin { .. }));
    let ends = count(|ours| ours == Ours::End);
    match (begins, ends) {
        (2.., _) | (_, 2..) => return Some("there were several of wharf's blocks; one is left"),
        (1, 1) => {}
        _ => return Some("half of wharf's block was missing; it is whole again"),
    }
    let is_block = matches!(lines[first].0, Some(Ours::Begin { .. })) && lines[last].0 == Some(Ours::End);
    if !is_block {
        return Some("lines of wharf's block stood outside of it; they are in it again");
    }
    lines[first..last]
        .iter()
        .any(|line| !is_ours(line))
        .then_some("there were lines of others in wharf's block; they stand after it now")
}

/// Leaves it to the block of another user, where one follows, to take away the line end before.
fn bequeath(after: Vec<u8>) -> Vec<u8> {
    let first = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    if !first.starts_with(ANY_BEGIN.as_bytes()) || first.ends_with(NO_END.as_bytes()) {
        return after;
    }
    [first, NO_END.as_bytes(), &after[first.len()..]].concat()
}

fn others(lines: &[(Option<Ours>, &[u8])]) -> Vec<u8> {
    lines.iter().filter(|(ours, _)| ours.is_none()).flat_map(|(_, line)| line.iter().copied()).collect()
}

/// Returns how the last line before the block ends, else the first after it.
fn line_end(before: &[u8], after: &[u8]) -> &'static [u8] {
    let last = before.iter().rposition(|byte| *byte == b'\n');
    let is_crlf = match last {
        Some(at) => before[..at].ends_with(b"\r"),
        None => {
            after.split_inclusive(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n"))
        }
    };
    if is_crlf { b"\r\n" } else { b"\n" }
}

/// Where a name leads that has no address of its own.
const BOTH: [&str; 2] = ["127.0.0.1", "::1"];
const ANY_BEGIN: &str = "# wharf-begin ";
const WORDS: &str = "kept by wharf, changes are lost; wharf names uninstall removes it";
/// Said where the line before the block had no end of its own.
const NO_END: &str = " (with the line end before)";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{names, rewrite};

    fn some() -> Vec<String> {
        ["api.shop.test", "shop.test"].map(str::to_owned).to_vec()
    }

    fn text(text: &[u8], uid: u32, names: &[String]) -> String {
        String::from_utf8(rewrite(text, uid, names).text).unwrap()
    }

    #[test]
    fn a_block_is_appended_and_taken_away() {
        let file = b"127.0.0.1\tlocalhost\n";
        let installed = text(file, 1000, &some());
        assert_eq!(
            installed,
            "127.0.0.1\tlocalhost\n\
             # wharf-begin 1000: kept by wharf, changes are lost; wharf names uninstall removes it\n\
             127.0.0.1\tapi.shop.test\t# wharf 1000\n::1\tapi.shop.test\t# wharf 1000\n\
             127.0.0.1\tshop.test\t# wharf 1000\n::1\tshop.test\t# wharf 1000\n\
             # wharf-end 1000\n"
        );
        assert_eq!(names(installed.as_bytes(), 1000), some());
        assert_eq!(rewrite(installed.as_bytes(), 1000, &some()).repaired, None);
        assert_eq!(text(installed.as_bytes(), 1000, &some()), installed);
        assert_eq!(text(installed.as_bytes(), 1000, &[]).as_bytes(), file);
    }

    #[test]
    fn it_stays_where_it_is_and_leaves_that_of_another_user_alone() {
        let both = text(text(b"a\n", 1, &some()).as_bytes(), 1000, &some()) + "z\n";
        let fewer = text(both.as_bytes(), 1, &some()[..1]);
        assert!(fewer.starts_with("a\n# wharf-begin 1: ") && fewer.ends_with("z\n"), "{fewer}");
        assert_eq!((names(fewer.as_bytes(), 1).len(), names(fewer.as_bytes(), 1000)), (1, some()));
        assert_eq!(text(text(fewer.as_bytes(), 1, &[]).as_bytes(), 1000, &[]), "a\nz\n");
    }

    #[test]
    fn a_name_may_have_an_address_for_itself() {
        let words =
            ["api.shop.test", "db.shop.test=127.91.22.214", "evil.test=10.0.0.1", "x=y"].map(str::to_owned);
        let installed = text(b"a\n", 1000, &words);
        assert!(
            installed.contains("\n127.91.22.214\tdb.shop.test\t# wharf 1000\n# wharf-end"),
            "{installed}"
        );
        assert!(!installed.contains("evil") && !installed.contains('='), "{installed}");
        assert_eq!(names(installed.as_bytes(), 1000), &words[..2]);
        assert_eq!(rewrite(installed.as_bytes(), 1000, &words[..2]).text, installed.as_bytes());
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        let installed = text(b"a\r\nb\r\n", 1000, &some());
        assert!(!installed.replace("\r\n", "").contains('\n'), "{installed:?}");
        assert_eq!(text(installed.as_bytes(), 1000, &[]), "a\r\nb\r\n");
        for file in ["a\r\nb", "a\nb", "b", "b\r", "", "\n", "a\r\nb\r"] {
            let installed = text(file.as_bytes(), 1000, &some());
            assert_eq!(names(installed.as_bytes(), 1000), some(), "{file:?}");
            let again = text(installed.as_bytes(), 1000, &some()[..1]);
            assert_eq!(text(again.as_bytes(), 1000, &[]), file, "{installed:?}");
        }
        // Two users, in any order.
        let both = text(text(b"a", 1, &some()).as_bytes(), 2, &some());
        for (first, second) in [(1, 2), (2, 1)] {
            let renewed = text(both.as_bytes(), first, &some()[..1]);
            assert_eq!(text(text(renewed.as_bytes(), first, &[]).as_bytes(), second, &[]), "a");
        }
        // Somebody has added a line since: the two are not joined.
        let added = text(b"a", 1000, &some()) + "b\n";
        assert_eq!(text(added.as_bytes(), 1000, &[]), "a\nb\n");
    }

    #[test]
    fn what_is_left_of_a_block_is_repaired_and_told() {
        let whole = text(b"a\n", 1000, &some());
        let repair = |text: &str| {
            let done = rewrite(text.as_bytes(), 1000, &some());
            let removed = rewrite(&done.text, 1000, &[]);
            (done.repaired.unwrap_or_default(), String::from_utf8(removed.text).unwrap())
        };
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let (said, left) = repair(&lines[..4].concat());
        assert!(said.contains("half") && left == "a\n", "{said} {left:?}");
        let (said, left) = repair(&[&["a\n"], &lines[3..], &["127.0.0.1 mine\n"]].concat().concat());
        assert!(said.contains("half") && left == "a\n127.0.0.1 mine\n", "{said} {left:?}");
        let (said, left) = repair(&(whole.clone() + "b\n" + &lines[1..].concat()));
        assert!(said.contains("several") && left == "a\nb\n", "{said} {left:?}");
        let mut mixed = lines.clone();
        mixed.insert(3, "10.0.0.1 inside\n");
        let (said, left) = repair(&mixed.concat());
        assert!(said.contains("of others") && left == "a\n10.0.0.1 inside\n", "{said} {left:?}");
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        let (said, left) = repair(&sorted.concat());
        assert!(!said.is_empty() && left == "a\n", "{said} {left:?}");
    }

    #[test]
    fn only_what_bears_the_mark_is_ours() {
        for line in [
            "# wharf-end 100010.0.0.1 joined\n",
            "# wharf-begin 10000: x\n",
            "# about # wharf 1000\n",
            "1.2.3.4 x# wharf 1000\n",
            "127.0.0.1\tx\t# wharf 10001\n",
        ] {
            assert_eq!(rewrite(line.as_bytes(), 1000, &[]).text, line.as_bytes());
        }
    }

    fn fragments() -> impl Strategy<Value = Vec<u8>> {
        let block = rewrite(b"", 1000, &some()).text;
        let lines: Vec<Vec<u8>> = block.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let mut pieces = vec![
            b"127.0.0.1 localhost\n".to_vec(),
            b"::1 a b c # wharf\r\n".to_vec(),
            b"\n".to_vec(),
            b"\r".to_vec(),
            b"x".to_vec(),
            block.clone(),
            rewrite(b"x", 1000, &some()).text,
            rewrite(b"", 1, &some()).text,
        ];
        pieces.extend(lines);
        let piece = prop_oneof![proptest::sample::select(pieces), prop::collection::vec(any::<u8>(), 0..12)];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// The lines that are not of user 1000, without what ends them.
    fn lines_of_others(text: &[u8]) -> Vec<Vec<u8>> {
        let marks = super::Marks::of(1000);
        let lines = text.split(|byte| *byte == b'\n').filter(|line| marks.sort(line).is_none());
        let lines = lines.map(<[u8]>::trim_ascii_end);
        // Handed from one block to the next.
        let lines = lines.map(|line| line.strip_suffix(super::NO_END.as_bytes()).unwrap_or(line).to_vec());
        lines.filter(|line| !line.is_empty()).collect()
    }

    proptest! {
        #[test]
        fn no_line_of_another_is_lost_changed_or_moved(text in fragments()) {
            let installed = rewrite(&text, 1000, &some()).text;
            let removed = rewrite(&installed, 1000, &[]);
            prop_assert_eq!(lines_of_others(&installed), lines_of_others(&text));
            prop_assert_eq!(lines_of_others(&removed.text), lines_of_others(&text));
            prop_assert_eq!(names(&installed, 1000), some());
            prop_assert_eq!(removed.repaired, None, "what was written is whole");
            prop_assert_eq!(&rewrite(&installed, 1000, &some()).text, &installed);
            prop_assert_eq!(&rewrite(&removed.text, 1000, &some()[..1]).repaired, &None);
        }

        #[test]
        fn a_file_without_a_block_is_the_same_again(text in prop::collection::vec(any::<u8>(), 0..200), end in proptest::sample::select(vec!["", "\r", "\n", "\r\n"])) {
            let text = [&text[..], b"x", end.as_bytes()].concat();
            let installed = rewrite(&text, 1000, &some()).text;
            prop_assert_eq!(&rewrite(&installed, 1000, &[]).text, &text);
            prop_assert!(installed.starts_with(&text));
        }
    }
}
