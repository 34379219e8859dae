//! The command line of what changes the machine: names and service. Not here: all other commands.

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct Names {
    #[command(subcommand)]
    pub(crate) command: NamesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NamesCommand {
    /// List the host names of my services, one a line
    Ls,
    /// Write the names that are not found by themselves into /etc/hosts, in a block of their own
    #[command(after_help = NAMES_EXAMPLES)]
    Install {
        /// These names (otherwise those of all leases)
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Whose block it is: a name or number (otherwise who asks, also by sudo)
        #[arg(long, value_name = "USER")]
        for_user: Option<String>,
        /// Also names that are found by themselves
        #[arg(long)]
        force: bool,
        /// Show what would change, and change nothing
        #[arg(long, short = 'n')]
        dry_run: bool,
        /// One JSON document (wharf.names/v1)
        #[arg(long, short)]
        json: bool,
    },
    /// Take the block out of /etc/hosts; nothing else there changes
    Uninstall {
        /// Whose block it is: a name or number (otherwise who asks, also by sudo)
        #[arg(long, value_name = "USER")]
        for_user: Option<String>,
        /// Show what would change, and change nothing
        #[arg(long, short = 'n')]
        dry_run: bool,
        /// One JSON document (wharf.names/v1)
        #[arg(long, short)]
        json: bool,
    },
    /// Tell which names there are, and how each is found
    Status {
        /// One JSON document (wharf.names/v1)
        #[arg(long, short)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Service {
    #[command(subcommand)]
    pub(crate) command: ServiceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Start the daemon with my login, and give its router ports 80 and 443 of loopback
    #[command(after_help = SERVICE_NOTES)]
    Install(Install),
    /// Undo all that
    Uninstall(Uninstall),
    /// Tell what is installed, and whether the ports can be had
    Status,
}

#[derive(Args, Debug)]
pub(crate) struct Install {
    /// Let every user's programs open ports from 80 on, instead of sockets from systemd
    #[arg(long)]
    pub(crate) sysctl: bool,

    /// As root: only what takes root, for --user
    #[arg(long, requires = "user")]
    pub(crate) system: bool,

    /// Whose daemon gets the ports: a name or number
    #[arg(long, value_name = "USER", requires = "system")]
    pub(crate) user: Option<String>,

    /// Show what would be done, and do nothing
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Uninstall {
    /// As root: only what takes root, for --user
    #[arg(long, requires = "user")]
    pub(crate) system: bool,

    /// Whose daemon had the ports: a name or number
    #[arg(long, value_name = "USER", requires = "system")]
    pub(crate) user: Option<String>,

    /// Show what would be done, and do nothing
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
}

const NAMES_EXAMPLES: &str = "\
Browsers find every name below localhost by themselves; other programs do where systemd-resolved or nss-myhostname \
answers for it, and then there is nothing to do. The block is as things are now: a service that comes later needs this \
again.

Examples:
  wharf names install --dry-run
  sudo wharf names install            the names of who called sudo, not those of root";

const SERVICE_NOTES: &str = "\
The daemon runs as its user and never as root. systemd opens the ports, on 127.0.0.1 and ::1 alone, and a process of that \
user hands them over. That part asks for root once, by sudo; wharf run never does. Without systemd, --sysctl lets all \
users' programs open ports from 80 on.";
