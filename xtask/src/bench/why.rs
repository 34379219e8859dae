//! `cargo xtask bench why`: every fault of `wharf-testkit/faults`, in fresh namespaces, as root and as an ordinary user: did wharf
//! name what was injected, and in what time; and what curl, nc, ss and witr say of the same.
//!
//! Fails if wharf names a wrong cause, or blames what is healthy; never on a time. Not here: the faults (`wharf-testkit`), and the
//! tables ([`table`]).

mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use wharf_testkit::fault::{Expected, Fault};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};

use super::{build, machine, write_between};

const USAGE: &str = "\
usage: cargo xtask bench why [--rounds N] [--only WORD] [--wharf PATH] [--write]

  --rounds N      runs of wharf for each fault and user (default 5); their median counts
  --only WORD     only faults with this in their group or name, and without the other tools
  --wharf PATH    measure this binary instead of building one
  --write         put the tables into docs/benchmarks.md
";
const BEGIN: &str = "<!-- bench why: begin -->";
const END: &str = "<!-- bench why: end -->";

/// What was found of one fault.
struct Row {
    fault: Fault,
    /// As root, and as an ordinary user where that can be tried.
    root: Told,
    user: Option<Told>,
    /// What the others say, in the order of [`OTHERS`]; empty where they were not asked.
    others: Vec<String>,
    /// Whether curl or nc was left waiting: then something has to time out.
    hangs: bool,
}

/// What wharf said.
struct Told {
    /// Codes of the causes, or the verdict without one.
    causes: Vec<String>,
    verdict: String,
    summary: String,
    /// Median of the whole process, in milliseconds.
    ms: f64,
    /// Whether it is what was injected.
    right: bool,
    /// Whether it names a cause that is none.
    wrong: bool,
}

/// The tools beside wharf.
const OTHERS: [&str; 4] = ["curl -v", "nc -zv", "ss -ltnp", "witr"];

/// Measures and prints; false if wharf was wrong.
pub(super) fn run(arguments: &[String]) -> Result<bool> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let wharf = match &options.wharf {
        Some(path) => fs::canonicalize(path).with_context(|| format!("find {}", path.display()))?,
        None => build()?,
    };
    let is_asked = |fault: &Fault| {
        options.only.as_ref().is_none_or(|word| format!("{}/{}", fault.group, fault.name).contains(word))
    };
    let mut rows = Vec::new();
    let mut left_out = Vec::new();
    for fault in Fault::all().into_iter().filter(is_asked) {
        let name = format!("{}/{}", fault.group, fault.name);
        let sandbox = Sandbox::new(&wharf.display().to_string()).map_err(anyhow::Error::msg)?;
        if let Some(why) = fault.lacks(&sandbox) {
            eprintln!("{name}: left out: {why}");
            left_out.push(format!("{name}: {why}"));
            continue;
        }
        let row = measured(fault, &sandbox, &options)?;
        eprintln!(
            "{name}: {} in {:.1} ms{}",
            row.root.causes.join(", "),
            row.root.ms,
            if row.is_right() { "" } else { "  WRONG" }
        );
        rows.push(row);
    }
    if rows.is_empty() {
        bail!("no fault has that in its name");
    }
    let text = table::markdown(&machine::line(), &rows, &left_out);
    println!("{text}");
    if options.write {
        write_between(BEGIN, END, &text)?;
    }
    Ok(rows.iter().all(Row::is_right))
}

impl Row {
    fn is_right(&self) -> bool {
        self.root.right && self.user.as_ref().is_none_or(|told| told.right)
    }
}

fn measured(fault: Fault, sandbox: &Sandbox, options: &Options) -> Result<Row> {
    let (scene, words) = fault.set(sandbox);
    let stopwatch = sandbox.folder().join("scenarios/stopwatch.py");
    fs::write(&stopwatch, include_str!("why/stopwatch.py"))?;
    let stopwatch = stopwatch.display().to_string();
    let mut arguments = vec!["why", "--json"];
    arguments.extend(words.iter().map(String::as_str));
    // What has to be waited for changes meanwhile.
    let rounds = if fault.waits.is_some() { "1".to_owned() } else { options.rounds.to_string() };
    let environment = fault.environment(&scene);
    let with = |run| environment.iter().fold(run, |run: Run<'_>, (name, value)| run.env(name, value));
    // The fault's own program starts wharf, where it says so, and is a part of what is timed no more than the sandbox is.
    let starter = fault.wrapper.clone().map(|(file, words)| {
        let script = sandbox.folder().join("scenarios").join(file).display().to_string();
        [vec!["/usr/bin/python3".to_owned(), script], words].concat()
    });
    let timed = |run: Run<'_>, rounds: &str| -> Result<Value> {
        let mut words: Vec<&str> = starter.iter().flatten().map(String::as_str).collect();
        words.extend(["/usr/bin/python3", &stopwatch, rounds]);
        let output = run.by(&words).output();
        serde_json::from_slice(&output.stdout).with_context(|| output.stderr.clone())
    };
    let user = match &fault.for_user {
        Some(expected) if sandbox.has_users() => {
            Some(told(&timed(with(sandbox.wharf(&arguments)).as_user(SOMEBODY), &rounds)?, expected)?)
        }
        _ => None,
    };
    let root = told(&timed(with(sandbox.wharf(&arguments)), &rounds)?, &fault.expected)?;
    let (mut others, mut hangs) = (Vec::new(), false);
    if options.only.is_none()
        && let Some(target) = words.first().filter(|word| !word.starts_with("--"))
    {
        for command in commands(target) {
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            let answer = match command.is_empty() {
                true => Value::Null,
                // Some of them wait for ever, whatever they are told.
                false => timed(with(sandbox.program(&[&["timeout", "3"], command.as_slice()].concat())), "1")
                    .unwrap_or(Value::Null),
            };
            hangs |= matches!(command.first(), Some(&("curl" | "nc")))
                && answer["ms"][0].as_f64().unwrap_or(0.0) > WAITED_MS;
            others.push(table::in_a_word(&answer));
        }
    }
    drop(scene);
    Ok(Row { fault, root, user, others, hangs })
}

fn told(timed: &Value, expected: &Expected) -> Result<Told> {
    let text = timed["stdout"].as_str().unwrap_or_default();
    let diagnosis: Value = serde_json::from_str(text)
        .with_context(|| format!("wharf said: {text}{}", timed["stderr"].as_str().unwrap_or_default()))?;
    let causes: Vec<String> = diagnosis["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|cause| Some(cause["code"].as_str()?.to_owned()))
        .collect();
    let verdict = diagnosis["verdict"].as_str().unwrap_or_default().to_owned();
    let (right, wrong) = match expected {
        Expected::Reachable => (verdict == "reachable", verdict == "cause_found"),
        Expected::CannotTell => (verdict == "cannot_tell", verdict == "cause_found"),
        Expected::Causes(codes) => (
            verdict == "cause_found" && causes == *codes,
            verdict == "cause_found" && causes.first() != codes.first(),
        ),
    };
    let mut times: Vec<f64> =
        timed["ms"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    let summary = diagnosis["summary"].as_str().unwrap_or_default().to_owned();
    Ok(Told {
        causes,
        verdict,
        summary,
        ms: times.get(times.len() / 2).copied().unwrap_or(0.0),
        right,
        wrong,
    })
}

/// Returns how the others are asked about `target`; empty where one cannot be.
fn commands(target: &str) -> [Vec<String>; 4] {
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
    if target.starts_with(['/', '@']) || target.starts_with("unix:") {
        let path = target.trim_start_matches("unix:");
        return [
            words(format!("curl -v -sS -o /dev/null --max-time 1 --unix-socket {path} http://localhost/")),
            words(format!("nc -zvU -w 1 {path}")),
            Vec::new(),
            Vec::new(),
        ];
    }
    let url = if target.contains("://") { target.to_owned() } else { format!("http://{target}") };
    let url = if target.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("http://localhost:{target}")
    } else {
        url
    };
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let host = host.trim_matches(['[', ']']);
    // Of a database's URL curl knows nothing.
    let curl = match url.starts_with("http") {
        true => words(format!("curl -v -sS -o /dev/null --max-time 1 {url}")),
        false => Vec::new(),
    };
    [
        curl,
        words(format!("nc -zv -w 1 {host} {port}")),
        words(format!("ss -Hltnp sport = :{port}")),
        words(format!("witr --port {port} --short")),
    ]
}

/// A client that takes longer than this was left waiting.
const WAITED_MS: f64 = 900.0;

struct Options {
    rounds: usize,
    only: Option<String>,
    wharf: Option<PathBuf>,
    write: bool,
}

impl Options {
    /// Reads them; nothing where help was asked for.
    fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let mut options = Self { rounds: 5, only: None, wharf: None, write: false };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{flag} takes a value\n{USAGE}"));
            match flag.as_str() {
                "--help" | "-h" => return Ok(None),
                "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
                "--only" => options.only = Some(value()?.clone()),
                "--wharf" => options.wharf = Some(Path::new(value()?).to_owned()),
                "--write" => options.write = true,
                other => bail!("{other} is no option\n{USAGE}"),
            }
        }
        Ok(Some(options))
    }
}
