//! Jobs by the command lines of a server and its ancestors.

use std::collections::BTreeSet;

use wharf_model::process::Process;

use super::{Above, Level, job};
use crate::testing::started;

/// A line of processes, the server first: its pid is 100, that of its parent 99, and so on; a command line each.
fn line(commands: &[&str]) -> Vec<Process> {
    let mut pid = 100;
    let one = |command: &&str| {
        let found = started(pid, pid - 1, command);
        pid -= 1;
        found
    };
    commands.iter().map(one).collect()
}

/// Returns the pid at which it is stopped, and why.
fn level(commands: &[&str], callers: &[u32], raised: &[u32]) -> (u32, Option<String>) {
    let line = line(commands);
    let job = job(&line[0], &line[1..], callers);
    match job.level(&BTreeSet::new(), &raised.iter().copied().collect()) {
        Level::At(at, why) => (job.line[at].pid, why),
        Level::Keeper(at, name) => (job.line[at].pid, Some(name)),
    }
}

#[test]
fn a_server_of_a_prompt_is_stopped_itself() {
    for commands in [
        &["node server.js", "-zsh", "tmux"][..],
        &["python3 -m http.server", "bash", "sshd: ada@pts/0"],
        &["node server.js", "/bin/bash --login", "gnome-terminal-server"],
        &["node server.js", "claude"],
        &["node server.js"],
    ] {
        assert_eq!(level(commands, &[], &[]), (100, None), "{commands:?}");
    }
}

#[test]
fn the_topmost_that_is_known_to_start_it_again_or_to_run_it_is_the_level() {
    for (commands, expected) in [
        (&["node app.js", "node /w/node_modules/.bin/nodemon app.js", "zsh"][..], 99),
        (&["node vite", "sh -c vite", "npm run dev", "zsh"], 98),
        (
            &[
                "node vite",
                "sh -c vite",
                "npm run dev",
                "node /w/node_modules/.bin/nodemon",
                "npm start",
                "bash",
            ],
            96,
        ),
        (&["python3 -m http.server", "sh -c while :; do python3 -m http.server; done", "bash"], 99),
        (&["gunicorn: worker [app]", "gunicorn: master [app]", "honcho start", "bash"], 98),
        (&["nginx: worker process", "nginx: master process nginx", "systemd"], 99),
        (&["python3 manage.py runserver", "python3 manage.py runserver", "bash"], 99),
    ] {
        assert_eq!(level(commands, &[], &[]).0, expected, "{commands:?}");
    }
}

#[test]
fn a_parent_of_which_nothing_is_known_is_left_alone_until_it_starts_it_again() {
    let commands = ["node server.js", "bash ./dev.sh", "make dev", "zsh"];
    assert_eq!(level(&commands, &[], &[]), (100, None));
    let (pid, why) = level(&commands, &[], &[99]);
    assert_eq!((pid, why.as_deref()), (99, Some("bash (pid 99) started it again")));
    assert_eq!(level(&commands, &[], &[98]).0, 98);
}

#[test]
fn a_script_with_a_loop_is_one_too() {
    let line = line(&["node server.js", "bash ./dev.sh", "zsh"]);
    let job = job(&line[0], &line[1..], &[]);
    assert!(matches!(job.level(&BTreeSet::from([99]), &BTreeSet::new()), Level::At(1, Some(_))));
}

#[test]
fn a_job_ends_below_the_callers_own_line() {
    let commands = ["node vite", "sh -c vite", "npm run dev", "make dev", "zsh"];
    assert_eq!(level(&commands, &[98, 97], &[]), (100, None), "npm is above the caller, too");
    let line = line(&commands);
    let found = job(&line[0], &line[1..], &[98, 97]);
    assert_eq!(found.above, Some((&line[2], Above::Caller)));
}

#[test]
fn who_looks_after_several_services_is_asked_instead() {
    assert_eq!(
        level(&["node app.js", "PM2 v7.0.4: God Daemon (/h/.pm2)"], &[], &[]),
        (99, Some("pm2".to_owned()))
    );
    assert_eq!(
        level(&["python3 app.py", "python3 /usr/bin/supervisord -n", "systemd"], &[], &[]),
        (99, Some("supervisord".to_owned()))
    );
    assert_eq!(level(&["PM2 v7.0.4: God Daemon (/h/.pm2)"], &[], &[]), (100, Some("pm2".to_owned())));
}
