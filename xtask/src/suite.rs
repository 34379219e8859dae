//! `cargo xtask test` and `cargo xtask e2e`: install what the tests need where that may be, run all of them
//! or those of real programs under `wharf run`, and say what was skipped and why.
//!
//! Here: the order of these steps and the environment of the tests. What is needed stands in files
//! named `needs.txt` and `needs-full.txt` beside the tests ([`needs`]). Not here: the tests.

pub(crate) mod debian;
pub(crate) mod languages;
mod needs;
mod tally;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace::{self, cargo, lasted};
use needs::Needs;
use tally::{Runner, Tally};

/// Folder with the virtual environment (`venv/`) and the Node packages (`npm/`) of the tests.
const ENV_FOLDER: &str = "WHARF_TEST_ENV";

/// File to which a test that skips itself appends one line: `test name: reason`.
const ENV_SKIPPED: &str = "WHARF_SKIPPED";

/// Makes the tests of races run whole.
const ENV_RACES: &str = "WHARF_RACES";

/// `full` if the heavy ones of the real programs are to be tested, too.
const ENV_PROGRAMS: &str = "WHARF_E2E";

/// The module of the tests of real programs.
const PROGRAMS: &str = "programs::";

/// Answers `cargo xtask test`: runs the tests with `arguments`; false if one failed.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    let (tally, skips) = install_and_run(&[needs::ALWAYS], |has_nextest| {
        let mut tests = test_command(has_nextest, &["--workspace"]);
        tests.args(arguments);
        let mut runners = vec![(Runner::of(has_nextest), tests)];
        // A person who names tests wants those, not the examples in the docs too. Cargo's own runner has them anyway.
        if has_nextest && arguments.is_empty() {
            let mut examples = cargo();
            examples.args(["test", "--workspace", "--doc", "--quiet"]);
            runners.push((Runner::Cargo, examples));
        }
        runners
    })?;
    println!("{}", tally.line(skips));
    Ok(tally.is_good())
}

/// Answers `cargo xtask races`: runs the tests of races whole, with their figures: a thousand runs at once, a hundred
/// thousand calls under fire.
pub(crate) fn races() -> Result<bool> {
    let (tally, skips) = install_and_run(&[needs::ALWAYS], |has_nextest| {
        let mut tests = test_command(has_nextest, &["--workspace", "races"]);
        tests.env(ENV_RACES, "all");
        tests.args(if has_nextest {
            ["--success-output=immediate"].as_slice()
        } else {
            &["--", "--nocapture"]
        });
        vec![(Runner::of(has_nextest), tests)]
    })?;
    println!("{}", tally.line(skips));
    Ok(tally.is_good())
}

/// Answers `cargo xtask e2e`: runs the tests of real programs, with `--full` those too that are left out otherwise.
pub(crate) fn run_programs(arguments: &[String]) -> Result<bool> {
    let full = match arguments {
        [] => false,
        [option] if option == "--full" => true,
        other => bail!("e2e takes --full and nothing else, not {}", other.join(" ")),
    };
    let needs: &[&str] = if full { &[needs::ALWAYS, needs::FULL] } else { &[needs::ALWAYS] };
    let (tally, skips) = install_and_run(needs, |has_nextest| {
        let mut tests = test_command(has_nextest, &["--package", "wharf", "--test", "it", PROGRAMS]);
        if full {
            tests.env(ENV_PROGRAMS, "full");
            // One at a time: each of the heavy ones is a load of its own.
            tests.env("NEXTEST_TEST_THREADS", "1").env("RUST_TEST_THREADS", "1");
        }
        vec![(Runner::of(has_nextest), tests)]
    })?;
    // All other tests have been left out, too.
    println!("{}", tally.without_left_out().line(skips));
    Ok(tally.is_good())
}

/// Installs what stands in the files of `needs`, runs the tests, tells what was skipped and why, and returns the
/// counts and how many tests skipped themselves.
fn install_and_run(
    needs: &[&str],
    runners: impl Fn(bool) -> Vec<(Runner, Command)>,
) -> Result<(Tally, usize)> {
    let start = Instant::now();
    let folder = workspace::target_dir()?.join("test-env");
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let mut notes = Vec::new();
    for file in needs {
        let needs = Needs::read(&workspace::root(), file)?;
        notes.extend(debian::install(&needs.debian));
        notes.extend(languages::install_python(&needs.python, &folder.join("venv")));
        // Packages of the full set have a folder of their own: they need other versions of the same ones.
        let node = if *file == needs::FULL { "full" } else { "npm" };
        notes.extend(languages::install_node(&needs.node, &folder.join(node)));
    }
    print_warnings(&notes);
    println!("what the tests need: looked after in {}", lasted(start.elapsed()));

    let skipped = folder.join("skipped.txt");
    fs::write(&skipped, "").with_context(|| format!("write {}", skipped.display()))?;
    let has_nextest = workspace::quietly(cargo().args(["nextest", "--version"]));
    let mut tally = Tally::default();
    for (runner, command) in runners(has_nextest) {
        tally.add(&run_tests(runner, command, &folder, &skipped)?);
    }
    let skips = skips(&skipped)?;
    print_end(&notes, &skips, start);
    Ok((tally, skipped_tests(&skips)))
}

/// Returns the command that runs tests, by nextest or by cargo alone.
fn test_command(has_nextest: bool, words: &[&str]) -> Command {
    let mut tests = cargo();
    tests.args(if has_nextest { ["nextest", "run"].as_slice() } else { &["test"] });
    tests.args(words).arg("--no-fail-fast");
    tests
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
