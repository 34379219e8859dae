//! The command line: its commands, flags and their help.

pub(crate) mod door;
pub(crate) mod free;
pub(crate) mod machine;
pub(crate) mod why;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use wharf_catalog::order::SortKey;

/// The control plane for localhost: every local endpoint and its true owner.
///
/// Without a command it lists them, as `wharf ls`.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, override_usage = USAGE, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) ls: LsFlags,

    /// When to colour the output; NO_COLOR and FORCE_COLOR are respected
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto, global = true)]
    pub(crate) color: Colour,
}

impl Cli {
    /// Reads the command line.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(words)?;
        match misplaced(&command, &matches) {
            Some(text) => Err(command.error(ErrorKind::ArgumentConflict, text)),
            None => Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command)),
        }
    }
}

/// Returns what is wrong where a flag of bare `wharf` stands before a command. clap's own rule for that
/// (`args_conflicts_with_subcommands`) would refuse the flags that are for every command, too.
fn misplaced(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
    let name = matches.subcommand_name()?;
    let is_given =
        |flag: &Arg| matches.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine);
    let mut flags = command.get_arguments().filter(|flag| !flag.is_global_set() && is_given(flag));
    let flag = flags.find_map(Arg::get_long)?;
    let mut taken = command.find_subcommand(name)?.get_arguments().filter_map(Arg::get_long);
    Some(match taken.any(|taken| taken == flag) {
        true => format!("--{flag} belongs after the command: wharf {name} --{flag}"),
        false => format!("--{flag} is for wharf ls: {name} takes no --{flag}"),
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what listens on this machine, and who it is
    #[command(visible_alias = "list", after_help = FILTERS)]
    Ls(Ls),
    /// Tell everything about one port, address or name
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
    /// Tell why something cannot be reached, or an address cannot be bound, and what to do
    Why(why::Why),
    /// Stop what has a port, at the level where it stays stopped, and prove that it is free
    Free(free::Free),
    /// Follow endpoints as they open, change and close
    Watch(Watch),
    /// Run a program on its own port, on loopback only
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// List the programs that run under wharf
    Ps(Ps),
    /// End a program that runs under wharf, and all that it started
    Stop(Stop),
    /// Print what a program in the background wrote
    #[command(after_help = LOGS_EXAMPLES)]
    Logs(Logs),
    /// Print the port of a name, leasing one on first use
    #[command(after_help = PORT_EXAMPLES)]
    Port(Port),
    /// List, remove or pin leases
    Lease(Lease),
    /// List, add and remove routes: names that lead to what listens here
    Route(door::Route),
    /// Print the URL of a name
    Url(door::Url),
    /// Open the URL of a name in the browser
    Open(door::Open),
    /// Keep leased ports while nothing runs; it is started by what needs it
    #[command(after_help = DAEMON_NOTES)]
    Daemon(Daemon),
    /// Let browsers and programs trust the certificates of the names here
    #[command(after_help = TRUST_NOTES)]
    Trust(Trust),
    /// Undo what trust did, and nothing else
    Untrust(Trust),
    /// Let programs find the names of services that browsers find by themselves
    Names(machine::Names),
    /// Start the daemon with the login, and give its router ports 80 and 443
    Service(machine::Service),
    /// Print what the daemon can be asked, as an OpenAPI document
    Api,
    /// Stand guard over a run, which starts this for itself
    #[command(hide = true)]
    Guard(Guard),
    /// Make sockets in the network of an isolated run, which starts this for itself
    #[command(hide = true)]
    Inlet {
        /// Inode of the network namespace outside
        #[arg(value_name = "INODE")]
        outside: u64,
    },
    /// Print the JSON Schema of a document
    Schema(Schema),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man(Man),
}

#[derive(Args, Debug, Default)]
pub(crate) struct Ls {
    /// Only what this names: a port, a range, an address, pid:N, user:NAME, project:NAME, or a name
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,

    #[command(flatten)]
    pub(crate) flags: LsFlags,
}

#[derive(Args, Debug, Default)]
pub(crate) struct LsFlags {
    /// Also connections, UDP clients, and sockets that are bound but do not listen
    #[arg(long, short)]
    pub(crate) all: bool,

    /// Only my own
    #[arg(long, short)]
    pub(crate) mine: bool,

    /// Only what other machines may reach
    #[arg(long, short)]
    pub(crate) exposed: bool,

    /// Only what belongs to a project, or to this one
    #[arg(long, short, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) project: Option<String>,

    /// Order of the rows
    #[arg(long, short, value_name = "KEY", value_enum, default_value_t = Sort::Importance, hide_default_value = true)]
    pub(crate) sort: Sort,

    /// More columns: command line, folder, unit, image, backlog
    #[arg(long, short)]
    pub(crate) wide: bool,

    /// One JSON document (wharf.endpoints/v1)
    #[arg(long, short)]
    pub(crate) json: bool,

    /// Ask each port what speaks there: a few harmless bytes, 300 ms at most, never a login
    #[arg(long)]
    pub(crate) probe: bool,

    /// Redraw in place as things change
    #[arg(long, conflicts_with_all = ["json", "probe"])]
    pub(crate) watch: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A port, an address with a port, or a name
    #[arg(value_name = "PORT|ADDRESS:PORT|NAME")]
    pub(crate) target: String,

    /// One JSON document (wharf.port/v1)
    #[arg(long, short)]
    pub(crate) json: bool,

    /// Ask the port what speaks there: a few harmless bytes, 300 ms at most, never a login
    #[arg(long)]
    pub(crate) probe: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// Only what this names, as for ls
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,

    /// One JSON object a line (wharf.event/v1)
    #[arg(long, short)]
    pub(crate) json: bool,

    /// Also sockets that are bound but do not listen
    #[arg(long, short)]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Name of the service (otherwise that of its manifest, else of the directory)
    #[arg(long, short, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The port that this run gets, instead of the leased one
    #[arg(long, short, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// Leave what it listens on open to other machines
    #[arg(long)]
    pub(crate) host_visible: bool,

    /// Let it have the ports that it asks for, also if that fails
    #[arg(long)]
    pub(crate) no_rewrite: bool,

    /// Also UDP: the ports that it binds are moved and closed to other machines, as those of TCP
    #[arg(long)]
    pub(crate) udp: bool,

    /// Deny what could get by wharf: io_uring, and ports that it cannot look into (Linux 6.7 or newer)
    #[arg(long)]
    pub(crate) strict: bool,

    /// Let it reach its siblings at the ports that they ask for: each work tree its own 5432
    #[arg(long)]
    pub(crate) link: bool,

    /// Give it a network of its own: it is reached through wharf alone, has every port to itself, and reaches out by pasta
    #[arg(long, conflicts_with_all = ["link", "no_rewrite", "udp"])]
    pub(crate) isolate: bool,

    /// Run it in the background: wharf ps lists it, wharf logs prints what it writes, wharf stop ends it
    #[arg(long, short)]
    pub(crate) detach: bool,

    /// With --detach, one JSON document (wharf.runs/v1)
    #[arg(long, short, requires = "detach")]
    pub(crate) json: bool,

    /// Be what --detach starts
    #[arg(long, hide = true)]
    pub(crate) background: bool,

    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct Ps {
    /// One JSON document (wharf.runs/v1)
    #[arg(long, short)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Stop {
    /// Services of the project here, or whole names as `wharf ps` shows them
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,

    /// Say what would be ended, and end nothing
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// A service of the project here, or a whole name (otherwise the service here)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Go on as it writes more, until it ends
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Only the last lines
    #[arg(long, short = 'n', value_name = "LINES")]
    pub(crate) lines: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Daemon {
    #[command(subcommand)]
    pub(crate) command: Option<DaemonCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DaemonCommand {
    /// Be the daemon, in the foreground (as without a word)
    Run {
        /// Descriptor by which the program before this one hands everything over
        #[arg(long, value_name = "DESCRIPTOR", hide = true)]
        inherited: Option<i32>,
        /// Leave the session of the one who started it
        #[arg(long, hide = true)]
        settle: bool,
    },
    /// Start it in the background, if it does not run
    Start {
        /// Do not wait until it can be reached
        #[arg(long, hide = true)]
        no_wait: bool,
    },
    /// Tell of it, and of the ports that it keeps
    Status {
        /// One JSON document (wharf.daemon/v1)
        #[arg(long, short)]
        json: bool,
    },
    /// End it; runs go on
    Stop,
    /// Let it go on as this program; runs and ports are not disturbed
    Restart,
    /// Hand it the sockets that systemd has opened, and last as long as it does
    #[command(hide = true)]
    AdoptPorts,
}

#[derive(Args, Debug)]
pub(crate) struct Guard {
    /// Where the output of the program is kept
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// Let nothing listen
    #[arg(long)]
    pub(crate) strict: bool,

    /// Number of a descriptor of the program's terminal
    #[arg(value_name = "DESCRIPTOR", requires = "log")]
    pub(crate) terminal: Option<i32>,
}

#[derive(Args, Debug)]
pub(crate) struct Port {
    /// A service of the project here, or the whole name of a lease (otherwise the service here)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// One JSON document (wharf.leases/v1)
    #[arg(long, short)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Lease {
    #[command(subcommand)]
    pub(crate) command: LeaseCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LeaseCommand {
    /// List the leases
    #[command(visible_alias = "list")]
    Ls {
        /// One JSON document (wharf.leases/v1)
        #[arg(long, short)]
        json: bool,
    },
    /// Give up every lease of a name
    Rm {
        /// Whole name of a lease, as `wharf lease ls` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give a name a port for good
    Pin {
        /// A service of the project here, or the whole name of a lease
        #[arg(value_name = "NAME")]
        name: String,
        /// The port
        #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Trust {
    /// Say what would be done, and change nothing
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,

    /// Only the system's store, as root, for the certificate of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) system: Option<PathBuf>,

    /// One JSON document (wharf.trust/v1)
    #[arg(long, short)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// Which document
    #[arg(value_name = "DOCUMENT", value_enum)]
    pub(crate) document: Document,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Folder for the pages; it must exist
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,

    /// Those of the causes that `wharf why` knows, instead of those of the commands
    #[arg(long)]
    pub(crate) causes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    /// Of `wharf why --json`
    Diagnosis,
    /// Of `wharf why --list --json`
    Causes,
    /// Of `wharf free --json`
    Free,
    /// Of `wharf ls --json`
    Endpoints,
    /// Of `wharf show --json`
    Port,
    /// Of each line of `wharf watch --json`
    Event,
    /// Of `wharf port --json` and `wharf lease ls --json`
    Leases,
    /// Of `wharf ps --json`
    Runs,
    /// Of `wharf daemon status --json`
    Daemon,
    /// Of `wharf route ls --json`
    Routes,
    /// Of `wharf trust --json` and `wharf untrust --json`
    Trust,
    /// Of `wharf names … --json`
    Names,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal that can
    #[default]
    Auto,
    /// In any case
    Always,
    /// In no case
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// My projects, then mine, then the others'
    #[default]
    Importance,
    /// By port
    Port,
    /// By address
    Address,
    /// By what speaks there
    Service,
    /// By process name
    Process,
    /// By project
    Project,
    /// By user
    User,
    /// The newest first
    Since,
    /// The most exposed first
    Exposure,
}

impl From<Sort> for SortKey {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Importance => Self::Importance,
            Sort::Port => Self::Port,
            Sort::Address => Self::Address,
            Sort::Service => Self::Service,
            Sort::Process => Self::Process,
            Sort::Project => Self::Project,
            Sort::User => Self::User,
            Sort::Since => Self::Since,
            Sort::Exposure => Self::Exposure,
        }
    }
}

const USAGE: &str = "wharf [OPTIONS]\n       wharf [--color <WHEN>] <COMMAND>";

const EXIT_CODES: &str = "\
Exit status: 0 done, 1 nothing matched where something was named, 2 wrong usage.

Examples:
  wharf                    what listens here, and who it is
  wharf ls 3000-3999       only these ports
  wharf show 62893         everything about one port, also a free one
  wharf watch --json       changes as they happen, one JSON object a line";

const FILTERS: &str = "\
Several filters are alternatives; several flags must all hold.

Filters:
  3000, 3000-3999          a port, a range of ports
  127.0.0.1:3000, [::1]:80 what a client of that address reaches
  pid:4121, user:postgres  by process, by user
  project:shop             by project
  postgres                 any other word: service, run, process, project, container, unit or user";

const RUN_EXAMPLES: &str = "\
The program is told its port by PORT; whatever other port it asks for, it gets one that is free, and only this \
machine reaches it. WHARF=0 in the environment runs the command bare.

Exit status: that of the command, 128+N if signal N ended it; 125 wharf failed, 126 the command cannot be \
executed, 127 there is no such command.

Examples:
  wharf run -- npm run dev
  wharf run -- python3 -m http.server 3000    twice, side by side
  wharf run --name api --port 62893 -- ./server
  wharf run --isolate -- ./server             in a network of its own
  wharf run --detach -- npm start             in the background: wharf ps, wharf logs, wharf stop
  wharf run --link -- ./server                its 127.0.0.1:5432 is this work tree's";

const DAEMON_NOTES: &str = "\
It answers its own user alone, on a Unix socket in $XDG_RUNTIME_DIR/wharf. With WHARF_DAEMON=0 in the environment no \
command starts or asks it: leased ports are held only while their runs live then. With WHARF_ROUTER=0 it opens no port \
for names of services.";

const TRUST_NOTES: &str = "\
The certificates are of an authority of your own, made by this where there is none. It can vouch for the domains of the \
router and for loopback alone, and the key by which it could be given more was never kept. What takes root is not done, \
but printed as one line for sudo.

Exit status: 0 trusted everywhere, 1 something is left to do, or failed.";

const LOGS_EXAMPLES: &str = "\
Kept are the last 20 to 30 MB of what a service wrote to its terminal, also of runs that have ended. Into a pipe or a \
file they go without colours.

Examples:
  wharf logs api -n 100 -f";

const PORT_EXAMPLES: &str = "\
Examples:
  PORT=$(wharf port api) ./server";

const SHOW_EXAMPLES: &str = "\
Examples:
  wharf show 3000          who has it, since when, started by what, who is connected
  wharf show 62893         a free port: what the number is, and proof that it is free
  wharf show api           every endpoint of that name";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
