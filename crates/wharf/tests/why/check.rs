//! One fault: what wharf says of it, as root and as an ordinary user.

use wharf_model::diagnosis::{DIAGNOSIS_SCHEMA, Diagnosis, Verdict};
use wharf_testkit::fault::{Expected, Fault};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::skip;

/// Brings the fault `group/name` about, and checks what is said of it; skips it aloud where that cannot be done.
#[track_caller]
pub(crate) fn brought_about(group: &str, name: &str) {
    let told = |why: &str| skip::note(&format!("why::{group}::{name}"), why);
    let sandbox = match Sandbox::new(env!("CARGO_BIN_EXE_wharf")) {
        Ok(sandbox) => sandbox,
        Err(why) => return told(&why),
    };
    let fault = Fault::read(group, name);
    match fault.lacks(&sandbox) {
        Some(why) => told(&why),
        None => check(&sandbox, &fault),
    }
}

#[track_caller]
fn check(sandbox: &Sandbox, fault: &Fault) {
    let (scene, words) = fault.set(sandbox);
    let mut arguments = vec!["why", "--json"];
    arguments.extend(words.iter().map(String::as_str));
    let environment = fault.environment(&scene);
    let run = || {
        let run = sandbox.wharf(&arguments);
        environment.iter().fold(run, |run, (name, value)| run.env(name, value))
    };
    if sandbox.has_users()
        && let Some(expected) = &fault.for_user
    {
        let output = wrapped(fault, run().as_user(SOMEBODY)).output();
        judged(fault, "an ordinary user", expected, output.code, &output.text(), &output.stderr);
    }
    let output = wrapped(fault, run()).output();
    judged(fault, "root", &fault.expected, output.code, &output.text(), &output.stderr);
    drop(scene);
}

/// Has the fault's own program start wharf, where it says so.
fn wrapped<'a>(fault: &Fault, run: Run<'a>) -> Run<'a> {
    match &fault.wrapper {
        None => run,
        Some((file, words)) => {
            run.by_scenario(file, &words.iter().map(String::as_str).collect::<Vec<&str>>())
        }
    }
}

#[track_caller]
fn judged(fault: &Fault, who: &str, expected: &Expected, code: Option<i32>, text: &str, errors: &str) {
    let what = format!("{}/{} as {who}", fault.group, fault.name);
    let diagnosis: Diagnosis =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}\n{text}\n{errors}"));
    assert_eq!(diagnosis.schema, DIAGNOSIS_SCHEMA);
    let found: Vec<&str> = diagnosis.causes.iter().map(|cause| cause.code.as_str()).collect();
    let (verdict, causes, exit) = match expected {
        Expected::Reachable => (Verdict::Reachable, Vec::new(), 0),
        Expected::Causes(codes) => (Verdict::CauseFound, codes.iter().map(String::as_str).collect(), 1),
        // Something may be known that is not the reason.
        Expected::CannotTell => (Verdict::CannotTell, found.clone(), 3),
    };
    assert_eq!((diagnosis.verdict, &found, code), (verdict, &causes, Some(exit)), "{what}: {diagnosis:#?}");
    let remarked: Vec<&str> = diagnosis.remarks.iter().map(|remark| remark.code.as_str()).collect();
    for remark in &fault.remarks {
        let (code, by_all) = match remark.strip_suffix(" as root") {
            Some(code) => (code, false),
            None => (remark.as_str(), true),
        };
        let is_due = by_all || who == "root";
        assert!(!is_due || remarked.contains(&code), "{what}: no remark {code}: {diagnosis:#?}");
    }
    for cause in &diagnosis.causes {
        assert!(!cause.evidence.is_empty() && !cause.fixes.is_empty(), "{what}: {cause:#?}");
    }
    if verdict == Verdict::CannotTell && who != "root" {
        assert!(diagnosis.would_tell.is_some(), "{what}: {diagnosis:#?}");
    }
}
