//! Programs that start servers on somebody's behalf: agents, editors, multiplexers, terminals, daemons.

use wharf_model::detail::StarterKind;

use super::program::Program;

/// What a process is, if it is more than a helper.
pub(super) struct Starter {
    pub(super) kind: StarterKind,
    /// Its name for people.
    pub(super) name: &'static str,
}

/// Returns what starter `program` is; `None` for shells, package managers and other helpers.
pub(super) fn recognise(program: &Program<'_>) -> Option<Starter> {
    let starter = |kind, name| Some(Starter { kind, name });
    for (name, programs, places) in AGENTS {
        if program.is_one_of(programs) || places.iter().any(|place| program.lies_in(place)) {
            return starter(StarterKind::Agent, name);
        }
    }
    for (name, programs, places) in EDITORS {
        if program.is_one_of(programs) || places.iter().any(|place| program.lies_in(place)) {
            return starter(StarterKind::Editor, name);
        }
    }
    if program.is("java") && program.line().contains("-Didea.paths.selector=") {
        return starter(StarterKind::Editor, "JetBrains IDE");
    }
    // Tailscale's own ssh server is the daemon again, as a child for each session.
    if program.is("tailscaled") {
        return if program.has("be-child") {
            starter(StarterKind::SshSession, "Tailscale SSH")
        } else {
            None
        };
    }
    for (kind, rows) in OTHERS {
        for (name, programs) in *rows {
            if program.is_one_of(programs) {
                return starter(*kind, name);
            }
        }
    }
    None
}

/// A name for people, the names of its programs, and parts of paths that only it has.
type Placed = (&'static str, &'static [&'static str], &'static [&'static str]);

/// A name for people, and the names of its programs.
type Row = (&'static str, &'static [&'static str]);

const AGENTS: &[Placed] = &[
    ("Claude Code", &["claude", "@anthropic-ai/claude-code"], &[]),
    ("Codex", &["codex", "@openai/codex"], &[]),
    ("Gemini CLI", &["gemini", "@google/gemini-cli"], &[]),
    ("Cursor agent", &["cursor-agent"], &["/cursor-agent/versions/"]),
    ("GitHub Copilot CLI", &["copilot", "@github/copilot"], &[]),
    ("Aider", &["aider"], &[]),
    ("opencode", &["opencode", "opencode-ai"], &[]),
    ("goose", &["goose", "goosed"], &[]),
    ("Amp", &["amp", "@sourcegraph/amp"], &[]),
    ("Qwen Code", &["qwen", "@qwen-code/qwen-code"], &[]),
    ("Auggie", &["auggie", "@augmentcode/auggie"], &[]),
    ("Crush", &["crush", "@charmland/crush"], &[]),
    ("Droid", &["droid"], &[]),
    ("Kiro CLI", &["kiro-cli", "kiro-cli-chat"], &[]),
    ("Cline", &["cline"], &[]),
    ("OpenHands", &["openhands"], &[]),
];

const EDITORS: &[Placed] = &[
    ("Cursor", &["cursor", "cursor-server"], &["/.cursor-server/", "/.cursor/extensions/"]),
    ("Windsurf", &["windsurf"], &["/.windsurf-server/", "/.windsurf/extensions/"]),
    (
        "VS Code",
        &["code", "code-insiders", "code-oss", "codium", "vscodium", "code-server", "code-tunnel"],
        &[
            "/.vscode-server/",
            "/.vscode-server-insiders/",
            "/.vscode-remote/",
            "/.vscodium-server/",
            "/.vscode/extensions/",
            "/vscode-server/",
        ],
    ),
    ("Zed", &["zed", "zed-editor", "zeditor", "zed-remote-server"], &["/.zed_server/"]),
    (
        "JetBrains IDE",
        &[
            "idea",
            "pycharm",
            "webstorm",
            "goland",
            "clion",
            "rustrover",
            "phpstorm",
            "rubymine",
            "rider",
            "datagrip",
            "dataspell",
            "fleet",
            "remote-dev-server",
        ],
        &[],
    ),
    ("Neovim", &["nvim"], &[]),
    ("Vim", &["vim", "vi", "gvim", "vim.basic", "vim.tiny", "vim.nox", "vim.gtk3"], &[]),
    ("Emacs", &["emacs", "emacs-gtk", "emacs-nox", "emacs-pgtk", "emacs-lucid"], &[]),
    ("Helix", &["hx", "helix"], &[]),
    ("Kakoune", &["kak"], &[]),
    ("Sublime Text", &["sublime_text"], &[]),
    ("Kate", &["kate"], &[]),
];

const OTHERS: &[(StarterKind, &[Row])] = &[
    (StarterKind::Container, CONTAINERS),
    (StarterKind::Multiplexer, MULTIPLEXERS),
    (StarterKind::SshSession, SSH),
    (StarterKind::Schedule, SCHEDULERS),
    (StarterKind::Terminal, TERMINALS),
    (StarterKind::Desktop, DESKTOPS),
];

const CONTAINERS: &[Row] = &[
    (
        "containerd",
        &[
            "containerd-shim",
            "containerd-shim-runc-v1",
            "containerd-shim-runc-v2",
            "containerd-shim-kata-v2",
            "containerd-shim-runsc-v1",
            "docker-containerd-shim",
        ],
    ),
    ("podman", &["conmon", "conmonrs"]),
    ("lxc", &["lxc-start", "[lxc"]),
    ("systemd-nspawn", &["systemd-nspawn"]),
];

const MULTIPLEXERS: &[Row] = &[
    ("tmux", &["tmux"]),
    ("screen", &["screen", "SCREEN"]),
    ("zellij", &["zellij"]),
    ("dtach", &["dtach"]),
    ("abduco", &["abduco"]),
];

const SSH: &[Row] = &[("ssh", &["sshd", "sshd-session", "dropbear"]), ("mosh", &["mosh-server"])];

const SCHEDULERS: &[Row] =
    &[("cron", &["cron", "CRON", "crond", "anacron", "fcron", "supercronic"]), ("at", &["atd"])];

const TERMINALS: &[Row] = &[
    ("GNOME Terminal", &["gnome-terminal-server", "gnome-terminal"]),
    ("GNOME Console", &["kgx"]),
    ("Ptyxis", &["ptyxis", "ptyxis-agent"]),
    ("kitty", &["kitty"]),
    ("Alacritty", &["alacritty"]),
    ("WezTerm", &["wezterm-gui", "wezterm", "wezterm-mux-server"]),
    ("foot", &["foot"]),
    ("Konsole", &["konsole"]),
    ("Yakuake", &["yakuake"]),
    ("Ghostty", &["ghostty"]),
    ("xterm", &["xterm", "uxterm"]),
    ("urxvt", &["urxvt", "urxvtd", "rxvt"]),
    ("st", &["st"]),
    ("Terminator", &["terminator"]),
    ("Tilix", &["tilix"]),
    ("Xfce Terminal", &["xfce4-terminal"]),
    ("MATE Terminal", &["mate-terminal"]),
    ("LXTerminal", &["lxterminal"]),
    ("QTerminal", &["qterminal"]),
    ("Guake", &["guake"]),
    ("Tilda", &["tilda"]),
    ("Rio", &["rio"]),
    ("Warp", &["warp", "warp-terminal"]),
    ("Tabby", &["tabby"]),
    ("COSMIC Terminal", &["cosmic-term"]),
    ("iTerm2", &["iTerm2", "iTermServer"]),
    ("Terminal", &["Terminal"]),
    ("a login", &["login", "agetty", "getty"]),
];

const DESKTOPS: &[Row] = &[
    ("GNOME", &["gnome-shell", "gnome-session-binary", "gnome-session-service"]),
    ("KDE Plasma", &["plasmashell", "kwin_wayland", "kwin_x11", "ksmserver", "krunner", "plasma_session"]),
    ("Xfce", &["xfce4-session", "xfce4-panel", "xfdesktop"]),
    ("Cinnamon", &["cinnamon", "cinnamon-session"]),
    ("MATE", &["mate-session", "mate-panel"]),
    ("LXQt", &["lxqt-session", "lxqt-panel"]),
    ("Sway", &["sway"]),
    ("Hyprland", &["Hyprland"]),
    ("i3", &["i3"]),
    ("niri", &["niri"]),
    ("COSMIC", &["cosmic-session", "cosmic-comp", "cosmic-panel"]),
    ("Openbox", &["openbox"]),
    ("bspwm", &["bspwm"]),
    ("awesome", &["awesome"]),
];
