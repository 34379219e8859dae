//! The command line of `wharf why`. Not here: all other commands.

use std::time::Duration;

use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = WHY_EXAMPLES)]
pub(crate) struct Why {
    /// A port, host:port, a URL, the path of a Unix socket, or a name; without one, wharf itself is looked at
    #[arg(value_name = "TARGET", conflicts_with_all = ["bind", "list"])]
    pub(crate) target: Option<String>,

    /// Why this address cannot be bound: a port, or ADDRESS:PORT
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "list")]
    pub(crate) bind: Option<String>,

    /// As this process sees it: its network, user, environment and limits
    #[arg(long, value_name = "PID", conflicts_with = "as_user")]
    pub(crate) from: Option<u32>,

    /// As this user would see it: a name or number
    #[arg(long = "as", value_name = "USER")]
    pub(crate) as_user: Option<String>,

    /// As a browser would from a page of this origin: CORS, Local Network Access, mixed content
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,

    /// Also each cause that was ruled out, how that is known, and how long everything took
    #[arg(long, short)]
    pub(crate) explain: bool,

    /// Offer the fixes that are safe, ask before each, and look again
    #[arg(long)]
    pub(crate) fix: bool,

    /// With --fix: do what is safe without asking
    #[arg(long, short, requires = "fix")]
    pub(crate) yes: bool,

    /// Time for all of it, such as 500ms or 5s
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// List every cause that wharf knows
    #[arg(long)]
    pub(crate) list: bool,

    /// One JSON document (wharf.diagnosis/v1; with --list wharf.causes/v1)
    #[arg(long, short)]
    pub(crate) json: bool,
}

/// Reads a time of a second, or of milliseconds: 1 ms to 60 s.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.find(|c: char| c.is_ascii_alphabetic()).map_or((text, "s"), |at| text.split_at(at));
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        _ => return Err("write it as 500ms or 5s".to_owned()),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * factor);
    let fits = seconds.filter(|seconds| (0.001..=60.0).contains(seconds));
    fits.map(Duration::from_secs_f64).ok_or_else(|| "write a time from 1ms to 60s".to_owned())
}

const WHY_EXAMPLES: &str = "\
Exit status: 0 it can be reached, 1 a cause was found, 2 wrong usage, 3 cannot tell.

Examples:
  wharf why 3000                     why localhost:3000 does not answer
  wharf why http://localhost:62893/  the same for a URL: names, proxies, TLS and HTTP too
  wharf why postgres://me@127.0.0.1/shop
                                     as far as the database's own refusal
  wharf why --bind 127.0.0.1:3000    why a server cannot have the address
  wharf why 3000 --from 4121         as process 4121 sees it";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn times_have_a_unit_and_a_limit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "x", "0s", "61s", "5m", "-1s", "NaNs", "infs"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
