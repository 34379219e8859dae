//! The command line of `wharf free`. Not here: all other commands.

use std::time::Duration;

use clap::Args;

use super::why::duration;

#[derive(Args, Debug)]
#[command(after_help = FREE_EXAMPLES)]
pub(crate) struct Free {
    /// What is to be free: a port, ADDRESS:PORT, or the name of a run, container or unit
    #[arg(value_name = "PORT|ADDRESS:PORT|NAME", required = true)]
    pub(crate) targets: Vec<String>,

    /// Say who has it and what would be done, and do nothing
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,

    /// Do it without asking
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Never ask: without --yes nothing is done then, as where there is no terminal
    #[arg(long)]
    pub(crate) no_input: bool,

    /// Kill what does not end in time, without asking a second time
    #[arg(long, short)]
    pub(crate) force: bool,

    /// Time that what has the port may take to end, such as 500ms or 10s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// One JSON document (wharf.free/v1)
    #[arg(long, short)]
    pub(crate) json: bool,
}

const FREE_EXAMPLES: &str = "\
Programs are asked to end by the signal that each ends by fast and clean; what would start them again is stopped instead: \
a systemd unit and a container by their managers, nodemon, npm run and others by a signal to them. Clients of the port, \
the terminal, the editor and whatever this command runs under are never touched. Nothing is killed without --force or a \
second yes.

Exit status: 0 it is free (also if it was), 1 it is still held, 2 refused, nobody said yes, or wrong usage.

Examples:
  wharf free 3000               who has it, what will be done, and after a yes it is done
  wharf free 3000 --yes         the same without asking: for scripts and agents
  wharf free 3000 --dry-run     only say it
  wharf free 127.0.0.1:5432     only what keeps a server from that address
  wharf free api.shop           what runs under wharf by that name";
