//! A program that cannot be started leaves nothing behind. Alone in its process, so that descriptors can be
//! counted.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::io::ErrorKind;
use std::process::Command;

use wharf_sys::linux::seccomp::{Filter, Refusal, spawn};
use wharf_testkit::skip;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_failed_start_is_told_by_its_reason_and_leaves_no_descriptor() {
    let before = descriptors();
    let error = spawn(&mut Command::new("/nonexistent/program"), &Filter::default().program()).unwrap_err();
    if let Some(refusal) = Refusal::of(&error) {
        skip!("{refusal}");
    }
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(descriptors(), before);

    // An empty program is no filter (EINVAL); the program that is there is not started.
    let mut command = Command::new("true");
    let error = spawn(&mut command, &[]).unwrap_err();
    assert_eq!((Refusal::of(&error), error.kind()), (Some(Refusal::TooOld), ErrorKind::Unsupported));
    assert_eq!(descriptors(), before);

    // The same command may be tried again.
    let mut run = spawn(&mut command, &Filter::default().program()).unwrap();
    assert!(run.child.wait().unwrap().success());
    drop(run);
    assert_eq!(descriptors(), before);
}
