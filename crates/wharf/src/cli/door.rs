//! The command line of the router: routes, their URLs, and what they served. Not here: all other commands.

use std::time::Duration;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct Route {
    #[command(subcommand)]
    pub(crate) command: RouteCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// List the routes: which name leads where
    #[command(visible_alias = "list")]
    Ls {
        /// Only those of this name
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// One JSON document (wharf.routes/v1)
        #[arg(long, short)]
        json: bool,
    },
    /// Add a route from a name to what listens somewhere on this machine
    #[command(after_help = ADD_EXAMPLES)]
    Add(Add),
    /// Remove what was added for a name
    Rm {
        /// The name
        #[arg(value_name = "NAME")]
        name: String,
        /// Only of this path
        #[arg(long, value_name = "PATH")]
        path: Option<String>,
    },
    /// Print the last requests, a line each
    Log {
        /// Only those for this name
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Go on with those that come
        #[arg(long, short)]
        follow: bool,
        /// A JSON document a line
        #[arg(long, short)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The name: api.shop, or a whole host name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// A port, 127.0.0.1:3000, [::1]:3000, unix:/path, https://PLACE, or the name of a lease (otherwise the one of this name)
    #[arg(value_name = "UPSTREAM")]
    pub(crate) upstream: Option<String>,

    /// Only for this path and all below it
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,

    /// Do not tell the upstream that part of the path
    #[arg(long, requires = "path")]
    pub(crate) strip: bool,

    /// Also for every name below this one
    #[arg(long)]
    pub(crate) wildcard: bool,

    /// Not HTTP: pass every connection on as it is, from an address that its project has for itself
    #[arg(long, conflicts_with_all = ["path", "strip"])]
    pub(crate) tcp: bool,

    /// Remove the route when this process ends
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,

    /// One JSON document (wharf.routes/v1)
    #[arg(long, short)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Url {
    /// The name (otherwise that of the service in this directory)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Wait until it listens, for so long at most: 30s, 2m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) wait: Option<Duration>,
}

#[derive(Args, Debug)]
pub(crate) struct Open {
    /// The name (otherwise that of the service in this directory)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Reads a time: a number with `ms`, `s`, `m` or nothing, for seconds, behind it.
fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let bad = || format!("{text:?} is no time: as 30s, 500ms, 2m");
    let number: u64 = number.parse().map_err(|_| bad())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(bad),
        _ => Err(bad()),
    }
}

const ADD_EXAMPLES: &str = "\
Programs under wharf run have routes by themselves. A route is kept until it is removed, beyond the daemon too. What \
listens at the upstream must be yours or root's, or that of the user it is now.

Examples:
  wharf route add api.shop 3000
  wharf route add shop 127.0.0.1:4000 --path /api --strip
  wharf route add admin.shop unix:/run/admin.sock
  wharf route add db.shop 5432 --tcp";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("5ms"), Ok(Duration::from_millis(5)));
        for text in ["", "s", "-1", "1h", "99999999999999999999s", "18446744073709551615m"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
