//! `wharf watch --json`: every change is an event, one a line.

use std::io::Read;
use std::process::Child;

use wharf_model::event::{EVENT_SCHEMA, EventKind};
use wharf_testkit::reader::Lines;
use wharf_testkit::run::Run;
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::Sandbox;

use crate::support::{event, owned_by};

/// A running watch. It ends with the sandbox at the latest.
pub(crate) struct Watch {
    child: Child,
    lines: Lines,
}

impl Watch {
    /// Starts the binary with `arguments`, which are to make it watch.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self::of(sandbox.wharf(arguments))
    }

    /// Starts `run`, which is to make the binary watch.
    pub(crate) fn of(run: Run<'_>) -> Self {
        let mut child = run.start();
        let lines = Lines::of(child.stdout.take().expect("stdout is a pipe"));
        Self { child, lines }
    }

    /// Reads lines until one satisfies `wanted`, and returns it.
    #[track_caller]
    pub(crate) fn until(&self, wanted: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.lines.next() {
            if wanted(&line) {
                return line;
            }
            seen.push(line);
        }
        panic!("the watch ended before it came: {seen:#?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_there_what_opens_and_what_closes_are_events() {
    let sandbox = sandbox!();
    let mut scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let pid = scene.pid("pid");
    let watch = Watch::start(&sandbox, &["watch", "--json"]);
    let is = |line: &str, kind: EventKind, port: u16| {
        let event = event(line);
        (event.kind, event.endpoint.port) == (kind, port)
    };
    let present = event(&watch.until(|line| is(line, EventKind::Present, 3000)));
    assert_eq!((present.schema.as_str(), present.revision), (EVENT_SCHEMA, 1));
    scene.tell("open tcp:127.0.0.1:4000");
    let opened = event(&watch.until(|line| is(line, EventKind::Opened, 4000)));
    owned_by(&opened.endpoint, &[pid]);
    assert_eq!(opened.revision, 2);
    scene.tell("close 3000");
    let closed = event(&watch.until(|line| is(line, EventKind::Closed, 3000)));
    owned_by(&closed.endpoint, &[pid]);
    assert_eq!(closed.revision, 3);
    scene.tell("close 4000");
    assert_eq!(event(&watch.until(|line| is(line, EventKind::Closed, 4000))).revision, 4);
}

#[test]
fn a_watch_whose_reader_is_gone_ends_in_silence() {
    let sandbox = sandbox!();
    let mut scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let mut child = sandbox.wharf(&["watch", "--json"]).start();
    let lines = Lines::of(OneLine(child.stdout.take()));
    assert!(lines.next().is_some_and(|line| line.contains("\"present\"")));
    assert_eq!(lines.next(), None);
    // The next event meets the closed pipe.
    scene.tell("open tcp:127.0.0.1:4000");
    let errors = Lines::of(child.stderr.take().expect("stderr is a pipe"));
    assert_eq!(errors.rest(), "");
    assert_eq!(child.wait().expect("our child").code(), Some(0));
}

/// A pipe of which only the first line is read before it is let go.
struct OneLine<T>(Option<T>);

impl<T: Read> Read for OneLine<T> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(pipe) = &mut self.0 else { return Ok(0) };
        let length = pipe.read(&mut buffer[..1])?;
        if buffer[..length] == *b"\n" {
            self.0 = None;
        }
        Ok(length)
    }
}
