//! One run of a program in the sandbox, most often of the binary under test, and what came of it.
//!
//! The environment is empty but for what [`Run`] sets: nothing of the machine's own leaks in.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use crate::reader::PATIENCE;
use crate::sandbox::Sandbox;
use crate::scenario::Scenario;

/// A program that is about to run in the sandbox.
#[derive(Clone, Debug)]
#[must_use]
pub struct Run<'a> {
    sandbox: &'a Sandbox,
    program: Vec<String>,
    is_wharf: bool,
    uid: Option<u32>,
    environment: Vec<(String, String)>,
    namespace_step: Vec<String>,
    wrapper: Vec<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn program(sandbox: &'a Sandbox, program: Vec<String>) -> Self {
        Self {
            sandbox,
            program,
            is_wharf: false,
            uid: None,
            environment: Vec::new(),
            namespace_step: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    pub(crate) fn wharf(sandbox: &'a Sandbox, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { is_wharf: true, ..Self::program(sandbox, arguments) }
    }

    /// Runs it as another user, without any capability. Check [`Sandbox::has_users`] first.
    pub fn as_user(mut self, uid: u32) -> Self {
        self.uid = Some(uid);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs `script` (for /bin/sh, as root, in a mount namespace of this run only) before it.
    pub fn after_mounting(mut self, script: &str) -> Self {
        let script = format!("{script} || exit 125; exec \"$@\"");
        self.namespace_step = ["unshare", "--mount", "sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
        self
    }

    /// Starts it by another program: `wrapper` and then its own command line.
    pub fn by(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Starts it by a scenario's program, such as `terminal.py`, which gets its command line as arguments.
    pub fn by_scenario(mut self, file: &str, arguments: &[&str]) -> Self {
        self.wrapper = self.sandbox.scenario_command(file, arguments);
        self
    }

    /// Runs it to its end, with nothing on its standard input.
    ///
    /// # Panics
    /// If it does not end within the deadline.
    #[must_use]
    pub fn output(self) -> Output {
        let mut child = self.spawn(Stdio::null());
        let words = self.program.join(" ");
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (sender, outcome) = channel();
        thread::spawn(move || {
            let errors = thread::spawn(move || read(stderr));
            let stdout = read(stdout);
            let stderr = errors.join().unwrap_or_default();
            let _ = sender.send((stdout, stderr));
        });
        let Ok((stdout, stderr)) = outcome.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("{words}: not done within {PATIENCE:?}");
        };
        let status = child.wait().expect("the program is our child");
        Output { words, code: status.code(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }

    /// Starts it as a scenario: waits for its `ready` and leaves it running.
    #[must_use]
    pub fn scene(self) -> Scenario<'a> {
        let child = self.spawn(Stdio::piped());
        Scenario::begin(self.sandbox, child)
    }

    /// Starts it and hands it over, its standard streams piped.
    #[must_use]
    pub fn start(self) -> Child {
        self.spawn(Stdio::piped())
    }

    fn spawn(&self, stdin: Stdio) -> Child {
        let words = self.words();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", words[0]))
    }

    fn words(&self) -> Vec<String> {
        let mut words = self.sandbox.enter();
        words.extend(self.namespace_step.iter().cloned());
        if let Some(uid) = self.uid {
            words.extend(["setpriv".into(), format!("--reuid={uid}"), format!("--regid={uid}")]);
            words.extend(["--clear-groups", "--inh-caps=-all", "--bounding-set=-all"].map(str::to_owned));
        }
        words.extend(self.sandbox.clean_environment());
        words.extend(self.environment.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(self.wrapper.iter().cloned());
        if self.is_wharf {
            words.push(self.sandbox.binary(self.uid.is_some()));
        }
        words.extend(self.program.iter().cloned());
        words
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Output {
    words: String,
    /// Exit code; absent if a signal ended it.
    pub code: Option<i32>,
    /// All it wrote to standard output.
    pub stdout: Vec<u8>,
    /// All it wrote to standard error; invalid UTF-8 replaced.
    pub stderr: String,
}

impl Output {
    /// Checks the exit code.
    ///
    /// # Panics
    /// If it is another, with all that was printed.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        let text = String::from_utf8_lossy(&self.stdout);
        assert_eq!(self.code, Some(code), "{}\nstdout:\n{text}\nstderr:\n{}", self.words, self.stderr);
        self
    }

    /// Returns standard output as text.
    ///
    /// # Panics
    /// If it is not UTF-8: wharf prints nothing else.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("output is UTF-8")
    }
}

fn read(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is still of use to whoever looks at the failure.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}
