//! By which signal a program ends fast and clean, and whether it ends its children with it.
//!
//! Not here: sending it ([`crate::act`]).

use wharf_model::process::Process;

/// How a program is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grace {
    /// Number, signal(7).
    pub(crate) signal: i32,
    /// Its name.
    pub(crate) name: &'static str,
    /// By which signal it ends at once, still clean, where the first lets it finish what it is doing for as long as that takes.
    pub(crate) hurry: Option<i32>,
    /// True if it ends its own children, and better than we could.
    pub(crate) ends_children: bool,
}

/// Returns how `process` is asked to end.
pub(crate) fn grace(process: &Process) -> Grace {
    let exe = process.exe.as_deref().and_then(|exe| exe.rsplit('/').next()).unwrap_or_default();
    let is = |name: &str| exe == name || process.name == name;
    let line = process.command.join(" ");
    let row = ROWS.iter().find(|row| is(row.program) || row.title.is_some_and(|title| line.contains(title)));
    row.map_or(TERM, |row| Grace { ends_children: true, ..row.grace })
}

const TERM: Grace = Grace { signal: SIGTERM, name: "SIGTERM", hurry: None, ends_children: false };
const INT: Grace = Grace { signal: SIGINT, name: "SIGINT", ..TERM };
const QUIT: Grace = Grace { signal: SIGQUIT, name: "SIGQUIT", ..TERM };

// The same on every Linux; signal(7).
const SIGINT: i32 = 2;
const SIGQUIT: i32 = 3;
const SIGTERM: i32 = 15;

struct Row {
    /// Name of the executable, or the kernel's name of the process.
    program: &'static str,
    /// Part of the command line or title, for programs of interpreters.
    title: Option<&'static str>,
    grace: Grace,
}

const fn row(program: &'static str, title: Option<&'static str>, grace: Grace) -> Row {
    Row { program, title, grace }
}

/// Sources: the manual of each; what ends fast and loses nothing. SIGTERM of PostgreSQL waits until the last client has gone
/// ("smart"), SIGINT does not ("fast"), SIGQUIT leaves a recovery ("immediate"). uWSGI starts anew on SIGTERM unless told
/// otherwise. unicorn drops requests on SIGTERM, and finishes them on SIGQUIT. SIGQUIT of nginx waits for kept-alive
/// connections for ever, SIGTERM does not. gunicorn waits for requests up to 30 s on SIGTERM, and not on SIGINT.
const ROWS: &[Row] = &[
    row("postgres", None, INT),
    row("postmaster", None, INT),
    row("uwsgi", None, INT),
    row("uwsgi-core", None, INT),
    row("nginx", None, TERM),
    row("apache2", None, TERM),
    row("httpd", None, TERM),
    row("php-fpm", Some("php-fpm: master"), TERM),
    row("haproxy", None, TERM),
    row("gunicorn", Some("gunicorn"), Grace { hurry: Some(SIGINT), ..TERM }),
    row("unicorn", Some("unicorn master"), Grace { hurry: Some(SIGTERM), ..QUIT }),
    row("puma", Some("puma "), TERM),
    row("hypercorn", Some("hypercorn"), TERM),
    row("caddy", None, TERM),
    row("mariadbd", None, TERM),
    row("mysqld", None, TERM),
    row("redis-server", None, TERM),
    row("sshd", None, TERM),
];

#[cfg(test)]
mod tests {
    use super::grace;
    use crate::testing::process;

    #[test]
    fn each_program_is_asked_in_its_own_way() {
        let of = |name: &str, command: &[&str]| {
            let mut process = process(10, 1, name);
            process.command = command.iter().map(|&word| word.to_owned()).collect();
            process.exe = None;
            let grace = grace(&process);
            (grace.name, grace.ends_children)
        };
        assert_eq!(of("postgres", &["/usr/lib/postgresql/15/bin/postgres", "-D", "D"]), ("SIGINT", true));
        assert_eq!(of("uwsgi", &["uwsgi", "--http", ":3000"]), ("SIGINT", true));
        assert_eq!(of("nginx", &["nginx: master process nginx"]), ("SIGTERM", true));
        assert_eq!(of("python3", &["/usr/bin/python3", "/usr/bin/gunicorn", "app:app"]), ("SIGTERM", true));
        assert_eq!(of("ruby", &["unicorn master -c unicorn.rb"]), ("SIGQUIT", true));
        assert_eq!(of("node", &["node", "server.js"]), ("SIGTERM", false));
        assert_eq!(of("python3", &["python3", "-m", "http.server"]), ("SIGTERM", false));
    }
}
