//! What is kept of changes, and what is left when writing or reading fails.

use std::fs;
use std::sync::Arc;

use wharf_model::route::{Route, RouteOrigin, Upstream};

use super::{Added, PAST};

fn route(host: &str, path: Option<&str>, port: u16) -> Arc<Route> {
    Arc::new(Route {
        host: host.to_owned(),
        path: path.map(str::to_owned),
        strip: false,
        wildcard: false,
        upstream: Upstream::http(port),
        starting: false,
        url: None,
        address: None,
        note: None,
        name: None,
        origin: RouteOrigin::Added,
        process: None,
        uid: None,
    })
}

/// Returns each route in a word.
fn words(added: &Added) -> Vec<String> {
    let word = |route: &Arc<Route>| {
        format!(
            "{}{}={}",
            route.host,
            route.path.as_deref().unwrap_or_default(),
            route.upstream.port().unwrap_or_default()
        )
    };
    added.all().iter().map(word).collect()
}

#[test]
fn what_was_changed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("routes");
    let read = || {
        let mut warnings = Vec::new();
        let added = Added::read(file.clone(), &mut warnings);
        assert_eq!(warnings, Vec::<String>::new());
        added
    };
    let mut added = read();
    for (host, path, port) in
        [("b", None, 1), ("a", Some("/x"), 2), ("a", None, 3), ("c", None, 4), ("b", None, 5)]
    {
        added.put(route(host, path, port)).unwrap();
    }
    assert_eq!(words(&added), ["a=3", "a/x=2", "b=5", "c=4"]);
    assert_eq!(words(&read()), words(&added));
    assert_eq!(added.remove("a", Some("/x")).unwrap().len(), 1);
    assert_eq!(added.remove("a", Some("/y")).unwrap().len(), 0);
    assert_eq!(words(&read()), ["a=3", "b=5", "c=4"]);
    let mut again = read();
    assert_eq!(again.remove("b", None).unwrap()[0].upstream.port(), Some(5));
    again.put(route("a", Some("/x"), 6)).unwrap();
    assert_eq!(again.remove("a", None).unwrap().len(), 2);
    assert_eq!(words(&read()), ["c=4"]);
}

#[test]
fn a_change_costs_a_line_and_the_past_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("routes");
    let mut added = Added::read(file.clone(), &mut Vec::new());
    let mut written = 0;
    for number in 0..1_000 {
        let before = fs::metadata(&file).map_or(0, |it| it.len());
        added.put(route(&format!("host-{number}"), None, 1)).unwrap();
        written += fs::metadata(&file).unwrap().len().saturating_sub(before);
    }
    let length = fs::metadata(&file).unwrap().len();
    assert_eq!(written, length, "nothing was written twice");
    for number in 0..1_000 * 5 {
        added.put(route("host-1", None, number % 9 + 1)).unwrap();
    }
    let lines = fs::read_to_string(&file).unwrap().lines().count();
    assert!(lines <= 2 * 1_000 + PAST, "{lines}");
    assert_eq!(words(&Added::read(file, &mut Vec::new())).len(), 1_000);
}

#[test]
fn what_cannot_be_written_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    fs::create_dir(&place).unwrap();
    let mut added = Added::read(place.join("routes"), &mut Vec::new());
    added.put(route("a", None, 1)).unwrap();
    fs::rename(&place, folder.path().join("away")).unwrap();
    added.put(route("a", None, 2)).unwrap_err();
    added.put(route("b", None, 2)).unwrap_err();
    added.remove("a", None).unwrap_err();
    assert_eq!(words(&added), ["a=1"]);
    fs::create_dir(&place).unwrap();
    added.put(route("b", None, 2)).unwrap();
    // All of it is there again, not only what is new.
    assert_eq!(words(&Added::read(place.join("routes"), &mut Vec::new())), ["a=1", "b=2"]);
}

#[test]
fn half_a_line_is_left_out_and_a_broken_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("routes");
    let mut added = Added::read(file.clone(), &mut Vec::new());
    added.put(route("a", None, 1)).unwrap();
    added.put(route("b", None, 2)).unwrap();
    let whole = fs::read_to_string(&file).unwrap();
    let (mut warnings, half) = (Vec::new(), &whole[..whole.len() - 5]);
    fs::write(&file, half).unwrap();
    let mut added = Added::read(file.clone(), &mut warnings);
    assert_eq!((words(&added), warnings.len()), (vec!["a=1".to_owned()], 0));
    added.put(route("c", None, 3)).unwrap();
    assert_eq!(words(&Added::read(file.clone(), &mut warnings)), ["a=1", "c=3"]);
    fs::write(&file, format!("{{\"put\": 1}}\n{whole}")).unwrap();
    let mut added = Added::read(file.clone(), &mut warnings);
    assert_eq!((words(&added).len(), warnings.len()), (2, 1));
    added.put(route("c", None, 3)).unwrap();
    assert!(fs::read_to_string(file.with_extension("broken")).unwrap().starts_with("{\"put\": 1}"));
    assert_eq!(words(&Added::read(file, &mut Vec::new())), ["a=1", "b=2", "c=3"]);
}
