//! The chores of the workspace: `cargo xtask CHORE`.
//!
//! Here: which chore runs, and the text that names them. Each chore is a module of its own.
//! Not here: anything that wharf itself needs. Nothing depends on this crate.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a tool: it starts programs, opens ports in namespaces of its own, and prints"
)]

mod bench;
mod cross;
mod generate;
mod release;
mod suite;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask CHORE

  tidy                 hold the rules of the house that no compiler holds
  test [ARGS…]         install what the tests need where that may be, run them all, list what was skipped
  races                run the tests of races whole, not the share of them that the suite has
  e2e [--full]         run the tests of real programs under wharf run; --full: the heavy ones, too
  bench ls [OPTIONS]   measure wharf beside ss, netstat and lsof (--help tells the options)
  bench run [--write]  measure programs under wharf run beside the same ones bare
  bench isolate [--write]  measure isolated runs, and the relay, beside the same programs bare
  bench router [OPTIONS]  measure the router beside nginx, HAProxy, Caddy and portless (--help tells the options)
  gen [--check]        write completions, man pages and schemas to docs/reference (--check: only compare)
  check                type-check the crates without C code for Windows and macOS
  deny                 check licences, bans, sources and advisories of the dependencies
  release              build the release binary, then deny
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the chore that `arguments` name; false means that it ran and found fault.
fn run(arguments: &[String]) -> Result<bool> {
    let (chore, rest) = match arguments {
        [] => ("help", arguments),
        [chore, rest @ ..] => (chore.as_str(), rest),
    };
    match chore {
        "tidy" => tidy::run(),
        "test" => suite::run(rest),
        "races" => suite::races(),
        "e2e" => suite::run_programs(rest),
        "bench" => bench::run(rest),
        // The benchmark runs itself again: inside its namespaces, and as the processes of a load.
        "bench-inside" => bench::inside(rest),
        "bench-run-inside" => bench::runs::inside(rest),
        "bench-isolate-inside" => bench::isolated::inside(rest),
        "bench-router-inside" => bench::router::inside(rest),
        "bench-serve" => bench::isolated::serve(),
        "bench-open-listeners" => bench::runs::open_listeners(),
        "load-child" => bench::load::child(rest),
        "gen" => generate::run(rest),
        "check" => cross::run(),
        "deny" => release::deny(),
        "release" => release::run(),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(true)
        }
        other => bail!("no chore is named {other}\n\n{USAGE}"),
    }
}
