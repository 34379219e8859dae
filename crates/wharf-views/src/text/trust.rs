//! What became of the trust in the local authority, store by store. Not here: what is done about it.

use std::io::{self, Write};

use wharf_model::trust::{Trust, TrustOutcome, TrustStep, TrustStore};

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::shorten::tilde;
use crate::text::warning::fold;

/// Writes each step in a line, and the commands that are left to its reader, whole, below it.
///
/// # Errors
/// What `out` returns.
pub fn write_trust(out: &mut dyn Write, trust: &Trust, style: &Style) -> io::Result<()> {
    for note in &trust.notes {
        write_lines(out, &fold(&Line::of(Ink::Plain, note), style), style)?;
    }
    for step in &trust.steps {
        write_lines(out, &fold(&line(step, style), style), style)?;
        if !matches!(step.outcome, TrustOutcome::Already | TrustOutcome::Done) {
            // Whole, however narrow the terminal: it is to be copied.
            let lines: Vec<Line> =
                step.commands.iter().map(|it| Line::of(Ink::Strong, &format!("  {it}"))).collect();
            write_lines(out, &lines, style)?;
        }
    }
    let changed = |store| {
        let of = |step: &&TrustStep| step.store == store && step.outcome == TrustOutcome::Done;
        trust.steps.iter().find(of).is_some()
    };
    let running: Vec<&str> = [(TrustStore::Chromium, "Chromium"), (TrustStore::Firefox, "Firefox")]
        .into_iter()
        .filter_map(|(store, name)| changed(store).then_some(name))
        .collect();
    if !running.is_empty() {
        let text = format!("{} may have to be started anew", running.join(" and "));
        write_lines(out, &[Line::of(Ink::Dim, &text)], style)?;
    }
    Ok(())
}

fn line(step: &TrustStep, style: &Style) -> Line {
    let (ink, outcome) = match (step.outcome, step.removal) {
        (TrustOutcome::Done, false) => (Ink::Name, "trusted in"),
        (TrustOutcome::Done, true) => (Ink::Name, "removed from"),
        (TrustOutcome::Already, false) => (Ink::Dim, "trusted already in"),
        (TrustOutcome::Already, true) => (Ink::Dim, "not in"),
        (TrustOutcome::Planned, false) => (Ink::Plain, "would be trusted in"),
        (TrustOutcome::Planned, true) => (Ink::Plain, "would be removed from"),
        (TrustOutcome::Left, false) => (Ink::Warning, "not trusted yet in"),
        (TrustOutcome::Left, true) => (Ink::Warning, "not removed yet from"),
        (TrustOutcome::Failed, _) => (Ink::Warning, "failed in"),
    };
    let store = match step.store {
        TrustStore::System => " the system's store",
        TrustStore::Chromium => " Chromium",
        TrustStore::Firefox => " Firefox",
        TrustStore::Java => " Java",
    };
    let mut line = Line::of(ink, outcome).and(Ink::Plain, store);
    if let Some(place) = &step.place {
        line = line.and(Ink::Dim, &format!(" ({})", tilde(place, style.home())));
    }
    if let Some(reason) = &step.reason {
        line = line.and(Ink::Plain, &format!(": {reason}"));
    }
    line
}
