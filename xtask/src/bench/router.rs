//! `cargo xtask bench router`: wharf's router beside nginx, HAProxy, Caddy and portless, in one run: what a request, a
//! connection and a gigabyte cost each, and what it takes up while it idles.
//!
//! In network, mount and pid namespaces of its own. Each proxy has one worker, all of them share one core, and one at a
//! time has something to do; what loads them, and the server behind them, have another. Here: the options and the way into
//! the namespaces. Not here: what is compared ([`items`]), and how ([`rotation`]).

mod clock;
mod config;
mod echo;
mod idle;
mod items;
mod pingpong;
mod place;
mod portless;
mod proxy;
mod rotation;
mod steady;
mod table;
mod tools;
mod wharf;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::{build, machine, web, write_between};
use crate::suite::debian;
use crate::workspace;
use place::Place;
use proxy::Kind;
use table::Table;

const USAGE: &str = "\
usage: cargo xtask bench router [--rounds N] [--only WORD,…] [--nginx-buffers KIB]
                                [--wharf PATH | --without-wharf] [--write]

  --rounds N       bursts of each proxy in each row (default 9, the quietest third of which is kept)
  --only WORD,…    only these rows
  --nginx-buffers KIB  size of nginx's buffers (default 4, as nginx's own; HAProxy's have 16)
  --wharf PATH     measure this binary instead of building one
  --without-wharf  measure the others alone
  --write          put the table into docs/benchmarks.md; only whole, and with wharf in it
";
const BEGIN: &str = "<!-- bench router: begin -->";
const END: &str = "<!-- bench router: end -->";
const ROUNDS: usize = 9;
const NGINX_KB: usize = 4;
/// Debian packages of the other proxies, and of what loads them all.
const PACKAGES: &[&str] = &[
    "apache2-utils",
    "caddy",
    "curl",
    "haproxy",
    "iproute2",
    "libnginx-mod-stream",
    "nghttp2-client",
    "nginx-light",
    "openssl",
    "python3",
    "util-linux",
    "wrk",
];
/// Instead of a binary: without wharf.
const WITHOUT: &str = "-";

#[derive(Debug)]
struct Options {
    rounds: usize,
    only: Vec<String>,
    nginx_kb: usize,
    wharf: Option<PathBuf>,
    without_wharf: bool,
    write: bool,
}

/// Measures in namespaces, and prints; false never.
pub(super) fn run(arguments: &[String]) -> Result<bool> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{USAGE}\nrows: {}\n", rows().join(" "));
        return Ok(true);
    };
    let packages = PACKAGES.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    debian::install(&packages).iter().for_each(|note| eprintln!("{note}"));
    let wharf = match (&options.wharf, options.without_wharf) {
        (_, true) => WITHOUT.into(),
        (Some(path), _) => path.canonicalize().with_context(|| format!("find {}", path.display()))?,
        (None, _) => build()?,
    };
    // Thousands of connections need descriptors; the hard limit is what may be taken without asking.
    let script = "ulimit -Sn \"$(ulimit -Hn)\"; exec unshare \"$@\"";
    let mut unshare = Command::new("sh");
    unshare.args(["-c", script, "unshare"]);
    if !workspace::is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare.args(["--pid", "--net", "--mount", "--fork", "--kill-child", "--mount-proc", "--"]);
    let folder = std::env::temp_dir().join(format!("wharf-bench-router-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    unshare.arg(std::env::current_exe()?).arg("bench-router-inside").arg(&folder).arg(wharf);
    unshare.arg(web::packages()?).arg(options.rounds.to_string());
    unshare.arg(options.nginx_kb.to_string()).args(&options.only);
    let output = unshare.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    fs::remove_dir_all(&folder)?;
    let output = output.context("start unshare")?;
    ensure!(output.status.success(), "the router could not be measured");
    let table = String::from_utf8(output.stdout)?;
    let text = format!("Machine: {}.\nCommand: `{}`.\n\n{table}", machine::alone(), options.words());
    println!("{text}");
    if options.write {
        write_between(BEGIN, END, &text)?;
    }
    Ok(true)
}

/// Runs inside the namespaces.
pub(crate) fn inside(arguments: &[String]) -> Result<bool> {
    let [folder, wharf, packages, rounds, nginx_kb, only @ ..] = arguments else {
        bail!("bench-router-inside FOLDER WHARF PACKAGES ROUNDS KIB [WORD…]")
    };
    let wharf = Some(wharf.as_str()).filter(|path| *path != WITHOUT);
    let place = Place::make(folder.as_ref(), wharf, packages.as_ref(), nginx_kb.parse()?)?;
    println!("{}", measure(&place, rounds.parse()?, only)?);
    Ok(true)
}

/// Returns the names of all rows.
fn rows() -> Vec<&'static str> {
    items::ITEMS.iter().map(|item| item.key).chain(idle::KEYS).chain(steady::KEYS).collect()
}

fn measure(place: &Place, rounds: usize, only: &[String]) -> Result<String> {
    let is_wanted = |key: &str| only.is_empty() || only.iter().any(|word| word == key);
    let mut table = Table::default();
    let upstream = place.start_upstream()?;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| place.has(*kind)).collect();
    if items::ITEMS.iter().any(|item| is_wanted(item.key)) {
        let mut proxies = Vec::new();
        for kind in &kinds {
            proxies.push(place.start(*kind, place::ROUTES)?);
        }
        for item in items::ITEMS.iter().filter(|item| is_wanted(item.key)) {
            rotation::compare(place, item, &proxies, upstream.id(), rounds, &mut table)?;
        }
        proxies.into_iter().try_for_each(proxy::Proxy::end)?;
    }
    let few = rounds.div_ceil(3);
    idle::measure(place, &kinds, few, &is_wanted, &mut table)?;
    steady::measure(place, &kinds, &is_wanted, &mut table)?;
    proxy::end(vec![upstream])?;
    let versions: Vec<String> = kinds.iter().filter_map(|kind| place.version(*kind)).collect();
    Ok(format!("Beside: {}.\n\n{}", versions.join(", "), table.markdown(&kinds)))
}

impl Options {
    /// Returns the command that measures the same; where a binary lies is no part of that.
    fn words(&self) -> String {
        let mut words = "cargo xtask bench router".to_owned();
        let mut add = |is_said: bool, text: String| words += if is_said { &text } else { "" };
        add(self.rounds != ROUNDS, format!(" --rounds {}", self.rounds));
        add(!self.only.is_empty(), format!(" --only {}", self.only.join(",")));
        add(self.nginx_kb != NGINX_KB, format!(" --nginx-buffers {}", self.nginx_kb));
        add(self.without_wharf, " --without-wharf".to_owned());
        words
    }

    /// Returns the options; `None` if help was asked for.
    fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let mut options = Self {
            rounds: ROUNDS,
            only: Vec::new(),
            nginx_kb: NGINX_KB,
            wharf: None,
            without_wharf: false,
            write: false,
        };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{option} needs a value"));
            match option.as_str() {
                "--rounds" => options.rounds = value()?.parse().context("--rounds needs a number")?,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--nginx-buffers" => {
                    options.nginx_kb = value()?.parse().context("--nginx-buffers needs a number")?;
                }
                "--wharf" => options.wharf = Some(value()?.into()),
                "--without-wharf" => options.without_wharf = true,
                "--write" => options.write = true,
                "--help" | "-h" => return Ok(None),
                other => bail!("no option is named {other}\n\n{USAGE}"),
            }
        }
        ensure!(options.rounds > 0, "--rounds needs at least 1");
        if let Some(word) = options.only.iter().find(|word| !rows().contains(&word.as_str())) {
            bail!("no row is named {word}: {}", rows().join(" "));
        }
        ensure!(
            !options.write || (options.only.is_empty() && !options.without_wharf),
            "--write needs the whole table, and wharf in it"
        );
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let parse = |text: &str| {
            Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                .map(Option::unwrap)
        };
        let options = parse("--rounds 3 --only h1,start --without-wharf").unwrap();
        assert_eq!((options.rounds, options.only.len(), options.without_wharf), (3, 2, true));
        assert_eq!(options.words(), "cargo xtask bench router --rounds 3 --only h1,start --without-wharf");
        let options = parse("--write --wharf /x").unwrap();
        assert!(options.write);
        assert_eq!(options.words(), "cargo xtask bench router");
        for wrong in ["--rounds 0", "--only h3", "--only h1 --write", "--without-wharf --write", "--fast"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_row_has_a_name_of_its_own() {
        assert_eq!(rows().into_iter().collect::<BTreeSet<_>>().len(), rows().len());
    }
}
