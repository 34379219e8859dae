//! Processes that end in the middle of the walk, and pids that are used again.

mod crowd;

use wharf_model::owner::HeldBy;
use wharf_testkit::sandbox;

use crate::support::{event, ls, only, only_detail, owned_by, pids_of, show};
use crate::watch::Watch;

const ROUNDS: usize = 200;

#[test]
fn a_storm_of_short_lives_never_makes_an_error_or_a_wrong_owner() {
    let sandbox = sandbox!();
    let steady = sandbox.scene("listen.py", &["--name=steady", "tcp:127.0.0.1:3000"]);
    let _storm = sandbox.scene("churn.py", &["4000", "4015"]);
    let mut seen = 0;
    for round in 0..ROUNDS {
        let output = sandbox.wharf(&["ls", "--json"]).output().expect_code(0);
        assert_eq!(output.stderr, "", "round {round}");
        let snapshot: wharf_model::snapshot::Snapshot =
            serde_json::from_str(&output.text()).expect("a document of the model");
        owned_by(only(&snapshot, 3000), &[steady.pid("pid")]);
        for endpoint in snapshot.endpoints.iter().filter(|endpoint| endpoint.port != 3000) {
            seen += 1;
            assert!((4000..4016).contains(&endpoint.port), "round {round}: {endpoint:#?}");
            assert_ne!(endpoint.owner.held_by, HeldBy::InFlight, "round {round}: {endpoint:#?}");
            for process in &endpoint.owner.processes {
                // A process that was just forked has its parent's name until it sets its own.
                assert!(["churn", "storm"].contains(&process.name.as_str()), "round {round}: {endpoint:#?}");
            }
        }
    }
    assert!(seen > 0, "the storm was never seen: the test tests nothing");
}

#[test]
fn show_in_the_storm_never_fails() {
    let sandbox = sandbox!();
    let _storm = sandbox.scene("churn.py", &["4000", "4003"]);
    for round in 0..ROUNDS / 4 {
        let output = sandbox.wharf(&["show", "4000", "--json"]).output().expect_code(0);
        assert_eq!(output.stderr, "", "round {round}");
    }
}

#[test]
fn namespaces_that_come_and_go_never_make_an_error() {
    let sandbox = sandbox!();
    let steady = sandbox.scene("namespaces.py", &["other", "3000"]);
    let _storm = sandbox.scene("churn.py", &["4000", "4001", "nomads"]);
    for round in 0..ROUNDS / 4 {
        let output = sandbox.wharf(&["ls", "--json"]).output().expect_code(0);
        let snapshot: wharf_model::snapshot::Snapshot =
            serde_json::from_str(&output.text()).expect("a document of the model");
        owned_by(only(&snapshot, 3000), &[steady.pid("owner")]);
        for endpoint in snapshot.endpoints.iter().filter(|endpoint| endpoint.port != 3000) {
            for process in &endpoint.owner.processes {
                let names = if endpoint.netns.own { ["churn", "storm"] } else { ["nomad", "storm"] };
                assert!(names.contains(&process.name.as_str()), "round {round}: {endpoint:#?}");
            }
        }
    }
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let sandbox = sandbox!();
    let mut scene = sandbox.scene("pid_reuse.py", &["3000"]);
    let watch = Watch::start(&sandbox, &["watch", "--json"]);
    let first = event(&watch.until(|line| line.contains("3000"))).endpoint;
    owned_by(&first, &[scene.pid("owner")]);
    assert_eq!(first.owner.processes[0].start_ticks, scene.number("start_ticks"));
    scene.tell("again");

    let snapshot = ls(&sandbox, &[]);
    let second = only(&snapshot, 3000);
    assert_eq!(pids_of(&second.owner.processes), pids_of(&first.owner.processes));
    assert_eq!(second.owner.processes[0].start_ticks, scene.number("start_ticks"));
    assert_ne!(second.owner.processes[0].start_ticks, first.owner.processes[0].start_ticks);
    assert_ne!(second.id, first.id, "another socket is another endpoint of its boot");
    let detail = show(&sandbox, "3000");
    assert_eq!(only_detail(&detail).endpoint.owner.processes[0].start_ticks, scene.number("start_ticks"));
    // Whoever only compares pids would see no change.
    watch.until(|line| {
        let event = event(line).endpoint;
        event.owner.processes.first().is_some_and(|owner| owner.start_ticks == scene.number("start_ticks"))
    });
}
