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

/// A table; each row has a cell for each column.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Line>>,
}

impl Table {
    /// Draws the head and the rows, each as one line.
    pub(crate) fn lines(&self, style: &Style) -> Vec<Line> {
        let natural = self.natural_widths();
        let widths = match style.width {
            Some(width) => fit(&self.columns, &natural, width),
            None => self.columns.iter().zip(&natural).map(|(c, n)| Some(c.head.len().max(*n))).collect(),
        };
        let heads: Vec<Line> = self.columns.iter().map(|column| Line::of(Ink::Dim, column.head)).collect();
        std::iter::once(&heads).chain(&self.rows).map(|row| self.draw(row, &widths, style)).collect()
    }

    /// Returns the width of the widest cell of each column, its head aside; 0 if all are empty.
    fn natural_widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.columns.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        widths
    }

    fn draw(&self, row: &[Line], widths: &[Option<usize>], style: &Style) -> Line {
        let mut line = Line::new();
        let mut owed = 0;
        for ((cell, column), width) in row.iter().zip(&self.columns).zip(widths) {
            let Some(width) = *width else { continue };
            let cell = match style.width {
                Some(_) => cut(cell, column.cut, width),
                None if cell.is_empty() => Line::of(Ink::Plain, "-"),
                None => cell.clone(),
            };
            // Blanks are written only before something, so that no line ends in them.
            if !cell.is_empty() {
                line.push(Ink::Plain, &" ".repeat(owed));
                owed = 0;
            }
            owed += width.saturating_sub(cell.width()) + GAP;
            line.append(cell);
        }
        line
    }
}

fn cut(cell: &Line, how: Cut, width: usize) -> Line {
    if cell.width() <= width {
        return cell.clone();
    }
    match how {
        Cut::End => cell.cut_end(width),
        Cut::Middle => cell.cut_middle(width),
        Cut::Path => Line::of(Ink::Dim, &shorten::path(&cell.text(), width)).cut_middle(width),
    }
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
    widen(&mut widths, &full, width - need(&kept));
    widths
}

/// Gives the spare columns to those that are cut, the narrowest first, so that none starves another.
fn widen(widths: &mut [Option<usize>], full: &[usize], spare: usize) {
    for _ in 0..spare {
        let next = widths
            .iter_mut()
            .zip(full)
            .filter_map(|(width, full)| width.as_mut().filter(|width| **width < *full))
            .min();
        match next {
            Some(width) => *width += 1,
            None => return,
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
