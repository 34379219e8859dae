//! The tables of `bench free`, in Markdown. Pure: rows in, text out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wharf_testkit::occupant::Occupant;

use super::tools::Tool;
use super::{Outcome, Row, is_to_be_freed};

/// Returns the whole report.
pub(super) fn markdown(machine: &str, tools: &[Tool], rows: &[Row], left_out: &[String]) -> String {
    let mut text = format!("Machine: {machine}.\nCommand: `cargo xtask bench free`.\n\n");
    text += &totals(tools, rows);
    let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    let _ = write!(
        text,
        "\n| port 7777 is held by | {} |\n|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    let (freed, spared): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.is_to_be_freed());
    lines(&mut text, &freed);
    if !spared.is_empty() {
        let _ = writeln!(text, "| **Not to be touched:** |{}", " |".repeat(names.len()));
        lines(&mut text, &spared);
    }
    for one in left_out {
        let _ = write!(text, "\nNot tried here: {one}.");
    }
    text
}

fn lines(text: &mut String, rows: &[&Row]) {
    for row in rows {
        let cells = row.outcomes.iter().map(|outcome| in_a_word(&row.occupant, outcome));
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {}: {} | {} |", row.occupant.name, row.occupant.title, cells.join(" | "));
    }
}

fn totals(tools: &[Tool], rows: &[Row]) -> String {
    let mut text = "| | free right after | and not taken again in 3 s | and nothing else killed: all three | nothing of it left \
                    | left alone what is not to be touched |\n|---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    let (freed, spared): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.is_to_be_freed());
    for (at, tool) in tools.iter().enumerate() {
        let of = |rows: &[&Row], is: &dyn Fn(&Outcome) -> bool| {
            format!("{} of {}", rows.iter().filter(|row| is(&row.outcomes[at])).count(), rows.len())
        };
        let stays = |outcome: &Outcome| outcome.verdict.is_free();
        let right = |outcome: &Outcome| stays(outcome) && outcome.spared();
        let clean = |outcome: &Outcome| right(outcome) && outcome.verdict.left.is_empty();
        let cells = [
            of(&freed, &Outcome::freed),
            of(&freed, &stays),
            of(&freed, &right),
            of(&freed, &clean),
            of(&spared, &Outcome::spared),
        ];
        let _ = writeln!(text, "| `{}` | {} |", tool.line, cells.join(" | "));
    }
    text
}

/// Returns what a tool made of an occupant, for a cell.
pub(super) fn in_a_word(occupant: &Occupant, outcome: &Outcome) -> String {
    let verdict = &outcome.verdict;
    let mut faults = Vec::new();
    if is_to_be_freed(occupant) {
        if !outcome.freed() {
            faults.push("**held**".to_owned());
        } else if verdict.came_back {
            faults.push("**came back**".to_owned());
        }
    }
    if !verdict.gone.is_empty() {
        faults.push(format!("**killed** {}", counted(&verdict.gone)));
    }
    if !verdict.miscounts.is_empty() {
        faults.push("**clients not told**".to_owned());
    }
    if is_to_be_freed(occupant) && faults.is_empty() && !verdict.left.is_empty() {
        faults.push(format!("left {}", counted(&verdict.left)));
    }
    match (faults.is_empty(), is_to_be_freed(occupant)) {
        (true, true) => "free".to_owned(),
        (true, false) => "left alone".to_owned(),
        (false, _) => faults.join(", "),
    }
}

/// Returns the names, each once, with how often it stands there.
fn counted(names: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let one = |(name, count): (&str, usize)| match count {
        1 => name.to_owned(),
        count => format!("{name} (× {count})"),
    };
    counts.into_iter().map(one).collect::<Vec<String>>().join(", ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use wharf_testkit::occupant::{Deed, Verdict};

    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome { deed: Deed { code: Some(0), stdout: String::new(), stderr: String::new() }, verdict }
    }

    #[test]
    fn a_cell_says_what_went_wrong_and_nothing_else() {
        let node = Occupant::read("node");
        assert_eq!(in_a_word(&node, &outcome(Verdict::default())), "free");
        let back = Verdict { came_back: true, ..Verdict::default() };
        assert_eq!(in_a_word(&node, &outcome(back)), "**came back**");
        let gone = ["a client", "a client", "sh"].map(str::to_owned).to_vec();
        let killed = Verdict { gone, left: vec!["x".to_owned()], ..Verdict::default() };
        assert_eq!(in_a_word(&node, &outcome(killed)), "**killed** a client (× 2), sh");
    }

    #[test]
    fn who_is_not_to_be_touched_may_keep_the_port() {
        let held = outcome(Verdict { held: "in use".to_owned(), ..Verdict::default() });
        assert_eq!(in_a_word(&Occupant::read("other_user"), &held), "left alone");
        assert_eq!(in_a_word(&Occupant::read("node"), &held), "**held**");
    }
}
