//! The table in Markdown: a row a thing that is measured, a column a proxy.
//!
//! Pure: figures in, text out.

use std::fmt::Write;

use super::proxy::Kind;

/// Rows and remarks.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// A row.
#[derive(Default)]
pub(super) struct Row {
    what: String,
    cells: Vec<(Kind, String)>,
    /// What wharf is to reach; empty if that was never said.
    pub(super) to_reach: String,
    /// Whether it does; none if it was not measured.
    pub(super) is_reached: Option<bool>,
    /// Share of the cores that went to others, 0 to 1, in the worst burst that was kept.
    pub(super) foreign: Option<f64>,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, cells: Vec<(Kind, String)>) -> Self {
        Self { what: what.into(), cells, ..Self::default() }
    }
}

impl Table {
    pub(super) fn add(&mut self, row: Row) {
        for (kind, text) in &row.cells {
            eprintln!("{}: {}: {text}", row.what, kind.name());
        }
        self.rows.push(row);
    }

    /// Adds a remark, once.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Returns the text, with a column for each of `kinds`.
    pub(super) fn markdown(&self, kinds: &[Kind]) -> String {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let mut text = format!("| | {} | to reach | | others |\n", names.join(" | "));
        let _ = writeln!(text, "|---|{}---|---|--:|", "--:|".repeat(kinds.len()));
        for row in &self.rows {
            let _ = write!(text, "| {} |", row.what);
            for kind in kinds {
                let cell = row.cells.iter().find(|(of, _)| of == kind);
                let _ = write!(text, " {} |", cell.map_or("", |(_, cell)| cell));
            }
            let reached = match row.is_reached {
                Some(true) => "reached",
                Some(false) => "missed",
                None => "",
            };
            let others = row.foreign.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default();
            let _ = writeln!(text, " {} | {reached} | {others} |", row.to_reach);
        }
        if !self.notes.is_empty() {
            text += "\nFaults that were met:\n\n";
            self.notes.iter().for_each(|note| text += &format!("- {note}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_its_cell() {
        let mut table = Table::default();
        let mut row = Row::new("a request", vec![(Kind::Nginx, "17.4 µs (1.00)".to_owned())]);
        row.to_reach = "≤ 1.00 × nginx".to_owned();
        row.is_reached = Some(false);
        row.foreign = Some(0.021);
        table.add(row);
        table.note("once");
        table.note("once");
        assert_eq!(
            table.markdown(&[Kind::Wharf, Kind::Nginx]),
            "| | wharf | nginx | to reach | | others |\n|---|--:|--:|---|---|--:|\n\
             | a request |  | 17.4 µs (1.00) | ≤ 1.00 × nginx | missed | 2 % |\n\nFaults that were met:\n\n- once\n"
        );
    }
}
