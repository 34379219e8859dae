//! The tables of the benchmark, in Markdown, from the measurements.
//!
//! Pure: numbers in, text out. A ratio is the rival's median divided by wharf's.

use serde_json::Value;

use super::rivals::{EXTRA_MEMORY_KB, FLOOR, LIST_TARGETS, PORT_TARGETS, Target, WHARF_LS};

/// Median and minimum of one contender.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    median: f64,
    minimum: f64,
    runs: usize,
}

/// Returns the whole report.
pub(super) fn markdown(machine: &str, results: &[Value]) -> String {
    let mut text = format!("Machine: {machine}.\nCommand: `cargo xtask bench ls`.\n");
    for result in results {
        let (load, description) = (word(result, "load"), word(result, "description"));
        text += &format!("\n### Load {load}: {description}\n\n");
        text += &list_table(result);
        text += "\nOne port: who listens on N?\n\n";
        text += &port_table(result);
    }
    text + "\n### Targets\n\n" + &targets(results)
}

fn list_table(result: &Value) -> String {
    let mut table = "| every listener with its owner | median ms | minimum ms | runs | × wharf |\n\
                     |---|--:|--:|--:|--:|\n"
        .to_owned();
    let wharf = figures(result, "list", WHARF_LS, "whole");
    for name in names(result, "list") {
        let Some(own) = figures(result, "list", &name, "whole") else { continue };
        let ratio = if name == FLOOR { String::new() } else { ratio_text(Some(own), wharf) };
        let Figures { median, minimum, runs } = own;
        table += &format!("| `{name}` | {median:.1} | {minimum:.1} | {runs} | {ratio} |\n");
    }
    table.replace(&format!("`{FLOOR}`"), FLOOR)
}

fn port_table(result: &Value) -> String {
    let mut table =
        "| owner of one port | to the pid, median ms | minimum | whole, median ms | minimum | runs \
                     | × wharf, to the pid |\n|---|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    let all = names(result, "one");
    let wharf = all.first().and_then(|name| figures(result, "one", name, "to_pid"));
    for name in &all {
        let Some(whole) = figures(result, "one", name, "whole") else { continue };
        let to_pid = figures(result, "one", name, "to_pid");
        let (median, minimum) = match to_pid {
            Some(figures) => (format!("{:.1}", figures.median), format!("{:.1}", figures.minimum)),
            None => ("never told".to_owned(), String::new()),
        };
        let ratio = ratio_text(to_pid, wharf);
        let Figures { median: whole_median, minimum: whole_minimum, runs } = whole;
        table += &format!(
            "| `{name}` | {median} | {minimum} | {whole_median:.1} | {whole_minimum:.1} | {runs} | {ratio} |\n"
        );
    }
    table
}

fn targets(results: &[Value]) -> String {
    let mut table = "| target | wanted | measured | |\n|---|--:|--:|---|\n".to_owned();
    for target in LIST_TARGETS {
        let measured = |result: &Value| {
            Some(
                figures(result, "list", target.rival, "whole")?.median
                    / figures(result, "list", WHARF_LS, "whole")?.median,
            )
        };
        table += &target_row(target, "ls", results, measured);
    }
    for target in PORT_TARGETS {
        let measured = |result: &Value| {
            let all = names(result, "one");
            let rival = all.iter().find(|name| name.starts_with(target.rival))?;
            Some(
                figures(result, "one", rival, "to_pid")?.median
                    / figures(result, "one", all.first()?, "to_pid")?.median,
            )
        };
        table += &target_row(target, "show N, to the pid,", results, measured);
    }
    if let Some(result) = results.iter().find(|result| word(result, "load") == "A") {
        let memory = &result["memory_kb"];
        table += &match (memory["wharf"].as_u64(), memory["ss"].as_u64()) {
            (Some(wharf), Some(ss)) => format!(
                "| peak memory of ls in A | ≤ {} kB | {wharf} kB (ss: {ss} kB) | {} |\n",
                ss + EXTRA_MEMORY_KB,
                verdict(wharf <= ss + EXTRA_MEMORY_KB)
            ),
            _ => "| peak memory of ls in A | | not measured: GNU time is not installed | |\n".to_owned(),
        };
    }
    table
}

fn target_row(
    target: &Target,
    what: &str,
    results: &[Value],
    measured: impl Fn(&Value) -> Option<f64>,
) -> String {
    let result = results.iter().find(|result| word(result, "load") == target.load);
    let Some(ratio) = result.and_then(measured) else { return String::new() };
    let Target { load, rival, ratio: wanted } = target;
    let rival = rival.split(' ').next().unwrap_or(rival);
    format!(
        "| {what} in {load} against {rival} | {wanted:.0}× | {ratio:.1}× | {} |\n",
        verdict(ratio >= *wanted)
    )
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "**missed**" }
}

fn ratio_text(rival: Option<Figures>, wharf: Option<Figures>) -> String {
    rival.zip(wharf).map_or(String::new(), |(rival, wharf)| format!("{:.1}", rival.median / wharf.median))
}

fn names(result: &Value, table: &str) -> Vec<String> {
    let rows = result[table].as_array().into_iter().flatten();
    rows.map(|row| word(row, "name").to_owned()).collect()
}

fn figures(result: &Value, table: &str, name: &str, which: &str) -> Option<Figures> {
    let row = result[table].as_array()?.iter().find(|row| word(row, "name") == name)?;
    summary(row[which].as_array()?.iter().filter_map(Value::as_f64).collect())
}

fn summary(mut times: Vec<f64>) -> Option<Figures> {
    times.sort_by(f64::total_cmp);
    let (minimum, runs) = (*times.first()?, times.len());
    let median = (times[(runs - 1) / 2] + times[runs / 2]) / 2.0;
    Some(Figures { median, minimum, runs })
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result() -> Value {
        json!({
            "load": "A", "description": "small", "listeners": 10,
            "list": [
                { "name": WHARF_LS, "whole": [4.0, 2.0, 3.0], "to_pid": [] },
                { "name": "ss -ltnpH", "whole": [12.0, 12.0], "to_pid": [] },
                { "name": FLOOR, "whole": [1.0], "to_pid": [] },
            ],
            "one": [
                { "name": "wharf show N", "whole": [5.0], "to_pid": [2.0] },
                { "name": "ss -ltnpH 'sport = :N'", "whole": [10.0], "to_pid": [] },
            ],
            "memory_kb": { "wharf": 5000, "ss": 2000 },
        })
    }

    #[test]
    fn median_and_minimum_of_odd_and_even() {
        assert_eq!(summary(vec![3.0, 1.0, 2.0]), Some(Figures { median: 2.0, minimum: 1.0, runs: 3 }));
        assert_eq!(summary(vec![4.0, 2.0]), Some(Figures { median: 3.0, minimum: 2.0, runs: 2 }));
        assert_eq!(summary(Vec::new()), None);
    }

    #[test]
    fn ratios_stand_beside_the_times() {
        let text = markdown("this one", &[result()]);
        assert!(text.contains("| `ss -ltnpH` | 12.0 | 12.0 | 2 | 4.0 |"), "{text}");
        assert!(text.contains("| `ss -ltnpH 'sport = :N'` | never told |  | 10.0 |"), "{text}");
    }

    #[test]
    fn targets_are_reached_or_missed() {
        let mut slow = result();
        assert!(markdown("", &[slow.clone()]).contains("| ls in A against ss | 3× | 4.0× | reached |"));
        assert!(markdown("", &[slow.clone()]).contains("| ≤ 8144 kB | 5000 kB (ss: 2000 kB) | reached |"));
        slow["list"][1]["whole"] = json!([6.0]);
        slow["memory_kb"]["wharf"] = json!(9000);
        let text = markdown("", &[slow]);
        assert!(text.contains("| 3× | 2.0× | **missed** |"), "{text}");
        assert!(text.contains("9000 kB (ss: 2000 kB) | **missed** |"), "{text}");
    }
}
