//! Processes that keep another one running, or that a server would end with.
//!
//! Some start a server again when it ends ([`respawner`]): who stops the server alone gets it back. Others
//! only ran it and wait for it ([`runner`]: npm, foreman); they count where there is none of the first kind.

use super::program::Program;

/// Returns the name of what `program` is, if it starts its children again: by themselves or when files change.
pub(super) fn respawner(program: &Program<'_>) -> Option<String> {
    if let Some(name) = keeper(program) {
        return Some(name.to_owned());
    }
    for (name, programs) in RESPAWNERS {
        if program.is_one_of(programs) {
            return Some((*name).to_owned());
        }
    }
    let first = program.arguments().first().map(String::as_str);
    let by_arguments = [
        ("uvicorn reloader", program.is("uvicorn") && program.has("--reload")),
        ("uvicorn master", program.is("uvicorn") && program.line().contains("--workers")),
        ("Flask reloader", program.is("flask") && program.has("run")),
        ("Django reloader", (program.is("manage") || program.is("django-admin")) && program.has("runserver")),
        ("cargo watch", program.is("cargo-watch") || program.is("cargo") && first == Some("watch")),
        ("dotnet watch", program.is("dotnet") && first == Some("watch")),
        ("tsx watch", program.is("tsx") && first == Some("watch")),
        ("next dev", program.is("next") && first == Some("dev")),
        ("node --watch", program.is("node") && watches(program.options(), "--watch")),
        ("bun --watch", program.is("bun") && (program.has("--watch") || program.has("--hot"))),
        ("deno --watch", program.is("deno") && watches(&program.process.command, "--watch")),
        ("php-fpm master", program.process.name.starts_with("php-fpm")),
        ("shell loop", is_loop(program)),
    ];
    by_arguments.iter().find(|(_, is)| *is).map(|(name, _)| (*name).to_owned())
}

/// Returns the name of what `program` is, if it looks after several services and has a client that stops one of them.
pub(super) fn keeper(program: &Program<'_>) -> Option<&'static str> {
    if program.is("PM2") || program.line().contains("/pm2/lib/Daemon.js") {
        return Some("pm2");
    }
    KEEPERS.iter().find(|(_, programs)| program.is_one_of(programs)).map(|(name, _)| *name)
}

/// Returns the name of what `program` is, if it runs its children and ends with them: `npm run dev`, `foreman`.
pub(super) fn runner(program: &Program<'_>) -> Option<String> {
    for manager in PACKAGE_MANAGERS {
        if program.is(manager) {
            return Some(package_script(manager, program));
        }
    }
    if program.lies_in("/.yarn/releases/yarn-") {
        return Some(package_script("yarn", program));
    }
    let named = RUNNERS.iter().find(|(_, programs)| program.is_one_of(programs));
    named.map(|(name, _)| (*name).to_owned())
}

/// Returns `npm run dev` of all the ways in which npm may look: by its title, or as a script of node.
fn package_script(manager: &str, program: &Program<'_>) -> String {
    let manager = manager.trim_end_matches("-cli");
    // A title stands in one argument, and may have empty ones after it.
    let titled = program.process.command.first().filter(|first| first.contains(' '));
    let words: Vec<&str> = match titled {
        Some(title) => title.split(' ').skip(1).collect(),
        // bun is its own interpreter: what would be its script is the first word of its command.
        None if program.is("bun") => program.process.command.iter().skip(1).map(String::as_str).collect(),
        None => program.arguments().iter().map(String::as_str).collect(),
    };
    let shown =
        words.into_iter().filter(|word| !word.is_empty() && !word.chars().any(char::is_control)).take(2);
    std::iter::once(manager).chain(shown).collect::<Vec<_>>().join(" ").chars().take(SHOWN_LIMIT).collect()
}

/// Returns whether the option is given, with a value or not (`--watch-path=src`).
fn watches(arguments: &[String], option: &str) -> bool {
    arguments.iter().any(|argument| argument.starts_with(option))
}

/// Returns whether a shell was given a loop on its command line: `sh -c 'while true; do npm start; done'`.
fn is_loop(program: &Program<'_>) -> bool {
    let looping = |argument: &String| {
        let words = || argument.split([' ', ';', '\n', '\t', '(', ')']);
        words().any(|word| word == "while" || word == "until") && words().any(|word| word == "do")
    };
    program.is_shell() && program.process.command.iter().skip(1).any(looping)
}

/// Longest name of a supervisor that comes from a command line, characters.
const SHOWN_LIMIT: usize = 60;

type Row = (&'static str, &'static [&'static str]);

const RESPAWNERS: &[Row] = &[
    ("nodemon", &["nodemon"]),
    ("forever", &["forever"]),
    ("ts-node-dev", &["ts-node-dev", "tsnd"]),
    ("gunicorn master", &["gunicorn"]),
    ("hypercorn master", &["hypercorn"]),
    ("uWSGI master", &["uwsgi", "uwsgi-core"]),
    ("puma master", &["puma"]),
    ("unicorn master", &["unicorn", "unicorn_rails"]),
    ("nginx master", &["nginx"]),
    ("Apache master", &["apache2", "httpd"]),
    ("Passenger", &["PassengerAgent", "Passenger"]),
    ("watchexec", &["watchexec"]),
    ("air", &["air"]),
    ("entr", &["entr"]),
    ("reflex", &["reflex"]),
    ("modd", &["modd"]),
    ("wgo", &["wgo"]),
    ("CompileDaemon", &["CompileDaemon"]),
    ("bacon", &["bacon"]),
    ("watchfiles", &["watchfiles"]),
    ("watchmedo", &["watchmedo"]),
    ("hupper", &["hupper", "pserve"]),
    ("guard", &["guard"]),
    ("rerun", &["rerun"]),
];

const KEEPERS: &[Row] = &[
    ("supervisord", &["supervisord", "supervisor.supervisord"]),
    ("circus", &["circusd"]),
    ("runit", &["runsv"]),
    ("s6", &["s6-supervise"]),
    ("daemontools", &["supervise"]),
    ("monit", &["monit"]),
    ("dinit", &["dinit"]),
];

const RUNNERS: &[Row] = &[
    ("foreman", &["foreman"]),
    ("overmind", &["overmind"]),
    ("honcho", &["honcho"]),
    ("hivemind", &["hivemind"]),
    ("goreman", &["goreman"]),
    ("process-compose", &["process-compose"]),
    ("mprocs", &["mprocs"]),
    ("concurrently", &["concurrently"]),
    ("npm-run-all", &["npm-run-all", "run-p"]),
    ("turbo", &["turbo"]),
    ("nx", &["nx"]),
];

const PACKAGE_MANAGERS: &[&str] = &["npm", "npm-cli", "pnpm", "yarn", "bun", "npx", "npx-cli"];
