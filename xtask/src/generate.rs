//! `cargo xtask gen`: writes completions, man pages and JSON Schemas from the binary itself to `docs/reference/`, and the
//! pages of causes to `docs/causes/`; with `--check`, only compares.
//!
//! The binary is the one source: what it parses and prints is what the pages say. Not here: any text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{self, cargo};

/// Folder of everything generated. Files that the binary no longer makes are removed from it.
const REFERENCE: &str = "docs/reference";

/// Folder of the pages of causes, of which the same is true.
const CAUSES: &str = "docs/causes";

/// Shells that have completions, and the file name that each expects.
const SHELLS: &[(&str, &str)] = &[("bash", "wharf.bash"), ("zsh", "_wharf"), ("fish", "wharf.fish")];

/// Documents that have a schema.
const SCHEMAS: &[&str] = &["endpoints", "port", "event", "diagnosis", "causes"];

/// Paths below [`REFERENCE`] and their content.
type Pages = BTreeMap<String, Vec<u8>>;

/// Writes the pages, or compares them with `--check`; false if they differ.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    let only_check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: cargo xtask gen [--check]"),
    };
    workspace::must(cargo().args(["build", "--quiet", "--package", "wharf"]))?;
    let target = workspace::target_dir()?;
    let (wharf, scratch) = (target.join("debug/wharf"), target.join("generated-man"));
    let reference = pages(&wharf, &scratch)?;
    let causes = folder_of(&wharf, &scratch, &["--causes"])?;
    let good = settle(REFERENCE, &reference, only_check)?;
    Ok(settle(CAUSES, &causes, only_check)? && good)
}

/// Writes what was made into `place`, or only compares; false if it differs.
fn settle(place: &str, made: &Pages, only_check: bool) -> Result<bool> {
    let folder = workspace::root().join(place);
    let committed = read_folder(&folder)?;
    let differing = differences(made, &committed);
    if only_check {
        for path in &differing {
            println!("error: {place}/{path} differs from what the binary makes: run cargo xtask gen");
        }
        println!("gen: {} pages of {place} compared", made.len());
        return Ok(differing.is_empty());
    }
    for path in &differing {
        let file = folder.join(path);
        match made.get(*path) {
            Some(content) => write(&file, content)?,
            None => fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?,
        }
        println!("wrote {place}/{path}");
    }
    println!("gen: {} pages of {place}, {} changed", made.len(), differing.len());
    Ok(true)
}

/// Asks `wharf` for every page.
fn pages(wharf: &Path, man: &Path) -> Result<Pages> {
    let mut pages = Pages::new();
    for (shell, file) in SHELLS {
        pages.insert(format!("completions/{file}"), ask(wharf, &["completions", shell])?);
    }
    for name in SCHEMAS {
        pages.insert(format!("schema/{name}.json"), ask(wharf, &["schema", name])?);
    }
    let manual = folder_of(wharf, man, &[])?;
    pages.extend(manual.into_iter().map(|(path, content)| (format!("man/{path}"), content)));
    Ok(pages)
}

/// Returns the files that `wharf man` writes.
fn folder_of(wharf: &Path, scratch: &Path, flags: &[&str]) -> Result<Pages> {
    if scratch.exists() {
        fs::remove_dir_all(scratch).with_context(|| format!("remove {}", scratch.display()))?;
    }
    fs::create_dir_all(scratch).with_context(|| format!("make {}", scratch.display()))?;
    workspace::must(Command::new(wharf).arg("man").args(flags).arg(scratch))?;
    let pages = read_folder(scratch)?;
    if pages.is_empty() {
        bail!("wharf man {} writes nothing", flags.join(" "));
    }
    Ok(pages)
}

fn ask(wharf: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    // The width of a terminal must not change what is generated.
    let text = workspace::output(Command::new(wharf).args(arguments).env("COLUMNS", "100"))?;
    if text.is_empty() {
        bail!("wharf {} prints nothing", arguments.join(" "));
    }
    Ok(text.into_bytes())
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    fs::create_dir_all(file.parent().expect("a page lies in a folder"))?;
    fs::write(file, content).with_context(|| format!("write {}", file.display()))
}

/// Returns every path that only one side has, or that differs.
fn differences<'a>(made: &'a Pages, committed: &'a Pages) -> Vec<&'a str> {
    let mut paths: Vec<&str> = made.keys().chain(committed.keys()).map(String::as_str).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.retain(|path| made.get(*path) != committed.get(*path));
    paths
}

/// Reads every file below `folder`; nothing if there is no such folder.
fn read_folder(folder: &Path) -> Result<Pages> {
    let mut pages = Pages::new();
    let mut folders: Vec<PathBuf> = folder.is_dir().then(|| folder.to_owned()).into_iter().collect();
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("read {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(folder).expect("an entry lies below its folder");
                pages.insert(below.to_string_lossy().into_owned(), fs::read(&path)?);
            }
        }
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_stale_and_changed_pages_differ() {
        let pages = |list: &[(&str, &str)]| -> Pages {
            list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let made = pages(&[("new", "1"), ("same", "1"), ("changed", "1")]);
        let committed = pages(&[("stale", "1"), ("same", "1"), ("changed", "2")]);
        assert_eq!(differences(&made, &committed), ["changed", "new", "stale"]);
    }
}
