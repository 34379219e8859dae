//! What must not stand in any file: places of one machine, hosts of one registry, spaces at line ends.
//!
//! The words here are written in two parts, so that this file passes its own rule.

use super::house::{File, Finding, House};

/// Folders that exist on one machine only, and hosts that a mirror or a proxy would change.
const WORDS: &[[&str; 2]] = &[
    ["/wo", "rk/"],
    ["index.crates", ".io"],
    ["static.crates", ".io"],
    ["registry.npmjs", ".org"],
    ["files.pythonhosted", ".org"],
    ["proxy.golang", ".org"],
    ["deb.debian", ".org"],
];

/// Root's home. Tests may name it: that wharf takes no home for a project is a rule of its own.
const ROOT_HOME: [&str; 2] = ["/ro", "ot/"];

/// No file names a folder of the machine it was written on, or the host of a registry.
pub(super) fn workplace_words(house: &House) -> Vec<Finding> {
    let mut words: Vec<String> = WORDS.iter().map(|parts| parts.concat()).collect();
    // Whoever runs this: their own home is as much out of place.
    let home = std::env::var("HOME").map(|home| format!("{home}/")).unwrap_or_default();
    words.extend(home.starts_with("/home/").then_some(home));
    let mut findings: Vec<Finding> = house.files.iter().flat_map(|file| file_words(file, &words)).collect();
    let is_test = |file: &&File| file.path.ends_with("tests.rs") || file.path.contains("/tests/");
    let others = house.files.iter().filter(|file| !is_test(file));
    findings.extend(others.flat_map(|file| file_words(file, &[ROOT_HOME.concat()])));
    findings
}

/// No line ends in a space or tab, and every file ends in one line break.
pub(super) fn trailing_spaces(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.files.iter().filter(|file| !is_left_alone(&file.path)) {
        for (index, line) in file.text.split('\n').enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(file.finding(index + 1, "space at the end of the line"));
            }
        }
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            findings.push(file.finding(0, "ends without exactly one line break"));
        }
    }
    findings
}

fn file_words(file: &File, words: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for word in words.iter().filter(|word| stands_alone(line, word)) {
            findings.push(file.finding(index + 1, format!("names {word}, a place of one machine")));
        }
    }
    findings
}

/// Whether `word` begins a path or host of its own, and is not the middle of a longer one.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~}".contains(before))
    })
}

/// Recorded answers, data and generated pages are as their makers wrote them; in Rust, rustfmt looks
/// after spaces and knows those inside literals.
fn is_left_alone(path: &str) -> bool {
    let endings = [".rs", ".txt", ".snap"];
    path.starts_with("docs/reference/")
        || path.contains("/fixtures/")
        || endings.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::super::house::check;
    use super::*;

    #[test]
    fn folder_of_one_machine_is_refused() {
        let text = format!("fine: crates/ro{0}x\nlog = \"/ro{0}x.log\"\n", "ot/");
        check(&workplace_words(&House::of(&[("a.toml", &text)])), &[("a.toml", 2)]);
        check(&workplace_words(&House::of(&[("crates/wharf-os/src/tests.rs", &text)])), &[]);
        let text = ["see /wo", "rk/notes\n"].concat();
        check(&workplace_words(&House::of(&[("src/tests.rs", &text)])), &[("src/tests.rs", 1)]);
    }

    #[test]
    fn registry_host_is_refused() {
        let text = format!("https://index.crates{}/x\n", ".io");
        check(&workplace_words(&House::of(&[("a.md", &text)])), &[("a.md", 1)]);
    }

    #[test]
    fn trailing_space_is_refused() {
        check(&trailing_spaces(&House::of(&[("a.md", "a \nb\n")])), &[("a.md", 1)]);
        check(&trailing_spaces(&House::of(&[("a.md", "a\n\n")])), &[("a.md", 0)]);
        check(&trailing_spaces(&House::of(&[("docs/reference/a.1", "a \n"), ("a.txt", "a\t\n")])), &[]);
    }
}
