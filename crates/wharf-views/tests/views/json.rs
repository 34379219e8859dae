//! JSON: what is written is what was meant, in both layouts; the schemas describe it.

use insta::assert_snapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wharf_model::event::EventKind;
use wharf_views::json::{Layout, write_document};
use wharf_views::schema::{NAMES, schema};

use crate::fixture::{event, laptop, show_vite, vite};

fn written<T: Serialize>(value: &T, layout: Layout) -> String {
    let mut out = Vec::new();
    write_document(&mut out, value, layout).unwrap();
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check_round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    for layout in [Layout::Line, Layout::Indented] {
        assert_eq!(&serde_json::from_str::<T>(&written(value, layout)).unwrap(), value);
    }
}

#[test]
fn documents_are_read_back_equal() {
    check_round_trip(&laptop());
    check_round_trip(&show_vite());
    check_round_trip(&event(EventKind::Opened, vite(), &[]));
}

#[test]
fn an_event_is_one_line() {
    let line = written(&event(EventKind::Opened, vite(), &[]), Layout::Line);
    assert_eq!(line.matches('\n').count(), 1);
    assert!(
        line.starts_with(r#"{"schema":"wharf.event/v1","revision":1,"at":"2026-11-23T14:02:11.000Z""#),
        "{line}"
    );
}

#[test]
fn what_steers_a_terminal_is_escaped_and_means_the_same() {
    let text = "\x1b[2J\u{9b}2J\u{202e}\u{e0041}\u{7f}é 🦀";
    let line = written(&text, Layout::Line);
    assert_snapshot!(line, @r#""\u001b[2J\u009b2J\u202e\udb40\udc41\u007fé 🦀""#);
    assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
}

#[test]
fn every_schema_names_its_document_and_holds_for_it() {
    for (name, document) in NAMES.iter().zip([
        serde_json::to_value(laptop()).unwrap(),
        serde_json::to_value(show_vite()).unwrap(),
        serde_json::to_value(event(EventKind::Opened, vite(), &[])).unwrap(),
    ]) {
        let schema = schema(name).unwrap();
        assert_eq!(schema["$id"], document["schema"]);
        assert_eq!(schema["title"], document["schema"]);
        assert_eq!(schema["properties"]["schema"]["const"], document["schema"]);
        jsonschema::draft202012::validate(&schema, &document).unwrap();
        for field in document.as_object().unwrap().keys() {
            assert!(schema["properties"].get(field).is_some(), "{name}: {field}");
        }
        let mut other = document;
        other["schema"] = "wharf.other/v1".into();
        assert!(!jsonschema::draft202012::is_valid(&schema, &other));
    }
    assert_eq!(schema("nonsense"), None);
}
