//! The tables of `bench why`, in Markdown. Pure: rows in, text out.

use std::fmt::Write as _;

use serde_json::Value;
use wharf_testkit::fault::Expected;

use super::{OTHERS, Row, Told};

/// Returns the whole report.
pub(super) fn markdown(machine: &str, rows: &[Row], left_out: &[String]) -> String {
    let mut text = format!("Machine: {machine}.\nCommand: `cargo xtask bench why`.\n\n");
    text += &totals(rows);
    text += "\n| fault | curl -v | nc -zv | ss -ltnp | witr | wharf why | root, ms | user | user, ms |\n\
             |---|---|---|---|---|---|--:|---|--:|\n";
    for row in rows {
        text += &line(row);
    }
    for one in left_out {
        let _ = write!(text, "\nNot brought about here: {one}.");
    }
    text
}

fn totals(rows: &[Row]) -> String {
    let is_healthy = |row: &&Row| row.fault.expected == Expected::Reachable;
    let faults: Vec<&Row> = rows.iter().filter(|row| !is_healthy(row)).collect();
    let healthy: Vec<&Row> = rows.iter().filter(is_healthy).collect();
    let users: Vec<(&Row, &Told)> = rows.iter().filter_map(|row| Some((row, row.user.as_ref()?))).collect();
    let right = |told: &[&Told]| told.iter().filter(|told| told.right).count();
    let as_root: Vec<&Told> = faults.iter().map(|row| &row.root).collect();
    let as_user: Vec<&Told> = users
        .iter()
        .filter(|(row, _)| row.fault.for_user != Some(Expected::Reachable))
        .map(|(_, told)| *told)
        .collect();
    let wrong = rows
        .iter()
        .flat_map(|row| std::iter::once(&row.root).chain(&row.user))
        .filter(|told| told.wrong)
        .count();
    let alarms = healthy.iter().flat_map(|row| std::iter::once(&row.root).chain(&row.user));
    let alarms = alarms.filter(|told| told.verdict == "cause_found" && !told.right).count();
    let mut text = "| | | to reach |\n|---|--:|---|\n".to_owned();
    let mut add = |what: &str, value: String, bar: &str| {
        let _ = writeln!(text, "| {what} | {value} | {bar} |");
    };
    add(
        "faults named exactly, all causes in order, as root",
        format!("{} of {}", right(&as_root), as_root.len()),
        "all",
    );
    add(
        "the same as an ordinary user, or cannot tell where it takes privilege",
        format!("{} of {}", right(&as_user), as_user.len()),
        "all",
    );
    add("wrong causes, by either", wrong.to_string(), "0");
    add("false alarms on healthy set-ups", format!("{alarms} on {}", healthy.len()), "0 on 20");
    type Class = (&'static str, fn(&Row) -> bool, [&'static str; 2]);
    let classes: [Class; 3] = [
        (
            "where nothing has to be waited for",
            |row| !row.hangs && row.fault.waits.is_none(),
            ["15 ms", "60 ms"],
        ),
        ("where curl or nc is left waiting", |row| row.hangs, ["", "1200 ms where a SYN is dropped"]),
        (
            "where something else has to be waited for",
            |row| !row.hangs && row.fault.waits.is_some(),
            ["", ""],
        ),
    ];
    for (what, is_of, [half_bar, most_bar]) in classes {
        let times = rows.iter().filter(|row| is_of(row));
        let times =
            times.flat_map(|row| std::iter::once(row.root.ms).chain(row.user.as_ref().map(|told| told.ms)));
        let mut times: Vec<f64> = times.collect();
        times.sort_by(f64::total_cmp);
        let at =
            |share: f64| times.get(((times.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied();
        if let (Some(half), Some(most)) = (at(0.5), at(0.99)) {
            add(&format!("p50, {what}"), format!("{half:.1} ms"), half_bar);
            add(&format!("p99, {what}"), format!("{most:.1} ms"), most_bar);
        }
    }
    text
}

fn line(row: &Row) -> String {
    let others = (0..OTHERS.len()).map(|at| cell(row.others.get(at).map_or("", String::as_str), 60));
    let others: Vec<String> = others.collect();
    let said = |told: &Told| {
        let codes =
            if told.causes.is_empty() { told.verdict.replace('_', " ") } else { told.causes.join(", ") };
        let mark = if told.right { "" } else { " **wrong**" };
        format!("{codes}{mark}")
    };
    let (user, ms) = match &row.user {
        None => (String::new(), String::new()),
        Some(told) if told.causes == row.root.causes && told.right => {
            ("the same".to_owned(), format!("{:.1}", told.ms))
        }
        Some(told) => (said(told), format!("{:.1}", told.ms)),
    };
    format!(
        "| {}/{}: {} | {} | **{}**: {} | {:.1} | {user} | {ms} |\n",
        row.fault.group,
        row.fault.name,
        cell(&row.fault.title, 80),
        others.join(" | "),
        said(&row.root),
        cell(&row.root.summary, 110),
        row.root.ms,
    )
}

/// Returns what a tool said, in its last line that tells something.
pub(super) fn in_a_word(answer: &Value) -> String {
    let of = |name: &str| answer[name].as_str().unwrap_or_default();
    let telling = |text: &str| {
        let mut lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with(['*', '<', '>', '{', '}']));
        lines.next_back().map(str::to_owned)
    };
    let line = telling(of("stderr")).or_else(|| telling(of("stdout")));
    line.unwrap_or_else(|| match answer["code"].as_i64() {
        Some(0) => "(nothing)".to_owned(),
        Some(code) => format!("(exit {code})"),
        None => String::new(),
    })
}

/// Returns a text that a table of Markdown can have in a cell, of `width` characters at most.
fn cell(text: &str, width: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = if plain.chars().count() > width {
        format!("{}…", plain.chars().take(width - 1).collect::<String>())
    } else {
        plain
    };
    cut.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{cell, in_a_word};

    #[test]
    fn the_last_telling_line_counts() {
        let curl = json!({ "stderr": "* Trying\n* Closing\ncurl: (7) Failed to connect\n", "stdout": "", "code": 7 });
        assert_eq!(in_a_word(&curl), "curl: (7) Failed to connect");
        assert_eq!(in_a_word(&json!({ "stderr": "", "stdout": "", "code": 1 })), "(exit 1)");
    }

    #[test]
    fn a_cell_is_one_line() {
        assert_eq!(cell("a|b\nc", 80), "a\\|b c");
        assert_eq!(cell("abcdef", 4), "abc…");
    }
}
