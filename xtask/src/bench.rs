//! `cargo xtask bench ls`: wharf beside ss, netstat, lsof and fuser, under four loads, in one run.
//!
//! Each load lives in pid, network and mount namespaces of its own, so that every tool sees the same
//! machine and nothing of this one. The tools take turns (A B C D A B C D …), so that a busy moment
//! hits all of them. This measures and prints; it never passes or fails on a time. It does fail if
//! wharf's answer is wrong.
//!
//! Here: the options and the way into the namespaces. Not here: the loads ([`load`]), the clock
//! ([`measure`]), the tools ([`rivals`]) and the tables ([`report`]).

mod contest;
mod daemon;
mod free;
pub(crate) mod isolated;
pub(crate) mod load;
mod machine;
mod measure;
mod report;
mod rivals;
pub(crate) mod router;
pub(crate) mod runs;
mod web;
mod why;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::{self, cargo};
use load::Load;

const USAGE: &str = "\
usage: cargo xtask bench run [--write]
       cargo xtask bench isolate [--write]
       cargo xtask bench why [OPTIONS] (--help tells them)
       cargo xtask bench free [OPTIONS] (--help tells them)
       cargo xtask bench router [OPTIONS] (--help tells them)
       cargo xtask bench ls [--rounds N] [--loads A,B,C,D] [--wharf PATH] [--write]

  --rounds N      runs of each tool (default 20; tools over 300 ms get a third of them)
  --loads A,B,C,D only these loads (A: 100 processes; B: 1,000 listeners; C: 50,000 connections; D: mixed)
  --wharf PATH    measure this binary instead of building one
  --write         put the tables into docs/benchmarks.md
";

/// The paper that carries the tables, between these two lines.
const PAPER: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- bench ls: begin -->";
const END: &str = "<!-- bench ls: end -->";

struct Options {
    rounds: usize,
    loads: Vec<Load>,
    wharf: Option<PathBuf>,
    write: bool,
}

/// Measures and prints; false never.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    if let [what, rest @ ..] = arguments
        && what == "run"
    {
        return runs::run(rest);
    }
    if let [what, rest @ ..] = arguments
        && what == "isolate"
    {
        return isolated::run(rest);
    }
    if let [what, rest @ ..] = arguments
        && what == "why"
    {
        return why::run(rest);
    }
    if let [what, rest @ ..] = arguments
        && what == "free"
    {
        return free::run(rest);
    }
    if let [what, rest @ ..] = arguments
        && what == "router"
    {
        return router::run(rest);
    }
    let Some(options) = Options::parse(arguments)? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let wharf = match &options.wharf {
        Some(path) => fs::canonicalize(path).with_context(|| format!("find {}", path.display()))?,
        None => build()?,
    };
    let mut results = Vec::new();
    for load in &options.loads {
        eprintln!("load {}: {}", load.name, load.description);
        results.push(measure_load(load, &wharf, options.rounds)?);
    }
    let text = report::markdown(&machine::line(), &results);
    println!("{text}");
    if options.write {
        write_between(BEGIN, END, &text)?;
    }
    Ok(true)
}

/// Runs inside the namespaces: makes the load, measures, prints the result as JSON.
pub(crate) fn inside(arguments: &[String]) -> Result<bool> {
    let [name, rounds, wharf] = arguments else { bail!("bench-inside LOAD ROUNDS WHARF") };
    let load = Load::named(name)?;
    prepare_namespace()?;
    let running = load::start(&load)?;
    let result = measure::compare(&load, &running, wharf, rounds.parse()?)?;
    println!("{result}");
    running.stop()?;
    Ok(true)
}

impl Options {
    /// Returns the options; `None` if help was asked for.
    fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let [what, rest @ ..] = arguments else { return Ok(None) };
        if what != "ls" {
            return Ok(None);
        }
        let mut options = Self { rounds: 20, loads: Load::all().to_vec(), wharf: None, write: false };
        let mut rest = rest.iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{option} needs a value"));
            match option.as_str() {
                "--rounds" => options.rounds = value()?.parse().context("--rounds needs a number")?,
                "--loads" => options.loads = value()?.split(',').map(Load::named).collect::<Result<_>>()?,
                "--wharf" => options.wharf = Some(value()?.into()),
                "--write" => options.write = true,
                "--help" | "-h" => return Ok(None),
                other => bail!("no option is named {other}\n\n{USAGE}"),
            }
        }
        if options.rounds == 0 {
            bail!("--rounds needs at least 1");
        }
        Ok(Some(options))
    }
}

fn build() -> Result<PathBuf> {
    workspace::must(cargo().args(["build", "--quiet", "--release", "--package", "wharf"]))?;
    Ok(workspace::target_dir()?.join("release/wharf"))
}

fn measure_load(load: &Load, wharf: &std::path::Path, rounds: usize) -> Result<Value> {
    // The load needs many descriptors; the hard limit is what we may take without asking.
    let script = "ulimit -Sn \"$(ulimit -Hn)\"; exec unshare \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "unshare"]);
    if !workspace::is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--net", "--mount", "--fork", "--kill-child", "--mount-proc", "--"]);
    command.arg(std::env::current_exe()?).args(["bench-inside", load.name, &rounds.to_string()]).arg(wharf);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start unshare")?;
    if !output.status.success() {
        bail!("load {} could not be measured", load.name);
    }
    serde_json::from_slice(&output.stdout).context("read the measurements")
}

fn prepare_namespace() -> Result<()> {
    workspace::must(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    // So that pids are not confused with other numbers in what the tools print. Not allowed everywhere,
    // and without it only the time to the first pid is less sharp.
    let _ = fs::write("/proc/sys/kernel/ns_last_pid", "20000");
    Ok(())
}

/// Puts `text` into the paper, between two of its lines.
fn write_between(begin: &str, end: &str, text: &str) -> Result<()> {
    let path = workspace::root().join(PAPER);
    let paper = fs::read_to_string(&path).with_context(|| format!("read {PAPER}"))?;
    fs::write(&path, between(&paper, begin, end, text)?).with_context(|| format!("write {PAPER}"))
}

/// Returns `paper` with `text` between two lines of it.
fn between(paper: &str, begin: &str, end: &str, text: &str) -> Result<String> {
    let (before, rest) = paper.split_once(begin).with_context(|| format!("{PAPER} has no {begin}"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("{PAPER} has no {end}"))?;
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_replace_what_stands_between_the_markers() {
        let paper = format!("# Head\n{BEGIN}\nold\n{END}\nfoot\n");
        let written = between(&paper, BEGIN, END, "new\n").unwrap();
        assert_eq!(written, format!("# Head\n{BEGIN}\n\nnew\n\n{END}\nfoot\n"));
        assert!(between("# Head\n", BEGIN, END, "new").is_err());
    }

    #[test]
    fn options_are_read() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let options = Options::parse(&words("ls --rounds 5 --loads A,C --write")).unwrap().unwrap();
        assert_eq!((options.rounds, options.loads.len(), options.write), (5, 2, true));
        assert!(Options::parse(&words("ls --rounds 0")).is_err());
        assert!(Options::parse(&words("ls --loads E")).is_err());
        assert!(Options::parse(&words("--help")).unwrap().is_none());
    }
}
