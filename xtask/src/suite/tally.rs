//! How many tests passed, failed and were skipped, from what the runners print.
//!
//! Knows the summary of nextest and the result lines of cargo's own runner. Not here: running them.

use std::io::{BufRead, BufReader, Read, Write};

use anyhow::Result;

/// Who prints the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// One summary at the end. What a failed test printed, a line of its own runner among it, comes before.
    Nextest,
    /// A result line for each test binary.
    Cargo,
}

impl Runner {
    /// Returns who runs the tests.
    pub(super) fn of(has_nextest: bool) -> Self {
        if has_nextest { Self::Nextest } else { Self::Cargo }
    }
}

/// Counts of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    passed: usize,
    failed: usize,
    /// Left out by the runner itself.
    left_out: usize,
    /// The runner failed, whatever it counted: a test crashed it, or nothing compiled.
    pub(super) broken: bool,
}

/// Copies `from` to `to` line by line and adds up what `runner` counts in it.
pub(super) fn count(runner: Runner, from: impl Read, mut to: impl Write) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        tally.read_line(runner, &String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(tally)
}

impl Tally {
    /// Adds the counts of `other`.
    pub(super) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.left_out += other.left_out;
        self.broken |= other.broken;
    }

    /// Returns the counts of those tests alone that were meant to run.
    pub(super) fn without_left_out(&self) -> Self {
        Self { left_out: 0, ..self.clone() }
    }

    /// Returns whether nothing failed and something ran.
    pub(super) fn is_good(&self) -> bool {
        self.failed == 0 && !self.broken
    }

    /// Returns the last line of a run in which `skips` tests skipped themselves, wholly or in part.
    ///
    /// The runner counts these as passed; here they are not.
    pub(super) fn line(&self, skips: usize) -> String {
        // A runner that broke without counting a failure has failed once.
        let failed = if self.broken { self.failed.max(1) } else { self.failed };
        let passed = self.passed.saturating_sub(skips);
        format!("{passed} passed, {failed} failed, {} skipped", self.left_out + skips)
    }

    fn read_line(&mut self, runner: Runner, line: &str) {
        let line = line.trim();
        let counts = match runner {
            // `Summary [   1.2s] 9 tests run: 8 passed (1 slow), 1 failed, 2 skipped`
            Runner::Nextest => {
                line.strip_prefix("Summary").and_then(|rest| Some(rest.split_once(" run: ")?.1))
            }
            // `test result: ok. 8 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; …`
            Runner::Cargo => line.strip_prefix("test result: "),
        };
        let Some(counts) = counts else { return };
        for part in counts.split([',', ';', '.']) {
            let mut words = part.trim().trim_start_matches("ok").split_whitespace();
            let (Some(number), Some(kind)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match kind {
                "passed" => self.passed += number,
                "failed" | "timed" | "exec" => self.failed += number,
                "skipped" | "ignored" | "filtered" => self.left_out += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(runner: Runner, text: &str, line: &str, good: bool) {
        let mut copy = Vec::new();
        let tally = count(runner, text.as_bytes(), &mut copy).unwrap();
        assert_eq!(copy, text.as_bytes());
        assert_eq!((tally.line(0).as_str(), tally.is_good()), (line, good));
    }

    #[test]
    fn nextest_is_counted() {
        check(
            Runner::Nextest,
            "     Summary [   1.204s] 9 tests run: 9 passed (1 slow), 2 skipped\n",
            "9 passed, 0 failed, 2 skipped",
            true,
        );
        check(
            Runner::Nextest,
            "     Summary [   0.1s] 4/9 tests run: 2 passed, 1 failed, 1 timed out, 0 skipped\n",
            "2 passed, 2 failed, 0 skipped",
            false,
        );
    }

    #[test]
    fn output_of_a_failed_test_is_not_counted() {
        check(
            Runner::Nextest,
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 51 filtered out\n\
             \u{20}    Summary [   0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped\n",
            "1 passed, 1 failed, 0 skipped",
            false,
        );
    }

    #[test]
    fn cargo_is_counted_over_all_binaries() {
        check(
            Runner::Cargo,
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "4 passed, 1 failed, 1 skipped",
            false,
        );
    }

    #[test]
    fn broken_runner_has_failed() {
        let tally = Tally { broken: true, ..Tally::default() };
        assert_eq!((tally.line(0).as_str(), tally.is_good()), ("0 passed, 1 failed, 0 skipped", false));
    }

    #[test]
    fn own_skips_count_as_skipped() {
        assert_eq!(
            Tally { passed: 5, left_out: 1, ..Tally::default() }.line(2),
            "3 passed, 0 failed, 3 skipped"
        );
    }
}
