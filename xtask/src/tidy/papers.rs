//! The papers keep up with the house: links lead somewhere, and every crate is on the map.

use super::house::{File, Finding, House};

/// The map of the house.
const MAP: &str = "docs/architecture.md";

/// Every relative link in a Markdown file leads to a file, and its anchor to a heading; so does every
/// `docs/….md` that comments or settings mention.
pub(super) fn links_resolve(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &house.files {
        if file.path.ends_with(".md") {
            findings.extend(markdown_links(house, file));
        } else if file.is_rust() || file.path.ends_with(".toml") || file.path.starts_with(".ci/") {
            findings.extend(mentions(house, file));
        }
    }
    findings
}

/// Every crate is named on the map.
pub(super) fn crates_are_on_the_map(house: &House) -> Vec<Finding> {
    let map = house.file(MAP).map_or("", |file| file.text.as_str());
    let missing = house.crates().filter(|name| !map.contains(&format!("`{name}`")));
    missing
        .map(|name| Finding { path: MAP.to_owned(), line: 0, text: format!("does not name `{name}`") })
        .collect()
}

fn markdown_links(house: &House, file: &File) -> Vec<Finding> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for target in link_targets(line) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { file.path.clone() } else { resolve(folder, path) };
            let problem = if !house.holds(&path) {
                format!("link leads nowhere: {target}")
            } else if !anchor.is_empty() && !has_heading(house, &path, anchor) {
                format!("no such heading: {target}")
            } else {
                continue;
            };
            findings.push(file.finding(index + 1, problem));
        }
    }
    findings
}

/// Returns the relative targets of the inline links of a line.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ']).next()?;
        let is_outer = target.contains("://") || target.starts_with("mailto:");
        (!is_outer && !target.is_empty()).then_some(target)
    })
}

fn mentions(house: &House, file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Of Rust only the comments: a string may name what is made later.
    let is_read = |line: &str| !file.is_rust() || line.trim_start().starts_with("//");
    for (index, line) in file.text.lines().enumerate().filter(|(_, line)| is_read(line)) {
        for (at, _) in line.match_indices("docs/") {
            let is_path = |character: char| character.is_ascii_alphanumeric() || "/_-.".contains(character);
            let path: String = line[at..].chars().take_while(|character| is_path(*character)).collect();
            let path = path.trim_end_matches('.');
            // A longer path is another project's, and one without `.md` may be written by a chore.
            let starts =
                at == 0 || !line[..at].ends_with(|character: char| is_path(character) && character != '.');
            if starts && path.ends_with(".md") && !house.holds(path) {
                findings.push(file.finding(index + 1, format!("mentions {path}, which is not there")));
            }
        }
    }
    findings
}

/// Joins a relative `path` to `folder`, following `..`.
fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn has_heading(house: &House, path: &str, anchor: &str) -> bool {
    let Some(file) = house.file(path) else { return false };
    file.text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor)
}

/// Returns the anchor that a heading gets.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            character if character.is_alphanumeric() || "-_".contains(character) => Some(character),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::house::check;
    use super::*;

    #[test]
    fn dead_link_is_refused() {
        let house = House::of(&[
            ("docs/a.md", "[b](b.md) [up](../README.md) [web](https://example.org/x)\n[gone](gone.md)\n"),
            ("docs/b.md", "# B\n"),
            ("README.md", "[docs](docs/)\n"),
        ]);
        check(&links_resolve(&house), &[("docs/a.md", 2)]);
    }

    #[test]
    fn dead_anchor_is_refused() {
        let house = House::of(&[("a.md", "## Exit codes\n[here](#exit-codes)\n[gone](#exit-code)\n")]);
        check(&links_resolve(&house), &[("a.md", 3)]);
    }

    #[test]
    fn mention_of_a_missing_paper_is_refused() {
        let code = "//! See docs/map.md.\n//! See docs/gone.md.\nconst A: &str = \"docs/made.md\";\n";
        let house = House::of(&[("xtask/src/a.rs", code), ("docs/map.md", "# Map\n")]);
        check(&links_resolve(&house), &[("xtask/src/a.rs", 2)]);
    }

    #[test]
    fn crate_that_is_not_on_the_map_is_refused() {
        let house = House::of(&[
            ("crates/wharf-os/Cargo.toml", ""),
            ("crates/wharf-sys/Cargo.toml", ""),
            ("docs/architecture.md", "`wharf-os`\n"),
        ]);
        check(&crates_are_on_the_map(&house), &[("docs/architecture.md", 0)]);
    }
}
