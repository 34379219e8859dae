//! `wharf names`: host names of services for programs that do not find them by themselves.
//!
//! Root writes the names of the one who asked for it, never its own: they stand on the command line that is printed for
//! sudo, or are asked of a wharf that runs as that user. Not here: how /etc/hosts is written (`wharf-os`).

use std::collections::BTreeSet;
use std::env;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use wharf_api::route::ROUTES_OF_ALL;
use wharf_model::lease::LeaseName;
use wharf_model::names::{NAMES_SCHEMA, NameDomain, Names};
use wharf_model::route::Routes;
use wharf_model::shell;
use wharf_os::account::{self, Account};
use wharf_os::hosts::{self, Way, block};
use wharf_os::launch::Launch;
use wharf_os::{Os, local, resolver, state};
use wharf_router::config::{Config, is_host};
use wharf_views::json;
use wharf_views::text::names::{write_difference, write_names};

use crate::cli::Colour;
use crate::cli::machine::{self, NamesCommand};
use crate::failure::Failure;
use crate::keeping::{self, OWN_PROGRAM};
use crate::leases::known_leases;
use crate::terminal;

/// Answers `wharf names`.
pub(crate) fn names(asked: &machine::Names, colour: Colour) -> Result<ExitCode, Failure> {
    let show = |json: bool, dry_run: bool| Show { json, dry_run, colour };
    match &asked.command {
        NamesCommand::Ls => {
            let mut out = BufWriter::new(io::stdout().lock());
            own_names(&config()?)?.iter().try_for_each(|name| writeln!(out, "{name}"))?;
            out.flush()?;
        }
        NamesCommand::Status { json } => {
            let whose = Whose::find(None)?;
            let config = config()?;
            let names = if whose.is_asker() { own_names(&config)? } else { whose.ask()? };
            let domains = domains(&names, &config);
            let text = read()?;
            show(*json, false).document(&whose.tell(domains, names, &text))?;
        }
        NamesCommand::Install { names, for_user, force, dry_run, json } => {
            let whose = Whose::find(for_user.as_deref())?;
            install(&whose, names, *force, &show(*json, *dry_run))?;
        }
        NamesCommand::Uninstall { for_user, dry_run, json } => {
            let whose = Whose::find(for_user.as_deref())?;
            let told = whose.tell(Vec::new(), Vec::new(), &[]);
            change(&whose, &[], told, &show(*json, *dry_run))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn install(whose: &Whose, named: &[String], force: bool, show: &Show) -> Result<(), Failure> {
    if let Some(bad) = named.iter().find(|name| !is_name(name)) {
        return Err(Failure::Other(format!("{bad:?} is no host name: as api.shop.localhost, in lower case")));
    }
    let config = config()?;
    let names = match named {
        [] if whose.is_asker() => own_names(&config)?,
        [] => whose.ask()?,
        _ => named.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
    };
    let domains = domains(&names, &config);
    let is_found = |name: &String| domains.iter().any(|it| it.resolves && is_below(name, &it.domain));
    let wanted: Vec<String> = names.iter().filter(|name| force || !is_found(name)).cloned().collect();
    let told = whose.tell(domains, names, &[]);
    change(whose, &wanted, told, show)
}

/// Brings the block of a user to `wanted`.
fn change(whose: &Whose, wanted: &[String], mut told: Names, show: &Show) -> Result<(), Failure> {
    let before = read()?;
    let planned = block::rewrite(&before, whose.uid, wanted);
    told.changed = planned.text != before;
    told.notes.extend(planned.repaired.map(str::to_owned));
    if show.dry_run {
        told.installed = block::names(&planned.text, whose.uid);
        if !show.json {
            let style = terminal::style(&Os::native(), show.colour, false);
            let mut out = BufWriter::new(io::stdout().lock());
            write_difference(&mut out, &told.file, &before, &planned.text, &style)?;
            out.flush()?;
        }
        return show.document(&told);
    }
    if told.changed {
        if !account::is_root() {
            return Err(Failure::Other(whose.by_sudo(wanted)));
        }
        let make = |text: &[u8]| block::rewrite(text, whose.uid, wanted).text;
        let way = hosts::write(Path::new(hosts::FILE), Path::new(hosts::LOCK), make)
            .map_err(|error| Failure::Other(format!("the names were not written: {error}")))?;
        if let Way::InPlace(why) = way {
            told.notes.push(format!("{} was written in place: {why}", told.file));
        }
    }
    told.installed = block::names(&read()?, whose.uid);
    show.document(&told)
}

/// How an answer is shown.
struct Show {
    json: bool,
    dry_run: bool,
    colour: Colour,
}

impl Show {
    fn document(&self, names: &Names) -> Result<(), Failure> {
        let mut out = BufWriter::new(io::stdout().lock());
        if self.json {
            json::write_document(&mut out, names, terminal::layout())?;
        } else {
            write_names(&mut out, names, &terminal::style(&Os::native(), self.colour, false))?;
        }
        Ok(out.flush()?)
    }
}

/// The user whose names are meant.
struct Whose {
    uid: u32,
    account: Option<Account>,
}

impl Whose {
    /// Returns the user called `word`; else the one who became root for this, else the one who asks.
    fn find(word: Option<&str>) -> Result<Self, Failure> {
        let account = match word {
            Some(word) => {
                let known = account::of(word);
                // A number needs no name.
                let uid = known.as_ref().map(|it| it.uid).or_else(|| word.parse().ok());
                let uid = uid.ok_or_else(|| Failure::Other(format!("there is no user {word:?}")))?;
                return Ok(Self { uid, account: known });
            }
            None => account::behind_root().or_else(account::own),
        };
        Ok(Self { uid: account.as_ref().map_or_else(local::own_uid, |it| it.uid), account })
    }

    fn is_asker(&self) -> bool {
        self.uid == local::own_uid()
    }

    fn name(&self) -> String {
        self.account.as_ref().map_or_else(|| self.uid.to_string(), |account| account.name.clone())
    }

    /// Asks a wharf that runs as this user for its names: root reads nothing that is of another.
    fn ask(&self) -> Result<Vec<String>, Failure> {
        let name = self.name();
        let Some(account) = &self.account else {
            return Err(Failure::Other(format!("user {name} has no home to find names in: name them")));
        };
        let arguments = ["names", "ls"].map(Into::into).to_vec();
        let launch = Launch { program: OWN_PROGRAM.into(), arguments, environment: Vec::new() };
        let output = account::run_as(account, &launch).map_err(|error| {
            Failure::Other(format!("the names of {name} could not be asked for: {error}"))
        })?;
        if !output.status.success() {
            let status = output.status;
            return Err(Failure::Other(format!("the names of {name} could not be asked for ({status})")));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter(|line| is_name(line)).map(str::to_owned).collect())
    }

    fn tell(&self, domains: Vec<NameDomain>, names: Vec<String>, text: &[u8]) -> Names {
        Names {
            schema: NAMES_SCHEMA.to_owned(),
            file: hosts::FILE.to_owned(),
            user: self.name(),
            domains,
            names,
            installed: block::names(text, self.uid),
            changed: false,
            notes: Vec::new(),
        }
    }

    /// Returns the sentence that says how root does it: with the names, as root has others.
    fn by_sudo(&self, wanted: &[String]) -> String {
        let mut words = vec!["sudo".to_owned()];
        let many = wanted.len() > MOST_WORDS;
        if many {
            // Where this user's files are is not known to root.
            let kept = ["XDG_CONFIG_HOME", "XDG_STATE_HOME"];
            let kept = kept.iter().filter_map(|name| Some(format!("{name}={}", env::var(name).ok()?)));
            words.push("env".to_owned());
            words.extend(kept);
        }
        words.push(own_path());
        words.extend(["names", if wanted.is_empty() { "uninstall" } else { "install" }].map(str::to_owned));
        words.extend(["--for-user".to_owned(), self.name()]);
        words.extend(wanted.iter().filter(|_| !many).cloned());
        format!("to write {} takes root: {}", hosts::FILE, shell::line(words.iter().map(String::as_str)))
    }
}

/// Returns the host names of this user's services and routes, each once, as its configuration makes them of leases.
fn own_names(config: &Config) -> Result<Vec<String>, Failure> {
    let leases: Vec<LeaseName> = known_leases()?.into_iter().map(|lease| lease.name).collect();
    let mut names: BTreeSet<String> = config.hosts_of_all(&leases).into_keys().collect();
    // Without a daemon there are no others: none is started for this.
    let routes = keeping::client().and_then(|client| client.get::<Routes>(&ROUTES_OF_ALL).ok());
    for route in routes.into_iter().flat_map(|routes| routes.routes) {
        // Raw TCP comes in at an address of its own, and not where the others do.
        let own = route.address.map(|at| format!("{}={}", route.host, at.ip()));
        if own.is_some() {
            names.remove(&route.host);
        }
        names.insert(own.unwrap_or(route.host));
    }
    // What a program may be called is not always a host name.
    Ok(names.into_iter().filter(|name| block::parts(name).is_some_and(|(name, _)| is_host(name))).collect())
}

/// Returns whether a word is a host name with a domain, with or without an address of its own.
fn is_name(word: &str) -> bool {
    block::parts(word).is_some_and(|(name, _)| is_host(name) && name.contains('.'))
}

/// Returns the domains of `names`, and whether names below them that nobody has listed lead here.
pub(super) fn domains(names: &[String], config: &Config) -> Vec<NameDomain> {
    let mut domains = config.domains.clone();
    let names = names.iter().filter_map(|word| Some(block::parts(word)?.0));
    for name in names.filter(|name| !config.domains.iter().any(|domain| is_below(name, domain))) {
        // Of another's configuration: whoever answers for it does so for all of its last part.
        let last = name.rsplit('.').next().unwrap_or(name).to_owned();
        if !domains.contains(&last) {
            domains.push(last);
        }
    }
    let probe = |domain: String| {
        let name = format!("wharf-probe-{}.{domain}", std::process::id());
        let resolves = resolver::leads_here(&name);
        let is_local = domain == LOCALHOST || is_below(&domain, LOCALHOST);
        let by = resolver::answers_localhost().filter(|_| resolves && is_local).map(str::to_owned);
        NameDomain { domain, resolves, by }
    };
    domains.into_iter().map(probe).collect()
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn read() -> Result<Vec<u8>, Failure> {
    hosts::read(Path::new(hosts::FILE))
        .map_err(|error| Failure::Other(format!("{} cannot be read: {error}", hosts::FILE)))
}

/// Reads what this user has configured of the router.
fn config() -> Result<Config, Failure> {
    match state::configuration() {
        Ok(file) => Config::read(&file).map_err(|error| Failure::Other(error.to_string())),
        // Without a home there is nothing configured.
        Err(_) => Ok(Config::default()),
    }
}

/// Returns where this program is: sudo(8) looks in fewer places.
pub(super) fn own_path() -> String {
    let path = env::current_exe().ok().filter(|path| path.is_file());
    path.map_or_else(|| "wharf".to_owned(), |path| path.to_string_lossy().into_owned())
}

const LOCALHOST: &str = "localhost";
/// Names that still make a line to be read before it is run.
const MOST_WORDS: usize = 32;
