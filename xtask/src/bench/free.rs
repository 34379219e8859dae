//! `cargo xtask bench free`: every occupant of `wharf-testkit/occupants`, in fresh namespaces for each tool, is to give up its port
//! to wharf, killport, fkill, kill-port, fuser and lsof; and a program apart from them all says what became of it.
//!
//! Fails where wharf does not what it promises, never for what others do. Not here: the occupants (`wharf-testkit`), the tools
//! ([`tools`]) and the tables ([`table`]).

mod table;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wharf_testkit::occupant::{Deed, Occupant, Verdict};
use wharf_testkit::sandbox::Sandbox;

use self::tools::Tool;
use super::{build, machine, write_between};
use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask bench free [--only WORD] [--tools A,B] [--wharf PATH] [--write]

  --only WORD     only occupants with this in their name
  --tools A,B     only these tools: wharf, killport, fkill, kill-port, fuser, lsof
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
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for occupant in Occupant::all().into_iter().filter(|occupant| options.asks(occupant)) {
        let sandbox = Sandbox::new(&wharf.display().to_string()).map_err(anyhow::Error::msg)?;
        if let Some(why) = occupant.lacks(&sandbox, &packages) {
            eprintln!("{}: left out: {why}", occupant.name);
            left_out.push(format!("{}: {why}", occupant.name));
            continue;
        }
        drop(sandbox);
        let tried = tools.iter().map(|tool| outcome(&occupant, tool, &wharf, &packages));
        let outcomes = tried.collect::<Result<Vec<Outcome>>>()?;
        rows.push(Row { occupant, outcomes });
    }
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
    wharf: Option<PathBuf>,
    write: bool,
}

impl Options {
    /// Reads them; nothing where help was asked for.
    fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let mut options = Self { only: None, tools: None, wharf: None, write: false };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{flag} takes a value\n{USAGE}"));
            match flag.as_str() {
                "--help" | "-h" => return Ok(None),
                "--only" => options.only = Some(value()?.clone()),
                "--tools" => options.tools = Some(value()?.split(',').map(str::to_owned).collect()),
                "--wharf" => options.wharf = Some(Path::new(value()?).to_owned()),
                "--write" => options.write = true,
                other => bail!("{other} is no option\n{USAGE}"),
            }
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
