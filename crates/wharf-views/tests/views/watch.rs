//! The frame of `wharf ls --watch` and the lines of `wharf watch`.

use insta::assert_snapshot;
use wharf_model::event::EventKind;
use wharf_views::text::watch::{write_begin, write_end, write_event, write_frame};

use crate::fixture::{event, laptop, nginx, terminal, unknown_owners, vite};

fn frame(rows: usize) -> String {
    let mut out = Vec::new();
    write_frame(&mut out, &laptop(), rows, &terminal(80)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_frame_is_written_over_the_last_one() {
    assert_snapshot!(frame(24).replace('\x1b', "␛").replace('\r', ""), @"
    ␛[?2026h␛[H14:02:11  8 endpoints  Ctrl-C ends␛[K
    ␛[K
    PORT    ADDRESS         WHAT           PROCESS         PROJECT    NOTES␛[K
    3000    localhost       Vite 7.1.2     node 4121       shop␛[K
    8000    0.0.0.0         Django         python3 5210    shop       stopped (Ctrl…
    9292    all interfaces  Puma           ruby 6001       billing    backlog full:…
    5432    all interfaces  PostgreSQL 16  docker-p… 2211  shop-db-1  port 5432 ins…
    80      all interfaces  nginx          nginx 812 +8␛[K
    22      all interfaces  ssh?           ? (ssh)␛[K
    53/udp  127.0.0.53      systemd-reso…  ? (systemd-re…␛[K
    631     localhost                      ? (cups)␛[K
    ␛[J␛[?2026l
    ");
}

#[test]
fn a_frame_keeps_to_the_height_and_says_what_is_missing() {
    assert_snapshot!(frame(6).replace('\x1b', "␛").replace('\r', ""), @"
    ␛[?2026h␛[H14:02:11  8 endpoints  Ctrl-C ends␛[K
    ␛[K
    PORT    ADDRESS         WHAT           PROCESS         PROJECT    NOTES␛[K
    3000    localhost       Vite 7.1.2     node 4121       shop␛[K
    8000    0.0.0.0         Django         python3 5210    shop       stopped (Ctrl…
    … 6 more␛[K␛[?2026l
    ");
    for rows in 0..14 {
        // A line break past the last line would scroll the terminal.
        assert!(frame(rows).matches("\r\n").count() < rows.max(1), "{rows} rows");
    }
}

#[test]
fn what_stood_on_the_screen_is_scrolled_away_and_the_cursor_comes_back() {
    let mut out = Vec::new();
    write_begin(&mut out, 3).unwrap();
    write_end(&mut out).unwrap();
    assert_eq!(out, b"\n\n\x1b[?25l\x1b[?25h\r\n");
}

#[test]
fn events_are_lines() {
    let mut out = Vec::new();
    let events = [
        event(EventKind::Present, nginx(), &[]),
        event(EventKind::Opened, vite(), &[]),
        event(EventKind::Changed, vite(), &["owner", "notes"]),
        event(EventKind::Closed, unknown_owners().endpoints.swap_remove(0), &[]),
    ];
    for event in &events {
        write_event(&mut out, event, &terminal(80)).unwrap();
    }
    assert_snapshot!(String::from_utf8(out).unwrap(), @"
    14:02:11 = 80  all interfaces  nginx  nginx 812 +8
    14:02:11 + 3000  localhost  Vite 7.1.2  node 4121  shop › @shop/web
    14:02:11 ~ 3000  localhost  Vite 7.1.2  node 4121  shop › @shop/web  (changed: …
    14:02:11 - 4000  127.0.0.1  in a message queued to pid 812 (supervisord)
    ");
}
