//! What became of the trust in the local authority.

use insta::assert_snapshot;
use wharf_model::trust::{TRUST_SCHEMA, Trust, TrustOutcome, TrustStep, TrustStore};
use wharf_views::style::Style;
use wharf_views::text::trust::write_trust;

use crate::fixture::piped;

fn step(store: TrustStore, place: &str, outcome: TrustOutcome) -> TrustStep {
    TrustStep {
        store,
        place: Some(place.to_owned()),
        removal: false,
        fingerprint: None,
        outcome,
        reason: None,
        commands: Vec::new(),
    }
}

fn text(steps: Vec<TrustStep>, style: &Style) -> String {
    let trust = Trust {
        schema: TRUST_SCHEMA.to_owned(),
        authority: None,
        fingerprint: None,
        dry_run: false,
        steps,
        notes: vec!["an authority for localhost was made".to_owned()],
    };
    let mut out = Vec::new();
    write_trust(&mut out, &trust, style).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_store_has_a_line_and_what_is_left_its_command() {
    let left = TrustStep {
        reason: Some("it takes root".to_owned()),
        commands: vec!["sudo wharf trust --system /home/ana/root.pem".to_owned()],
        ..step(TrustStore::System, "/usr/local/share/ca-certificates/wharf-0.crt", TrustOutcome::Left)
    };
    let chromium = step(TrustStore::Chromium, "/home/ana/.pki/nssdb", TrustOutcome::Done);
    let gone = TrustStep { removal: true, ..step(TrustStore::Firefox, "/f", TrustOutcome::Already) };
    assert_snapshot!(text(vec![left, chromium, gone], &piped()));
}

#[test]
fn a_command_is_whole_however_narrow_the_terminal_and_harmless_whatever_is_in_it() {
    let long = format!("certutil -A -d sql:/{} -n wharf", "long/".repeat(30));
    let failed = TrustStep {
        reason: Some("\x1b[2J gone".to_owned()),
        commands: vec![long.clone()],
        ..step(TrustStore::Firefox, "/f\x1b[2J", TrustOutcome::Failed)
    };
    let text = text(vec![failed], &Style { width: Some(40), ..piped() });
    assert!(text.lines().any(|line| line == format!("  {long}")), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}
