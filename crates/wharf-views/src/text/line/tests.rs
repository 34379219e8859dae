//! Lines: cutting, wrapping, links.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use wharf_model::timestamp::Timestamp;

use super::{Ink, Line, Link};
use crate::style::Style;

fn two(first: &str, second: &str) -> Line {
    Line::of(Ink::Strong, first).and(Ink::Dim, second)
}

#[test]
fn what_fits_is_left_alone() {
    let line = two("node", " 4121");
    assert_eq!(line.cut_end(9), line);
    assert_eq!(line.cut_middle(9), line);
    assert_eq!(line.wrap(9), [line]);
}

#[test]
fn the_end_or_the_middle_gives_way() {
    let line = two("postgresql", " 4121");
    assert_eq!(line.cut_end(8).text(), "postgre…");
    assert_eq!(line.cut_middle(9).text(), "post…4121");
    assert_eq!(line.cut_first(12).text(), "postgr… 4121");
    assert_eq!(line.cut_first(7).text(), "postgr…");
    assert_eq!(line.cut_end(1).text(), "…");
    assert_eq!(line.cut_end(0).text(), "");
}

#[test]
fn a_wide_character_is_not_halved() {
    assert_eq!(Line::of(Ink::Plain, "東京都").cut_end(4).text(), "東…");
    assert_eq!(Line::of(Ink::Plain, "東京都").cut_middle(4).text(), "東…");
}

#[test]
fn lines_break_at_spaces_and_long_words_within() {
    let wrapped: Vec<String> = two("one two", " abcdefghijk").wrap(5).iter().map(Line::text).collect();
    assert_eq!(wrapped, ["one", "two", "abcde", "fghij", "k"]);
    let wrapped: Vec<String> = two("one", "   two").wrap(5).iter().map(Line::text).collect();
    assert_eq!(wrapped, ["one", "two"]);
}

#[test]
fn a_link_leads_to_loopback_where_the_listener_is_on_every_address() {
    let mut style = Style {
        width: Some(80),
        hyperlinks: true,
        time_zone: TimeZone::UTC,
        ..Style::plain(Timestamp::from_unix_ms(0).unwrap(), 0)
    };
    let link = Link { secure: false, address: "[::]:3000".parse().unwrap() };
    let line = Line::of(Ink::Plain, "3000").linked(Some(link));
    let mut out = Vec::new();
    line.write(&mut out, &style).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "\x1b]8;;http://[::1]:3000/\x1b\\3000\x1b]8;;\x1b\\");
    style.hyperlinks = false;
    let mut out = Vec::new();
    line.write(&mut out, &style).unwrap();
    assert_eq!(out, b"3000");
}

proptest! {
    #[test]
    fn no_cut_is_wider_than_asked(first in any::<String>(), second in any::<String>(), width in 0..40_usize) {
        let line = two(&first, &second);
        prop_assert!(line.cut_end(width).width() <= width);
        prop_assert!(line.cut_middle(width).width() <= width);
        prop_assert!(line.cut_first(width).width() <= width);
        for part in line.wrap(width) {
            prop_assert!(part.width() <= width);
        }
    }
}
