//! Lines of ancestors as `ps` shows them on real machines, and what they come to.

use proptest::prelude::*;
use wharf_model::detail::StarterKind;
use wharf_model::process::{Process, ProcessState};

use super::{Role, lead, role, started_by};

/// Reads `name | command line | executable`, the last two optional. A command line that begins with `=` is a
/// title in one argument (setproctitle), `~` is a space within one; a name that begins with `1:` is that of the first process.
fn process(pid: u32, written: &str) -> Process {
    let mut parts = written.split(" | ");
    let name = parts.next().unwrap();
    let command = parts.next().unwrap_or(name);
    let (pid, name) = name.strip_prefix("1:").map_or((pid, name), |name| (1, name));
    let command: Vec<String> = match command.strip_prefix('=') {
        Some(title) => vec![title.to_owned()],
        None => command.split(' ').map(|argument| argument.replace('~', " ")).collect(),
    };
    Process {
        pid,
        started_at: None,
        start_ticks: u64::from(pid),
        ppid: (pid > 1).then(|| pid - 1),
        name: name.chars().take(15).collect(),
        command,
        exe: parts.next().map(str::to_owned),
        exe_deleted: false,
        cwd: None,
        uid: Some(1000),
        user: None,
        state: ProcessState::Sleeping,
        tty: None,
        cgroup: None,
        fds: Vec::new(),
    }
}

/// What a test sees of an answer: kind, text and supervisor.
fn told(lead: &Process, ancestors: &[&str]) -> (Option<StarterKind>, String, String) {
    let pids = (2..).map(|nth| 1000 - nth);
    let ancestors: Vec<Process> = pids.zip(ancestors).map(|(pid, written)| process(pid, written)).collect();
    let Some(started) = started_by(lead, &ancestors) else { return (None, "-".to_owned(), "-".to_owned()) };
    let supervisor = started.supervisor.map_or("-".to_owned(), |supervisor| supervisor.name);
    // Where the pid stands has a test of its own.
    let text = match started.pid {
        Some(pid) if started.kind != StarterKind::Init => started.text.replace(&format!(" (pid {pid})"), ""),
        _ => started.text,
    };
    (Some(started.kind), text, supervisor)
}

/// Checks the chain of a server in terminal pts/3 that belongs to no unit.
#[track_caller]
fn check(ancestors: &[&str], kind: StarterKind, text: &str, supervisor: &str) {
    let mut server = process(1000, "node | node server.js | /usr/bin/node");
    server.tty = Some("pts/3".to_owned());
    assert_eq!(
        told(&server, ancestors),
        (Some(kind), text.to_owned(), supervisor.to_owned()),
        "{ancestors:?}"
    );
}

/// Checks the chain of a daemon in a control group.
#[track_caller]
fn check_in(cgroup: &str, ancestors: &[&str], kind: StarterKind, text: &str, supervisor: &str) {
    let mut server = process(1000, "server");
    server.cgroup = Some(cgroup.to_owned());
    assert_eq!(
        told(&server, ancestors),
        (Some(kind), text.to_owned(), supervisor.to_owned()),
        "{ancestors:?}"
    );
}

const SYSTEMD: &str = "1:systemd | /lib/systemd/systemd --system --deserialize 31 | /usr/lib/systemd/systemd";
const USER_SYSTEMD: &str = "systemd | /usr/lib/systemd/systemd --user | /usr/lib/systemd/systemd";
const ID: &str = "9c3bd0aa6bf1d2b4b5f0c1a3b7e4d5960718293a4b5c6d7e8f90a1b2c3d4e5f6";

#[test]
fn terminals_are_told_with_their_shell() {
    let told = |ancestors: &[&str], text: &str| {
        check(ancestors, StarterKind::Terminal, &format!("{text}, terminal pts/3"), "-");
    };
    let gnome = "gnome-terminal- | /usr/libexec/gnome-terminal-server";
    told(&["bash | bash", gnome, USER_SYSTEMD, SYSTEMD], "bash in GNOME Terminal");
    told(&["bash", "gnome-terminal- | /x", SYSTEMD], "bash in GNOME Terminal");
    told(&["zsh | -zsh | /usr/bin/zsh", "kitty | /usr/bin/kitty", SYSTEMD], "zsh in kitty");
    told(&["fish | /usr/bin/fish", "alacritty", SYSTEMD], "fish in Alacritty");
    told(&["zsh", "wezterm-gui | /usr/bin/wezterm-gui start", SYSTEMD], "zsh in WezTerm");
    told(&["bash", "foot", "sway", SYSTEMD], "bash in foot");
    told(&["bash | /bin/bash", "konsole | /usr/bin/konsole", "plasmashell", SYSTEMD], "bash in Konsole");
    told(&["zsh", "ghostty | /usr/bin/ghostty --gtk-single-instance=true"], "zsh in Ghostty");
    told(&["bash", "terminator | /usr/bin/python3 /usr/bin/terminator", SYSTEMD], "bash in Terminator");
    told(&["bash | -bash", "login | /bin/login -p --", SYSTEMD], "bash in a login");
    told(&["sudo | sudo node server.js", "bash", "xterm", SYSTEMD], "bash in xterm");
    told(&["make | make dev", "bash | bash ./run.sh", "zsh", "kitty"], "zsh in kitty");
    told(&["bash", "1:bash"], "bash");
    told(&["bash | bash", "1:tini | /sbin/tini -- bash"], "bash");
}

#[test]
fn the_pid_of_a_starter_stands_behind_its_own_name() {
    let text = |ancestors: &[&str]| {
        let mut server = process(1000, "node");
        server.tty = Some("pts/3".to_owned());
        let of = |(nth, written): (u32, &&str)| process(999 - nth, written);
        let ancestors: Vec<Process> = (1..).zip(ancestors).map(of).collect();
        started_by(&server, &ancestors).unwrap().text
    };
    assert_eq!(text(&["tmux: server | tmux"]), "tmux (pid 998), terminal pts/3");
    assert_eq!(text(&["sh", "zsh", "tmux: server | tmux"]), "zsh in tmux (pid 996), terminal pts/3");
    let session = "sshd | =sshd: alice@pts/3";
    assert_eq!(text(&["bash | -bash", session]), "bash in ssh session of alice (pid 997), terminal pts/3");
    let agent = text(&["claude", "zsh", "tmux: server | tmux"]);
    assert_eq!(agent, "coding agent Claude Code (pid 998) in tmux, terminal pts/3");
    assert_eq!(text(&["cron | /usr/sbin/CRON -f"]), "cron job (pid 998)");
    assert_eq!(text(&["gnome-shell"]), "GNOME desktop session (pid 998)");
    // The first process is named by its pid as it is.
    assert_eq!(text(&["1:init"]), "process 1 (init), directly or as an orphan");
}

#[test]
fn multiplexers_are_told_before_the_terminal_that_shows_them() {
    use StarterKind::Multiplexer;
    check(
        &["zsh | -zsh", "tmux: server | tmux new -s dev | /usr/bin/tmux", SYSTEMD],
        Multiplexer,
        "zsh in tmux, terminal pts/3",
        "-",
    );
    check(
        &["bash | -bash", "tmux: server | /usr/bin/tmux", USER_SYSTEMD],
        Multiplexer,
        "bash in tmux, terminal pts/3",
        "-",
    );
    check(
        &["bash | /bin/bash", "screen | SCREEN -S dev", SYSTEMD],
        Multiplexer,
        "bash in screen, terminal pts/3",
        "-",
    );
    check(
        &["fish", "zellij | /usr/bin/zellij --server /run/user/1000/zellij/0.40.1/dev"],
        Multiplexer,
        "fish in zellij, terminal pts/3",
        "-",
    );
    check(
        &["vi.sh | sh tmux.conf", "bash", "tmux: server | tmux"],
        Multiplexer,
        "bash in tmux, terminal pts/3",
        "-",
    );
}

#[test]
fn ssh_sessions_are_told_with_their_user() {
    use StarterKind::SshSession;
    let listener = "sshd | =sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups | /usr/sbin/sshd";
    let session = [
        "bash | -bash",
        "sshd | =sshd: alice@pts/3 | /usr/sbin/sshd",
        "sshd | =sshd: alice [priv]",
        listener,
        SYSTEMD,
    ];
    check(&session, SshSession, "bash in ssh session of alice, terminal pts/3", "-");
    let newer = ["zsh | -zsh", "sshd-session | =sshd-session: bob@pts/3 | /usr/lib/openssh/sshd-session"];
    check(&newer, SshSession, "zsh in ssh session of bob, terminal pts/3", "-");
    let no_tty = ["bash | bash -c node~server.js", "sshd | =sshd: carol@notty | /usr/sbin/sshd"];
    check(&no_tty, SshSession, "ssh session of carol, terminal pts/3", "-");
    check(
        &["sh | -sh", "dropbear | /usr/sbin/dropbear -F -2", "1:init"],
        SshSession,
        "sh in ssh session, terminal pts/3",
        "-",
    );
    check(
        &["bash | -bash", "mosh-server | mosh-server new -s -c 256"],
        SshSession,
        "bash in mosh session, terminal pts/3",
        "-",
    );
    let tailscale = "tailscaled | /usr/sbin/tailscaled be-child ssh --uid=1000";
    check(
        &["bash | -bash", tailscale, SYSTEMD],
        SshSession,
        "bash in Tailscale SSH session, terminal pts/3",
        "-",
    );
    check(&["bash", "sshd | =sshd: \u{1b}[2J@pts/0"], SshSession, "bash in ssh session, terminal pts/3", "-");
}

#[test]
fn editors_are_known_by_their_place_where_they_run_in_node() {
    use StarterKind::Editor;
    let server = "/home/a/.vscode-server/cli/servers/Stable-f1e2/server";
    let node = format!(
        "node | {server}/node {server}/out/bootstrap-fork --type=ptyHost --logsLevel=info | {server}/node"
    );
    let main = format!("node | {server}/node {server}/out/server-main.js --start-server | {server}/node");
    let shell = format!(
        "bash | /bin/bash --init-file {server}/out/vs/workbench/contrib/terminal/shellIntegration-bash.sh"
    );
    check(
        &[&shell, &node, &main, "sh | sh code-server", SYSTEMD],
        Editor,
        "bash in VS Code, terminal pts/3",
        "-",
    );
    let desktop = "code | /usr/share/code/code --type=utility --utility-sub-type=node.mojom.NodeService | /usr/share/code/code";
    check(&["zsh | /usr/bin/zsh -i", desktop, SYSTEMD], Editor, "zsh in VS Code, terminal pts/3", "-");
    let cursor = "cursor | /usr/share/cursor/cursor --type=utility | /usr/share/cursor/cursor";
    check(&["zsh", cursor], Editor, "zsh in Cursor, terminal pts/3", "-");
    let remote = "node | /home/a/.cursor-server/bin/x/node /home/a/.cursor-server/bin/x/out/server-main.js";
    check(&["zsh", remote], Editor, "zsh in Cursor, terminal pts/3", "-");
    let idea = "java | /opt/idea/jbr/bin/java -Xmx2g -Didea.paths.selector=IntelliJIdea2024.1 com.intellij.idea.Main";
    check(&["bash", idea], Editor, "bash in JetBrains IDE, terminal pts/3", "-");
    check(
        &["node | node x.js", "pycharm | /opt/pycharm/bin/pycharm"],
        Editor,
        "JetBrains IDE, terminal pts/3",
        "-",
    );
    check(&["zsh", "zed-editor | /usr/libexec/zed-editor"], Editor, "zsh in Zed, terminal pts/3", "-");
    check(
        &["sh", "nvim | nvim --embed", "nvim | nvim", "zsh", "kitty"],
        Editor,
        "sh in Neovim, terminal pts/3",
        "-",
    );
    check(&["bash", "emacs-gtk | emacs", SYSTEMD], Editor, "bash in Emacs, terminal pts/3", "-");
}

#[test]
fn coding_agents_are_told_with_what_they_run_in() {
    use StarterKind::Agent;
    let run = "bash | /bin/bash -c source~snapshot.sh~&&~eval~'npm~run~dev'";
    let tmux = ["zsh", "tmux: server | tmux", SYSTEMD];
    let chain = |agent: &'static str| [run, agent, tmux[0], tmux[1], tmux[2]];
    let in_tmux = |name: &str| format!("coding agent {name} in tmux, terminal pts/3");
    check(&chain("claude | claude | /usr/bin/node"), Agent, &in_tmux("Claude Code"), "-");
    check(
        &chain("claude | claude --resume | /home/a/.local/share/claude/versions/2.0.1"),
        Agent,
        &in_tmux("Claude Code"),
        "-",
    );
    let package = "node | node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js | /usr/bin/node";
    check(&chain(package), Agent, &in_tmux("Claude Code"), "-");
    check(
        &chain("codex | /usr/lib/node_modules/@openai/codex/vendor/x86_64/codex/codex"),
        Agent,
        &in_tmux("Codex"),
        "-",
    );
    check(
        &chain("node | node --no-warnings=DEP0040 /usr/bin/gemini | /usr/bin/node"),
        Agent,
        &in_tmux("Gemini CLI"),
        "-",
    );
    check(
        &chain("aider | /home/a/.venv/bin/python /home/a/.venv/bin/aider --model x"),
        Agent,
        &in_tmux("Aider"),
        "-",
    );
    let cursor = "/home/a/.local/share/cursor-agent/versions/2025.09.01";
    let cursor = format!("node | {cursor}/node --use-system-ca {cursor}/index.js | {cursor}/node");
    check(&[run, &cursor, "kitty"], Agent, "coding agent Cursor agent in kitty, terminal pts/3", "-");
    check(&["opencode", "zsh", "kitty"], Agent, "coding agent opencode in kitty, terminal pts/3", "-");
    check(&["goose | goose session", "1:systemd"], Agent, "coding agent goose, terminal pts/3", "-");
    let copilot = "node | node /x/node_modules/@github/copilot/index.js";
    check(
        &[copilot, "zsh", "code"],
        Agent,
        "coding agent GitHub Copilot CLI in VS Code, terminal pts/3",
        "-",
    );
    let in_editor =
        "claude | /home/a/.vscode-server/extensions/anthropic.claude-code-2.0/resources/native-binary/claude";
    check(&[run, in_editor], Agent, "coding agent Claude Code, terminal pts/3", "-");
}

#[test]
fn names_in_arguments_and_directories_make_no_agent_or_editor() {
    use StarterKind::Terminal;
    for helper in [
        "bash | bash /home/a/claude/run.sh",
        "less | less claude",
        "node | node /home/a/codex/server.js",
        "python3 | python3 -c import claude",
        "node | node serve.js code vim",
        "tail | tail -f /home/a/aider",
    ] {
        check(&[helper, "zsh", "kitty"], Terminal, "zsh in kitty, terminal pts/3", "-");
    }
}

#[test]
fn supervisors_that_start_a_server_again_are_named() {
    let in_kitty = |ancestors: &[&str], supervisor: &str| {
        let chain: Vec<&str> = ancestors.iter().copied().chain(["zsh", "kitty"]).collect();
        check(&chain, StarterKind::Terminal, "zsh in kitty, terminal pts/3", supervisor);
    };
    in_kitty(&["node | node /w/node_modules/.bin/nodemon server.js", "=x | =npm run dev"], "nodemon");
    in_kitty(
        &["sh | sh -c nodemon~x.js", "node | node /w/node_modules/nodemon/bin/nodemon.js x.js"],
        "nodemon",
    );
    in_kitty(&["node | =PM2 v5.3.0: God Daemon (/home/a/.pm2)"], "pm2");
    in_kitty(&["gunicorn | =gunicorn: master [shop.wsgi]"], "gunicorn master");
    in_kitty(&["gunicorn | /venv/bin/python3 /venv/bin/gunicorn shop.wsgi"], "gunicorn master");
    in_kitty(&["uvicorn | /venv/bin/python3.11 /venv/bin/uvicorn app:app --reload"], "uvicorn reloader");
    in_kitty(&["python3 | python3 -m uvicorn app:app --workers 4"], "uvicorn master");
    in_kitty(&["ruby | =puma 6.4.0 (tcp://0.0.0.0:3000) [shop]"], "puma master");
    in_kitty(&["ruby | =unicorn master -c config/unicorn.rb -D"], "unicorn master");
    in_kitty(&["nginx | =nginx: master process /usr/sbin/nginx -g daemon off;"], "nginx master");
    in_kitty(&["apache2 | /usr/sbin/apache2 -k start"], "Apache master");
    in_kitty(&["php-fpm8.2 | =php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"], "php-fpm master");
    in_kitty(&["flask | /venv/bin/python /venv/bin/flask --app x run --debug"], "Flask reloader");
    in_kitty(&["python3 | python3 -m flask run --debug"], "Flask reloader");
    in_kitty(&["python | python manage.py runserver 8000"], "Django reloader");
    in_kitty(&["cargo-watch | cargo-watch watch -x run"], "cargo watch");
    in_kitty(&["watchexec | watchexec -r cargo run"], "watchexec");
    in_kitty(&["air | air -c .air.toml", "sh | sh dev.sh"], "air");
    in_kitty(&["entr | entr -r node server.js"], "entr");
    in_kitty(&["node | node --watch server.js"], "node --watch");
    in_kitty(&["node | node /w/node_modules/.bin/tsx watch src/index.ts"], "tsx watch");
    in_kitty(&["node | node /w/node_modules/.bin/next dev -p 3000"], "next dev");
    in_kitty(&["bun | bun --hot server.ts"], "bun --watch");
    in_kitty(&["supervisord | /usr/bin/python3 /usr/bin/supervisord -n"], "supervisord");
    in_kitty(&["python | python -m supervisor.supervisord -n"], "supervisord");
    in_kitty(&["runsv | runsv shop"], "runit");
    in_kitty(&["sh | sh -c while~true;~do~node~server.js;~done"], "shell loop");
    in_kitty(&["node | node server.js --watch"], "-");
    in_kitty(&["uvicorn | /venv/bin/python3 /venv/bin/uvicorn app:app"], "-");
    in_kitty(&["sh | sh -c echo~meanwhile~do~it"], "-");
}

#[test]
fn what_merely_ran_a_server_counts_where_nothing_starts_it_again() {
    let in_tmux = |ancestors: &[&str], supervisor: &str| {
        let chain: Vec<&str> = ancestors.iter().copied().chain(["zsh", "tmux: server | tmux"]).collect();
        check(&chain, StarterKind::Multiplexer, "zsh in tmux, terminal pts/3", supervisor);
    };
    in_tmux(&["sh | sh -c vite", "npm run dev | =npm run dev | /usr/bin/node"], "npm run dev");
    // What npm's title leaves of its arguments is empty.
    in_tmux(&["sh | sh -c vite", "npm run dev | npm~run~dev      | /usr/bin/node"], "npm run dev");
    in_tmux(&["sh | sh -c vite", "node | node /usr/bin/npm run dev --silent"], "npm run dev");
    in_tmux(&["node | node /usr/local/bin/pnpm dev"], "pnpm dev");
    in_tmux(&["node | node /usr/lib/node_modules/yarn/bin/yarn.js start"], "yarn start");
    in_tmux(&["node | /usr/bin/node /w/.yarn/releases/yarn-4.1.0.cjs dev"], "yarn dev");
    in_tmux(&["bun | bun run dev"], "bun run dev");
    in_tmux(&["ruby | ruby /usr/bin/foreman start"], "foreman");
    in_tmux(&["overmind | overmind start"], "overmind");
    in_tmux(&["honcho | /usr/bin/python3 /usr/bin/honcho start"], "honcho");
    in_tmux(&["process-compose | process-compose up"], "process-compose");
    in_tmux(&["npm run dev | =npm run dev", "node | node /w/node_modules/.bin/nodemon x"], "nodemon");
}

#[test]
fn units_of_systemd_are_told_by_the_control_group() {
    use StarterKind::SystemdUnit;
    check_in("/system.slice/nginx.service", &[SYSTEMD], SystemdUnit, "systemd unit nginx.service", "-");
    let master = "nginx | =nginx: master process /usr/sbin/nginx";
    check_in(
        "/system.slice/nginx.service",
        &[master, SYSTEMD],
        SystemdUnit,
        "systemd unit nginx.service",
        "nginx master",
    );
    let manager = "/user.slice/user-1000.slice/user@1000.service";
    let user = format!("{manager}/app.slice/shop.service");
    check_in(
        &user,
        &["sh | sh -c ./run", USER_SYSTEMD, SYSTEMD],
        SystemdUnit,
        "systemd user unit shop.service",
        "-",
    );
    let pm2 = "node | =PM2 v5.3.0: God Daemon (/home/a/.pm2) | /usr/bin/node";
    check_in(
        "/system.slice/pm2-a.service",
        &[pm2, SYSTEMD],
        SystemdUnit,
        "systemd unit pm2-a.service",
        "pm2",
    );
    let app = format!("{manager}/app.slice/app-gnome-dbeaver-4242.scope");
    check_in(
        &app,
        &[USER_SYSTEMD],
        StarterKind::Desktop,
        "desktop application, app-gnome-dbeaver-4242.scope",
        "-",
    );
    check_in(
        &app,
        &["gnome-shell | /usr/bin/gnome-shell"],
        StarterKind::Desktop,
        "GNOME desktop session",
        "-",
    );
    let pane = format!("{manager}/tmux-spawn-0f1e.scope");
    check_in(&pane, &[USER_SYSTEMD], StarterKind::Multiplexer, "a tmux pane that has ended", "-");
}

#[test]
fn schedules_are_told_as_such() {
    use StarterKind::Schedule;
    let cron =
        ["sh | /bin/sh -c /home/a/job.sh", "cron | /usr/sbin/CRON -f", "cron | /usr/sbin/cron -f", SYSTEMD];
    check_in("/system.slice/cron.service", &cron, Schedule, "cron job", "-");
    check_in("/system.slice/crond.service", &["sh", "crond | /usr/sbin/crond -n"], Schedule, "cron job", "-");
    check_in("/system.slice/atd.service", &["sh | sh", "atd | /usr/sbin/atd -f"], Schedule, "at job", "-");
    check_in("/system.slice/cron.service", &[SYSTEMD], Schedule, "scheduled job of cron.service", "-");
}

#[test]
fn containers_are_told_by_group_shim_or_monitor() {
    use StarterKind::Container;
    let shim = format!(
        "containerd-shim | /usr/bin/containerd-shim-runc-v2 -namespace moby -id {ID} -address /run/c.sock"
    );
    let docker = "docker container 9c3bd0aa6bf1";
    check_in(&format!("/docker/{ID}"), &[&shim, SYSTEMD], Container, docker, "-");
    check_in("/", &["tini | /sbin/tini -- node x.js", &shim, SYSTEMD], Container, docker, "-");
    check_in(&format!("/docker/{ID}"), &[], Container, docker, "-");
    let conmon = format!("conmon | /usr/bin/conmon --api-version 1 -c {ID} -u {ID} -r /usr/bin/crun");
    check_in("/", &[&conmon, USER_SYSTEMD], Container, "podman container 9c3bd0aa6bf1", "-");
    let libpod = format!("/machine.slice/libpod-{ID}.scope");
    check_in(&libpod, &[&conmon, SYSTEMD], Container, "podman container 9c3bd0aa6bf1", "-");
    let monitor = "lxc-start | =[lxc monitor] /var/lib/lxc web";
    check_in("/lxc.payload.web", &["1:systemd | /sbin/init", monitor], Container, "lxc container web", "-");
    let pm2 = "node | =PM2 v5.3.0: God Daemon (/root/.pm2)";
    check_in(&format!("/docker/{ID}"), &[pm2, &shim], Container, docker, "pm2");
}

#[test]
fn an_orphan_is_told_as_one() {
    use StarterKind::Init;
    let orphan = "process 1 (systemd), directly or as an orphan";
    check_in("/", &[SYSTEMD], Init, orphan, "-");
    let session = "/user.slice/user-1000.slice/session-3.scope";
    check_in(session, &[SYSTEMD], Init, &format!("{orphan}, left over from session-3.scope"), "-");
    check_in(
        "/",
        &["npm start | =npm start", "1:init"],
        Init,
        "npm start (pid 998), under process 1 (init)",
        "npm start",
    );
    check_in(
        "/",
        &["1:server.sh | sh server.sh"],
        Init,
        "server.sh (pid 1), under process 1 (server.sh)",
        "-",
    );
}

#[test]
fn of_a_process_without_known_ancestors_nothing_is_told() {
    assert_eq!(told(&process(1, "1:init"), &[]).0, None);
    assert_eq!(told(&process(1000, "node"), &[]).0, None);
    assert_eq!(told(&process(1000, "node"), &["sh", "make"]).0, None);
}

/// Checks the order of holders, written (pid, parent, start, name).
#[track_caller]
fn check_lead(holders: &[(u32, u32, u64, &str)], expected: &[u32]) {
    let processes: Vec<Process> = holders
        .iter()
        .map(|&(pid, ppid, start_ticks, name)| Process {
            ppid: Some(ppid),
            start_ticks,
            ..process(pid, name)
        })
        .collect();
    let order: Vec<u32> = lead(&processes).into_iter().map(|at| processes[at].pid).collect();
    assert_eq!(order, expected);
}

#[test]
fn a_master_leads_its_workers_by_age() {
    check_lead(&[(12, 10, 120, "nginx"), (11, 10, 110, "nginx"), (10, 1, 100, "nginx")], &[10, 11, 12]);
    // Pids wrapped around: the master has the greatest.
    check_lead(&[(5, 30000, 300, "gunicorn"), (30000, 1, 200, "gunicorn")], &[30000, 5]);
    // A helper of a worker comes after all workers.
    check_lead(
        &[(13, 11, 130, "x"), (12, 10, 120, "x"), (11, 10, 110, "x"), (10, 1, 100, "x")],
        &[10, 11, 12, 13],
    );
    check_lead(&[], &[]);
    check_lead(&[(7, 1, 1, "a")], &[7]);
}

#[test]
fn a_service_manager_leads_nobody_it_gave_the_socket_to() {
    check_lead(&[(1, 0, 1, "systemd"), (500, 1, 500, "sshd")], &[500, 1]);
    check_lead(
        &[(900, 1, 90, "systemd"), (1500, 900, 150, "podman"), (1400, 900, 140, "podman")],
        &[1400, 1500, 900],
    );
    // The first process of a container may be the master itself.
    check_lead(&[(20, 1, 20, "nginx"), (1, 0, 10, "nginx")], &[1, 20]);
}

#[test]
fn of_unrelated_holders_the_oldest_leads_and_a_family_before_a_single() {
    check_lead(&[(40, 1, 400, "b"), (30, 1, 300, "a")], &[30, 40]);
    check_lead(&[(20, 1, 200, "old"), (31, 30, 310, "w"), (30, 1, 300, "m")], &[30, 20, 31]);
    // A reused pid: the "parent" is younger than its child.
    check_lead(&[(40, 1, 400, "b"), (30, 40, 300, "a")], &[30, 40]);
}

proptest! {
    #[test]
    fn any_processes_are_judged_without_panic_and_each_once(
        given in prop::collection::vec((0_u32..6, 0_u32..6, 0_u64..3, "\\PC{0,6}", prop::collection::vec("-?(m|c|bash|node|npm run|sshd: |/node_modules/@|é|\\PC{0,5})", 0..4)), 0..8),
    ) {
        let processes: Vec<Process> = given
            .into_iter()
            .map(|(pid, ppid, start_ticks, name, command)| {
                let exe = command.first().cloned();
                Process { ppid: Some(ppid), start_ticks, command, exe, ..process(pid, &name) }
            })
            .collect();
        let mut order = lead(&processes);
        order.sort_unstable();
        prop_assert_eq!(order, (0..processes.len()).collect::<Vec<_>>());
        if let Some((server, ancestors)) = processes.split_first() {
            let _ = started_by(server, ancestors);
        }
    }
}

#[test]
fn each_process_has_one_role_for_whoever_runs_below_it() {
    let at_terminal = |written: &str| {
        let mut process = process(50, written);
        process.tty = Some("pts/3".to_owned());
        role(&process)
    };
    for prompt in [
        "zsh | -zsh",
        "bash | bash --norc",
        "python3 | python3 -i",
        "node | node | /usr/bin/node",
        "gdb | gdb ./server",
    ] {
        assert_eq!(at_terminal(prompt), Role::Prompt, "{prompt}");
    }
    let runner = |name: &str| Role::Runner(name.to_owned());
    assert_eq!(at_terminal("npm run dev | =npm run dev | /usr/bin/node"), runner("npm run dev"));
    assert_eq!(at_terminal("node | node /usr/bin/pnpm run dev | /usr/bin/node"), runner("pnpm run dev"));
    assert_eq!(at_terminal("sh | sh -c vite"), Role::Other);
    assert_eq!(at_terminal("python3 | python3 -c pass"), Role::Other, "it does what it was told, and ends");
    assert_eq!(at_terminal("bash | bash ./dev.sh"), Role::Other);
    assert_eq!(
        at_terminal("node | node /w/node_modules/.bin/nodemon x.js"),
        Role::Respawner("nodemon".to_owned())
    );
    assert_eq!(
        at_terminal("PM2 v7.0.4: God | =PM2 v7.0.4: God Daemon (/h/.pm2)"),
        Role::Keeper("pm2".to_owned())
    );
    assert_eq!(at_terminal("runsv | runsv web"), Role::Keeper("runit".to_owned()));
    assert_eq!(at_terminal("1:systemd | /sbin/init"), Role::Manager);
    assert!(matches!(at_terminal("tmux: server | tmux"), Role::Starter(StarterKind::Multiplexer, _)));
}
