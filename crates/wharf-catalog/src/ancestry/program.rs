//! What program a process is: the names by which its executable, title or script go.
//!
//! A name counts only as a whole: a directory `claude` or an argument `tmux.conf` makes no agent and no
//! multiplexer. Not here: what the names mean ([`super::starters`], [`super::supervisors`]).

use wharf_model::process::Process;

/// A process seen as a program.
pub(super) struct Program<'a> {
    pub(super) process: &'a Process,
    /// Names of the executable, as comm, exe and argv[0] have them.
    names: Vec<&'a str>,
    /// Path or module that an interpreter runs, and its position in the command line.
    script: Option<(usize, &'a str)>,
}

impl<'a> Program<'a> {
    /// Reads the names of `process`.
    pub(super) fn of(process: &'a Process) -> Self {
        let mut names = vec![title(&process.name)];
        if let Some(exe) = &process.exe {
            names.push(basename(exe));
        }
        if let Some(first) = process.command.first() {
            names.push(title(first));
        }
        let script = if names.iter().any(|name| is_interpreter(name)) { script(process) } else { None };
        if let Some((_, script)) = script {
            names.push(stem(basename(script)));
            names.extend(node_package(script));
        }
        Self { process, names, script }
    }

    /// Returns whether the program goes by `wanted`, or by its first 15 bytes where only the kernel's name is known.
    pub(super) fn is(&self, wanted: &str) -> bool {
        let cut = |name: &str| name.len() == COMM_LENGTH && wanted.starts_with(name);
        self.names.contains(&wanted) || cut(&self.process.name)
    }

    /// Returns whether the program goes by one of `wanted`.
    pub(super) fn is_one_of(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|name| self.is(name))
    }

    /// Returns whether the path of its executable or script has `part` in it.
    pub(super) fn lies_in(&self, part: &str) -> bool {
        let paths = [self.process.exe.as_deref(), self.script.map(|(_, script)| script)];
        let first = self.process.command.first().map(String::as_str);
        paths.into_iter().chain([first]).flatten().any(|path| path.contains(part))
    }

    /// Returns the arguments of the program itself: what follows the script, where it is one.
    pub(super) fn arguments(&self) -> &'a [String] {
        let from = self.script.map_or(1, |(at, _)| at + 1);
        self.process.command.get(from..).unwrap_or_default()
    }

    /// Returns what stands before the script: the options of the interpreter itself.
    pub(super) fn options(&self) -> &'a [String] {
        let until = self.script.map_or(self.process.command.len(), |(at, _)| at);
        self.process.command.get(1..until).unwrap_or_default()
    }

    /// Returns whether `argument` is among all arguments, the interpreter's too.
    pub(super) fn has(&self, argument: &str) -> bool {
        self.process.command.iter().skip(1).any(|given| given == argument)
    }

    /// Returns the whole command line or title in one line.
    pub(super) fn line(&self) -> String {
        self.process.command.join(" ")
    }

    /// Returns the name of a shell that a person types into: one without a script and without `-c`.
    pub(super) fn interactive_shell(&self) -> Option<&'a str> {
        let shell = SHELLS.iter().find(|shell| self.is(shell))?;
        let single = self.process.command.len() <= 1 || self.script.is_none();
        let commanded =
            self.has("-c") || self.process.command.iter().any(|argument| argument.starts_with("-c "));
        (single && !commanded).then_some(shell)
    }

    /// Returns whether it waits for what a person types though it is no shell: a debugger, an interpreter without a script.
    pub(super) fn is_prompt(&self) -> bool {
        let says_itself = ["-c", "-e", "--eval", "-p", "--print"].iter().any(|option| self.has(option));
        // A title that a program gave itself (`npm run dev`) is no command line.
        let interprets = self.process.command.first().is_some_and(|first| is_interpreter(basename(first)));
        let is_bare = self.script.is_none() && self.process.tty.is_some() && !self.is_shell();
        self.is_one_of(DEBUGGERS) || interprets && is_bare && !says_itself && self.process.command.len() <= 2
    }

    /// Returns the path or module that an interpreter or shell runs.
    pub(super) fn script(&self) -> Option<&'a str> {
        self.script.map(|(_, script)| script)
    }

    /// Returns whether the program is a shell, whatever it runs.
    pub(super) fn is_shell(&self) -> bool {
        self.is_one_of(SHELLS)
    }
}

/// Returns the name in a title or in argv[0]: `nginx: master process …` is nginx, `-zsh` a login zsh.
fn title(text: &str) -> &str {
    let first = text.split([' ', ':']).next().unwrap_or(text);
    basename(first.strip_prefix('-').unwrap_or(first))
}

fn basename(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Returns a script's name without the ending of its language.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, "js" | "mjs" | "cjs" | "py" | "rb" | "sh" | "pl" | "php" | "ts")) => stem,
        _ => name,
    }
}

/// Returns the npm package that a script belongs to: `@scope/name` after the last `node_modules`.
fn node_package(script: &str) -> Option<&str> {
    let (_, inside) = script.rsplit_once("/node_modules/")?;
    let scoped = usize::from(inside.starts_with('@'));
    let end = inside.match_indices('/').nth(scoped).map_or(inside.len(), |(at, _)| at);
    Some(&inside[..end]).filter(|package| *package != ".bin")
}

fn is_interpreter(name: &str) -> bool {
    let bare = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    INTERPRETERS.contains(&bare) || SHELLS.contains(&name)
}

/// Returns what the interpreter runs: its first argument that is no option, or the module of `-m`.
fn script(process: &Process) -> Option<(usize, &str)> {
    let mut arguments = process.command.iter().enumerate().skip(1);
    while let Some((at, argument)) = arguments.next() {
        if argument == "-c" || argument == "-e" || argument == "--eval" {
            return None;
        }
        if argument == "-m" {
            return arguments.next().map(|(at, module)| (at, module.as_str()));
        }
        if WITH_VALUE.contains(&argument.as_str()) {
            arguments.next();
        } else if !argument.starts_with('-') && !argument.is_empty() {
            return Some((at, argument));
        }
    }
    None
}

const DEBUGGERS: &[&str] = &["gdb", "lldb", "rust-gdb", "rust-lldb"];

const INTERPRETERS: &[&str] =
    &["node", "nodejs", "python", "pypy", "ruby", "perl", "php", "bun", "deno", "MainThread"];

const SHELLS: &[&str] = &[
    "bash", "zsh", "fish", "sh", "dash", "ash", "ksh", "mksh", "tcsh", "csh", "nu", "pwsh", "elvish", "xonsh",
];

/// Options of interpreters and shells whose value is an argument of its own.
const WITH_VALUE: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-X",
    "-W",
    "-I",
    "--init-file",
    "--rcfile",
    "-o",
    "--conditions",
];

/// Longest name that the kernel keeps of a process (`TASK_COMM_LEN` without the end), bytes.
const COMM_LENGTH: usize = 15;
