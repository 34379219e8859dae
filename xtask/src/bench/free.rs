//! `cargo xtask bench free`: every occupant of `wharf-testkit/occupants`, in fresh namespaces for each tool, is to give up its port
//! to wharf, killport, fkill, kill-port, fuser and lsof; and a program apart from them all says what became of it.
//!
//! Fails where wharf does not what it promises, never for what others do. Not here: the occupants (`wharf-testkit`), the tools
//! ([`tools`]) and the tables ([`table`]).

mod table;
mod tools;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use wharf_testkit::occupant::{Deed, Occupant, Verdict};
use wharf_testkit::sandbox::Sandbox;

use self::tools::Tool;
use super::{build, machine, write_between};
use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask bench free [--only WORD] [--tools A,B] [--jobs N] [--wharf PATH] [--write]

  --only WORD     only occupants with this in their name
  --tools A,B     only these tools: wharf, killport, fkill, kill-port, fuser, lsof
  --jobs N        so many occupants at once, each in namespaces of its own (default 3; most of the time is waiting)
  --wharf PATH    try this binary instead of building one
  --write         put the tables into docs/benchmarks.md
";
const BEGIN: &str = "<!-- bench free: begin -->";
const END: &str = "<!-- bench free: end -->";

/// One occupant, and what each tool made of it.
struct Row {
    occupant: Occupant,
    /// In the order of the tools.
    outcomes: Vec<Outcome>,
}

/// What one tool made of one occupant.
struct Outcome {
    deed: Deed,
    verdict: Verdict,
}

/// Tries them and prints; false if wharf did not what it promises.
pub(super) fn run(arguments: &[String]) -> Result<bool> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let tools = tools::install(options.tools.as_deref())?;
    let wharf = match &options.wharf {
        Some(path) => fs::canonicalize(path).with_context(|| format!("find {}", path.display()))?,
        None => build()?,
    };
    let packages = match std::env::var_os("WHARF_TEST_ENV") {
        Some(folder) => PathBuf::from(folder),
        None => workspace::target_dir()?.join("test-env"),
    };
    let (mut occupants, mut left_out) = (Vec::new(), Vec::new());
    for occupant in Occupant::all().into_iter().filter(|occupant| options.asks(occupant)) {
        let sandbox = Sandbox::new(&wharf.display().to_string()).map_err(anyhow::Error::msg)?;
        match occupant.lacks(&sandbox, &packages) {
            Some(why) => left_out.push(format!("{}: {why}", occupant.name)),
            None => occupants.push(occupant),
        }
    }
    for one in &left_out {
        eprintln!("left out: {one}");
    }
    let rows = all(&occupants, &tools, options.jobs, &|occupant, tool| {
        // A machine under load may fail to set a scene in time; then nothing is said of the tool.
        let attempt = || outcome(occupant, tool, &wharf, &packages);
        catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| attempt())
    })?;
    if rows.is_empty() {
        bail!("no occupant has that in its name");
    }
    let text = table::markdown(&machine::alone(), &tools, &rows, &left_out);
    println!("{text}");
    if options.write {
        write_between(BEGIN, END, &text)?;
    }
    let is_wharf = |(tool, _): &(&Tool, &Outcome)| tool.is_wharf();
    Ok(rows.iter().all(|row| {
        let of_wharf = tools.iter().zip(&row.outcomes).find(is_wharf);
        of_wharf.is_none_or(|(_, outcome)| {
            outcome.is_right(&row.occupant) && outcome.deed.code == Some(row.occupant.code)
        })
    }))
}

/// Tries every tool on every occupant, several of these at once.
fn all(
    occupants: &[Occupant],
    tools: &[Tool],
    jobs: usize,
    outcome: &(dyn Fn(&Occupant, &Tool) -> Result<Outcome> + Sync),
) -> Result<Vec<Row>> {
    let next = AtomicUsize::new(0);
    let rows: Mutex<Vec<(usize, Result<Row>)>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((at, occupant)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    occupants.get(at).map(|occupant| (at, occupant))
                } {
                    let outcomes = tools.iter().map(|tool| outcome(occupant, tool)).collect::<Result<_>>();
                    let row = outcomes.map(|outcomes| Row { occupant: occupant.clone(), outcomes });
                    rows.lock().unwrap_or_else(PoisonError::into_inner).push((at, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Sets the scene anew and has `tool` free the port.
fn outcome(occupant: &Occupant, tool: &Tool, wharf: &Path, packages: &Path) -> Result<Outcome> {
    let sandbox = Sandbox::new(&wharf.display().to_string()).map_err(anyhow::Error::msg)?;
    let words = tool.words(occupant, &sandbox)?;
    let mut scene = occupant.set(&sandbox, packages);
    let deed = occupant.freed_by(&mut scene, &sandbox, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let verdict = occupant.judged(&scene, &sandbox);
    scene.end();
    let outcome = Outcome { deed, verdict };
    eprintln!("{}: {}: {}", occupant.name, tool.name, table::in_a_word(occupant, &outcome));
    if std::env::var_os("WHARF_BENCH_TELLS").is_some() {
        eprintln!("{:#?}", outcome.deed);
    }
    Ok(outcome)
}

impl Row {
    /// Whether the port is to be free afterwards; else all has to stay as it is.
    fn is_to_be_freed(&self) -> bool {
        is_to_be_freed(&self.occupant)
    }
}

fn is_to_be_freed(occupant: &Occupant) -> bool {
    occupant.code == 0
}

impl Outcome {
    /// Whether the port was free right after.
    fn freed(&self) -> bool {
        self.verdict.held.is_empty()
    }

    /// Whether everything that has no part in it is still there.
    fn spared(&self) -> bool {
        self.verdict.gone.is_empty() && self.verdict.miscounts.is_empty()
    }

    fn is_right(&self, occupant: &Occupant) -> bool {
        self.spared() && (!is_to_be_freed(occupant) || self.verdict.is_free())
    }
}

struct Options {
    only: Option<String>,
    tools: Option<Vec<String>>,
    jobs: usize,
    wharf: Option<PathBuf>,
    write: bool,
}

impl Options {
    /// Reads them; nothing where help was asked for.
    fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let mut options = Self { only: None, tools: None, jobs: 3, wharf: None, write: false };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{flag} takes a value\n{USAGE}"));
            match flag.as_str() {
                "--help" | "-h" => return Ok(None),
                "--only" => options.only = Some(value()?.clone()),
                "--tools" => options.tools = Some(value()?.split(',').map(str::to_owned).collect()),
                "--jobs" => options.jobs = value()?.parse().context("--jobs takes a number")?,
                "--wharf" => options.wharf = Some(Path::new(value()?).to_owned()),
                "--write" => options.write = true,
                other => bail!("{other} is no option\n{USAGE}"),
            }
        }
        if options.jobs == 0 {
            bail!("--jobs takes at least 1");
        }
        Ok(Some(options))
    }

    /// Whether the occupant is to be tried; not what only wharf has an option for.
    fn asks(&self, occupant: &Occupant) -> bool {
        occupant.free.first().is_some_and(|word| word == "7777")
            && occupant.free.iter().any(|word| word == "--yes")
            && self.only.as_ref().is_none_or(|word| occupant.name.contains(word.as_str()))
    }
}
