//! Real programs under `wharf run`, each in a row of one table: what it needs, how it is started, how it is asked.
//!
//! Their fixtures are in `tests/fixtures/programs/NAME`, their packages in `tests/needs.txt` and, for those that only
//! `cargo xtask e2e --full` runs, `tests/needs-full.txt`. Not here: what is checked of them ([`promises`]).

mod promises;
mod stage;

/// One program.
struct Program {
    /// Name of the row and of the folder of its fixture, if it has one.
    name: &'static str,
    set: Set,
    needs: &'static [Need],
    /// What is to be done once in the folder of the fixture, for sh.
    setup: &'static str,
    /// Command, for sh, that has its port from `PORT`.
    told: &'static str,
    /// Command, for sh, that has `port` and nothing else.
    fixed: &'static str,
    port: u16,
    /// Whether it listens on 127.0.0.1 and ::1, by either command.
    both: bool,
    ask: Ask,
}

/// When a program is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    /// Always.
    Light,
    /// By `cargo xtask e2e --full` alone: heavy to install, or slow.
    Full,
}

/// What a program cannot do without.
enum Need {
    /// That a command, for sh, succeeds; and what is the matter if it does not.
    That(&'static str, &'static str),
    /// A program of the machine.
    Command(&'static str),
    /// A module of the tests' own Python.
    Python(&'static str),
    /// A package of Node.
    Node(&'static str),
    /// A package of Node that only `cargo xtask e2e --full` installs, with a Node of its own.
    Full(&'static str),
}

/// How a program is asked whether it serves.
enum Ask {
    /// By a request for this path.
    Http(&'static str),
    /// By its own client: a command, for sh, with {host} and {port}, and what that prints.
    Client { command: &'static str, answer: &'static str },
}

/// Makes a test of each row.
macro_rules! programs {
    ($($name:ident { $($field:tt)* })*) => {
        mod every_promise_is_kept_by {
            use wharf_testkit::{sandbox, skip};

            use super::stage::Stage;
            use super::{Ask, MPTCP, Need, ORDINARY_USER, Program, Set, WEB, promises};

            $(
                #[test]
                #[allow(clippy::needless_update, reason = "some rows leave nothing to be filled in")]
                fn $name() {
                    let program = Program { name: stringify!($name), $($field)*, ..WEB };
                    let sandbox = sandbox!();
                    match Stage::set(&sandbox, &program) {
                        Ok(stage) => promises::are_kept(&sandbox, &stage, &program),
                        Err(why) => skip!("{why}"),
                    }
                }
            )*
        }
    };
}

const ORDINARY_USER: Need =
    Need::That("test $(id -u) -ne 0", "it does not run as root, and there is no other user here");
const MPTCP: Need = Need::That(
    "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)'",
    "the kernel has no Multipath TCP",
);

/// What most of them are like.
const WEB: Program = Program {
    name: "",
    set: Set::Light,
    needs: &[],
    setup: "",
    told: "",
    fixed: "",
    port: 0,
    both: false,
    ask: Ask::Http("/"),
};

programs! {
    python_http_server {
        told: "exec python3 -m http.server $PORT",
        fixed: "exec python3 -m http.server",
        port: 8000
    }
    python_http_server_on_both {
        told: "exec python3 -m http.server --bind :: $PORT",
        fixed: "exec python3 -m http.server --bind :: 8000",
        port: 8000,
        both: true
    }
    mptcp {
        needs: &[MPTCP],
        told: "exec python3 server.py",
        fixed: "exec python3 server.py 3000",
        port: 3000,
        both: true
    }
    node {
        needs: &[Need::Command("node")],
        told: "exec node server.js",
        fixed: "exec node server.js 3000",
        port: 3000,
        both: true
    }
    express {
        needs: &[Need::Node("express")],
        told: "exec node server.js",
        fixed: "exec node server.js 3000",
        port: 3000,
        both: true
    }
    hono {
        needs: &[Need::Node("hono"), Need::Node("@hono/node-server")],
        told: "exec node server.mjs",
        fixed: "exec node server.mjs 3000",
        port: 3000,
        both: true
    }
    vite {
        needs: &[Need::Node("vite")],
        told: "exec vite --port $PORT",
        fixed: "exec vite --host",
        port: 5173
    }
    flask {
        needs: &[Need::Python("flask")],
        told: "exec python -m flask run --debug --port $PORT",
        fixed: "exec python -m flask run --debug --host 0.0.0.0",
        port: 5000
    }
    fastapi {
        needs: &[Need::Python("fastapi"), Need::Python("uvicorn")],
        told: "exec python -m uvicorn --reload --port $PORT main:app",
        fixed: "exec python -m uvicorn --reload --host 0.0.0.0 --port 8000 main:app",
        port: 8000
    }
    django {
        needs: &[Need::Python("django")],
        told: "exec python -m django runserver --settings settings --pythonpath . $PORT",
        fixed: "exec python -m django runserver --settings settings --pythonpath . 0.0.0.0:8000",
        port: 8000
    }
    gunicorn {
        needs: &[Need::Command("gunicorn")],
        told: "exec gunicorn --workers 2 app:app",
        fixed: "exec gunicorn --workers 2 --bind 0.0.0.0:8000 app:app",
        port: 8000
    }
    nginx {
        needs: &[ORDINARY_USER, Need::Command("nginx")],
        told: "sed s/8080/$PORT/ nginx.conf > told.conf && exec nginx -p . -c told.conf -e stderr",
        fixed: "exec nginx -p . -c nginx.conf -e stderr",
        port: 8080,
        both: true
    }
    php {
        needs: &[Need::Command("php")],
        told: "exec php -S 127.0.0.1:$PORT",
        fixed: "exec php -S 0.0.0.0:8000",
        port: 8000
    }
    redis {
        needs: &[Need::Command("redis-server"), Need::Command("redis-cli")],
        told: "exec redis-server --save '' --dir data --port $PORT",
        fixed: "exec redis-server --save '' --dir data",
        port: 6379,
        both: true,
        ask: Ask::Client { command: "redis-cli -h {host} -p {port} ping", answer: "PONG" }
    }
    mariadb {
        needs: &[ORDINARY_USER, Need::Command("mariadbd"), Need::Command("mariadb-install-db"), Need::Command("mariadb")],
        setup: "mariadb-install-db --no-defaults --datadir=$PWD/data --auth-root-authentication-method=normal >&2",
        told: "exec mariadbd --no-defaults --datadir=$PWD/data --socket=$PWD/data/s --bind-address='*' --port=$PORT",
        fixed: "exec mariadbd --no-defaults --datadir=$PWD/data --socket=$PWD/data/s --bind-address='*' --port=62893",
        port: 62893,
        both: true,
        ask: Ask::Client {
            command: "mariadb --no-defaults --protocol=tcp -h {host} -P {port} -u root -N -e 'select 6 * 7'",
            answer: "42"
        }
    }
    postgresql {
        needs: &[ORDINARY_USER, Need::Command("initdb"), Need::Command("postgres"), Need::Command("psql")],
        setup: "initdb -D data -A trust -U postgres --no-sync >&2",
        told: "exec postgres -D data -k $PWD -h '*' -p $PORT",
        fixed: "exec postgres -D data -k $PWD -h '*'",
        port: 5432,
        both: true,
        ask: Ask::Client {
            command: "psql -h {host} -p {port} -U postgres -A -t -c 'select 6 * 7'",
            answer: "42"
        }
    }
    sveltekit {
        set: Set::Full,
        needs: &[Need::Full("@sveltejs/kit")],
        told: "exec vite dev --port $PORT",
        fixed: "exec vite dev --host",
        port: 5173
    }
    react_router {
        set: Set::Full,
        needs: &[Need::Full("@react-router/dev")],
        told: "exec react-router dev --port $PORT",
        fixed: "exec react-router dev --host",
        port: 5173
    }
    astro {
        set: Set::Full,
        needs: &[Need::Full("astro")],
        told: "exec astro dev --port $PORT",
        fixed: "exec astro dev --host",
        port: 4321
    }
    nuxt {
        set: Set::Full,
        needs: &[Need::Full("nuxt")],
        told: "exec nuxt dev",
        fixed: "exec nuxt dev --host 0.0.0.0 --port 3000",
        port: 3000
    }
    next {
        set: Set::Full,
        needs: &[Need::Full("next")],
        told: "exec next dev",
        fixed: "exec next dev --port 3000",
        port: 3000,
        both: true
    }
    angular {
        set: Set::Full,
        needs: &[Need::Full("@angular/cli"), Need::Full("@angular/build")],
        told: "exec ng serve --port $PORT",
        // It takes PORT for more than what its command line says.
        fixed: "unset PORT; exec ng serve --host 0.0.0.0 --port 4200",
        port: 4200
    }
    sinatra {
        set: Set::Full,
        needs: &[Need::Command("ruby"), Need::Command("puma")],
        told: "exec ruby app.rb",
        fixed: "exec ruby app.rb -o 0.0.0.0 -p 4567",
        port: 4567
    }
    java {
        set: Set::Full,
        needs: &[Need::Command("javac")],
        told: "exec java Server.java",
        fixed: "exec java Server.java 8080",
        port: 8080,
        both: true
    }
    go {
        set: Set::Full,
        needs: &[Need::Command("go")],
        told: "exec go run .",
        fixed: "exec go run . 8080",
        port: 8080,
        both: true
    }
    chromium {
        set: Set::Full,
        needs: &[Need::Command("chromium")],
        told: "exec chromium --headless --disable-gpu --no-first-run --disable-background-networking \
               --disable-component-update --disable-sync --user-data-dir=$PWD/data --remote-debugging-port=$PORT",
        fixed: "exec chromium --headless --disable-gpu --no-first-run --disable-background-networking \
                --disable-component-update --disable-sync --user-data-dir=$PWD/data --remote-debugging-port=9222",
        port: 9222,
        ask: Ask::Http("/json/version")
    }
}
