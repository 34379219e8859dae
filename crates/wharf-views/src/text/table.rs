//! Columns: which of them fit a width, how wide each is, and the lines that come of it.
//!
//! On a terminal nothing wraps: columns are dropped, the least important first, until the others can be
//! drawn in a useful width; then cells are cut. In a pipe all columns stay, with `-` where a cell is empty.

use crate::style::Style;
use crate::text::line::{Ink, Line};
use crate::text::shorten;

/// What gives way in a cell that is too wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    End,
    /// The end of the first run of text: a name gives way to the number after it.
    First,
    Middle,
    /// Whole names in the middle of a path.
    Path,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) head: &'static str,
    /// Columns of the terminal below which it is of little use.
    pub(crate) least: usize,
    /// The highest is dropped first; 0 is never dropped.
    pub(crate) drop: u8,
    pub(crate) cut: Cut,
}

/// What stands in one row and column.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    full: Line,
    short: Option<Line>,
}

/// A table; each row has a cell for each column.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl From<Line> for Cell {
    fn from(full: Line) -> Self {
        Self { full, short: None }
    }
}

impl Cell {
    /// Returns a cell that leaves its details out where they do not fit.
    pub(crate) fn with_short(full: Line, short: Line) -> Self {
        Self { full, short: Some(short) }
    }

    fn fitted(self, how: Cut, width: usize) -> Line {
        if self.full.width() <= width {
            return self.full;
        }
        let line = self.short.unwrap_or(self.full);
        match how {
            Cut::End => line.cut_end(width),
            Cut::First => line.cut_first(width),
            Cut::Middle => line.cut_middle(width),
            Cut::Path => Line::of(Ink::Dim, &shorten::path(&line.text(), width)).cut_middle(width),
        }
    }

    /// Returns how much of `width` it takes: less in its short form, all of it where it is cut.
    fn taken(&self, width: usize) -> usize {
        match (self.full.width(), &self.short) {
            (full, Some(short)) if full > width => short.width().min(width),
            (full, _) => full.min(width),
        }
    }
}

impl Table {
    /// Draws the head and the rows, each as one line, in columns of [`Table::widths`].
    pub(crate) fn lines(self, widths: &[Option<usize>], style: &Style) -> Vec<Line> {
        let heads = self.columns.iter().map(|column| Line::of(Ink::Dim, column.head).into()).collect();
        let rows = std::iter::once(heads).chain(self.rows);
        rows.map(|row| draw(row, &self.columns, widths, style)).collect()
    }

    /// Returns the width of each column, `None` for those that are not drawn.
    pub(crate) fn widths(&self, style: &Style) -> Vec<Option<usize>> {
        let natural = self.natural_widths();
        match style.width {
            Some(width) => self.compact(fit(&self.columns, &natural, width), &natural, width),
            None => self.columns.iter().zip(&natural).map(|(c, n)| Some(c.head.len().max(*n))).collect(),
        }
    }

    /// Takes back what cells in their short form leave empty, and gives it to the columns that are cut still.
    fn compact(&self, widths: Vec<Option<usize>>, natural: &[usize], width: usize) -> Vec<Option<usize>> {
        let mut full: Vec<usize> = natural.to_vec();
        let mut compact = widths;
        for (i, column) in self.columns.iter().enumerate() {
            let Some(given) = compact[i].filter(|given| *given < natural[i]) else { continue };
            let taken = self.rows.iter().map(|row| row[i].taken(given)).max().unwrap_or(0);
            // A column that needs all it was given is one that wants more.
            if taken < given {
                let least = taken.max(column.head.len()).min(given);
                (compact[i], full[i]) = (Some(least), least);
            }
        }
        let used = compact.iter().flatten().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP);
        widen(&mut compact, &self.columns, &full, width.saturating_sub(used));
        compact
    }

    /// Returns the width of the widest cell of each column, its head aside; 0 if all are empty.
    fn natural_widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.columns.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.full.width().max(*width);
            }
        }
        widths
    }
}

fn draw(row: Vec<Cell>, columns: &[Column], widths: &[Option<usize>], style: &Style) -> Line {
    let mut line = Line::new();
    let mut owed = 0;
    for ((cell, column), width) in row.into_iter().zip(columns).zip(widths) {
        let Some(width) = *width else { continue };
        let cell = match style.width {
            Some(_) => cell.fitted(column.cut, width),
            None if cell.full.is_empty() => Line::of(Ink::Plain, "-"),
            None => cell.full,
        };
        // Blanks are written only before something, so that no line ends in them.
        if !cell.is_empty() {
            line.push_blanks(owed);
            owed = 0;
        }
        owed += width.saturating_sub(cell.width()) + GAP;
        line.append(cell);
    }
    line
}

/// Returns the width of each column that is drawn in `width`, given the width of its widest cell.
///
/// A column whose cells are all empty is not drawn.
fn fit(columns: &[Column], natural: &[usize], width: usize) -> Vec<Option<usize>> {
    let full: Vec<usize> =
        columns.iter().zip(natural).map(|(c, n)| if *n == 0 { 0 } else { c.head.len().max(*n) }).collect();
    let mut kept: Vec<usize> = (0..columns.len()).filter(|i| full[*i] > 0).collect();
    let least = |i: usize| full[i].min(columns[i].least.max(columns[i].head.len()));
    let need = |kept: &[usize]| kept.iter().map(|i| least(*i) + GAP).sum::<usize>().saturating_sub(GAP);
    while need(&kept) > width {
        let Some(next) =
            kept.iter().copied().filter(|i| columns[*i].drop > 0).max_by_key(|i| columns[*i].drop)
        else {
            return squeeze(&kept, &full, width);
        };
        kept.retain(|i| *i != next);
    }
    let mut widths = vec![None; columns.len()];
    for i in &kept {
        widths[*i] = Some(least(*i));
    }
    widen(&mut widths, columns, &full, width - need(&kept));
    widths
}

/// Gives the spare room to the columns that are cut: to those of the first rank before the others, and within
/// a rank to the narrowest first, so that none starves another.
fn widen(widths: &mut [Option<usize>], columns: &[Column], full: &[usize], mut spare: usize) {
    for is_first in [true, false] {
        while spare > 0 {
            let cut = |i: &usize| (columns[*i].drop <= FIRST_RANK) == is_first && widths[*i] < Some(full[*i]);
            let next =
                (0..widths.len()).filter(|i| widths[*i].is_some()).filter(cut).min_by_key(|i| widths[*i]);
            let Some(width) = next.and_then(|i| widths[i].as_mut()) else { break };
            *width += 1;
            spare -= 1;
        }
    }
}

/// Gives the columns that are never dropped what there is, from the left.
fn squeeze(kept: &[usize], full: &[usize], width: usize) -> Vec<Option<usize>> {
    let mut widths = vec![None; full.len()];
    let mut rest = width;
    for i in kept {
        let gap = if rest == width { 0 } else { GAP };
        let Some(room) = rest.checked_sub(gap).filter(|room| *room > 0) else { break };
        let taken = full[*i].min(room);
        widths[*i] = Some(taken);
        rest = room - taken;
    }
    widths
}

/// The last to be dropped are of the first rank, up to this.
const FIRST_RANK: u8 = 5;
/// Blanks between two columns.
const GAP: usize = 2;

#[cfg(test)]
mod tests {
    use super::{Column, Cut, fit};

    const COLUMNS: [Column; 3] = [
        Column { head: "PORT", least: 5, drop: 0, cut: Cut::End },
        Column { head: "NOTES", least: 8, drop: 2, cut: Cut::End },
        Column { head: "PROJECT", least: 7, drop: 1, cut: Cut::Middle },
    ];

    #[track_caller]
    fn check(natural: [usize; 3], width: usize, expect: [Option<usize>; 3]) {
        assert_eq!(fit(&COLUMNS, &natural, width), expect);
    }

    #[test]
    fn all_are_as_wide_as_they_like_where_there_is_room() {
        check([5, 20, 9], 80, [Some(5), Some(20), Some(9)]);
    }

    #[test]
    fn an_empty_column_is_not_drawn() {
        check([5, 0, 9], 80, [Some(5), None, Some(9)]);
    }

    #[test]
    fn cells_are_cut_before_a_column_is_dropped_and_the_narrowest_gets_the_spare() {
        check([5, 20, 9], 30, [Some(5), Some(12), Some(9)]);
        check([5, 20, 9], 24, [Some(5), Some(8), Some(7)]);
    }

    #[test]
    fn the_least_important_is_dropped_first() {
        check([5, 20, 9], 23, [Some(5), None, Some(9)]);
        check([5, 20, 9], 13, [Some(5), None, None]);
        check([5, 20, 9], 3, [Some(3), None, None]);
    }
}
