//! `cargo xtask test`: installs what the tests need where that may be, runs all of them, and says what
//! was skipped and why.
//!
//! Here: the order of these steps and the environment of the tests. What is needed stands in files
//! named `needs.txt` beside the tests ([`needs`]). Not here: the tests.

mod debian;
pub(crate) mod languages;
mod needs;
mod tally;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::workspace::{self, cargo, lasted};
use needs::Needs;
use tally::{Runner, Tally};

/// Folder with the virtual environment (`venv/`) and the Node packages (`npm/`) of the tests.
const ENV_FOLDER: &str = "WHARF_TEST_ENV";

/// File to which a test that skips itself appends one line: `test name: reason`.
const ENV_SKIPPED: &str = "WHARF_SKIPPED";

/// Makes the tests of races run whole.
const ENV_RACES: &str = "WHARF_RACES";

/// Runs the tests of races whole, with their figures: a thousand runs at once, a hundred thousand calls under fire.
pub(crate) fn races() -> Result<bool> {
    run_selected(&["races".to_owned()], true)
}

/// Installs what is needed, runs the tests with `arguments` and prints the summary; false if one failed.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    run_selected(arguments, false)
}

fn run_selected(arguments: &[String], races: bool) -> Result<bool> {
    let start = Instant::now();
    let folder = workspace::target_dir()?.join("test-env");
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let needs = Needs::read(&workspace::root())?;
    let mut notes = debian::install(&needs.debian);
    notes.extend(languages::install_python(&needs.python, &folder.join("venv")));
    notes.extend(languages::install_node(&needs.node, &folder.join("npm")));
    print_warnings(&notes);
    println!("what the tests need: looked after in {}", lasted(start.elapsed()));

    let skipped = folder.join("skipped.txt");
    fs::write(&skipped, "").with_context(|| format!("write {}", skipped.display()))?;
    let mut tally = Tally::default();
    for (runner, mut command) in runners(arguments) {
        if races {
            command.env(ENV_RACES, "all");
            match runner {
                Runner::Nextest => command.arg("--success-output=immediate"),
                Runner::Cargo => command.args(["--", "--nocapture"]),
            };
        }
        tally.add(&run_tests(runner, command, &folder, &skipped)?);
    }
    let skips = skips(&skipped)?;
    print_end(&notes, &skips, start);
    println!("{}", tally.line(skipped_tests(&skips)));
    Ok(tally.is_good())
}

/// Returns the commands that run the tests: nextest and then the examples in docs, or cargo alone.
fn runners(arguments: &[String]) -> Vec<(Runner, Command)> {
    let mut tests = cargo();
    if !workspace::quietly(cargo().args(["nextest", "--version"])) {
        tests.args(["test", "--workspace", "--no-fail-fast"]).args(arguments);
        return vec![(Runner::Cargo, tests)];
    }
    tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(arguments);
    let mut examples = cargo();
    examples.args(["test", "--workspace", "--doc", "--quiet"]);
    // A person who names tests wants those, not the examples in the docs too.
    let mut runners = vec![(Runner::Nextest, tests)];
    if arguments.is_empty() {
        runners.push((Runner::Cargo, examples));
    }
    runners
}

/// Runs one runner, shows its output as it comes, and counts.
fn run_tests(runner: Runner, mut command: Command, folder: &Path, skipped: &Path) -> Result<Tally> {
    command.env(ENV_FOLDER, folder).env(ENV_SKIPPED, skipped).env("INSTA_UPDATE", "no");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let errors = std::thread::spawn(move || tally::count(runner, stderr, std::io::stderr()));
    let mut tally = tally::count(runner, stdout, std::io::stdout())?;
    tally.add(&errors.join().expect("counting does not panic")?);
    if !child.wait()?.success() {
        tally.broken = true;
    }
    Ok(tally)
}

/// Returns the lines that tests wrote when they skipped themselves, each once.
fn skips(file: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let mut lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines.dedup();
    Ok(lines)
}

/// Counts the tests among `skips`; one that left out several parts is one.
fn skipped_tests(skips: &[String]) -> usize {
    let names = skips.iter().filter_map(|line| line.split_once(": ").map(|(name, _)| name));
    names.collect::<BTreeSet<_>>().len()
}

fn print_warnings(notes: &[String]) {
    for note in notes {
        println!("warning: {note}");
    }
}

fn print_end(notes: &[String], skips: &[String], start: Instant) {
    println!();
    print_warnings(notes);
    match skips {
        [] => println!("nothing was skipped"),
        skips => {
            println!("skipped, and why:");
            for skip in skips {
                println!("  {skip}");
            }
        }
    }
    println!("took {}", lasted(start.elapsed()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_that_skips_two_parts_is_one() {
        let skips = ["it::a: no network", "it::a: no engine", "it::b: not root"].map(str::to_owned);
        assert_eq!(skipped_tests(&skips), 2);
    }
}
