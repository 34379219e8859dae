//! What a person sees: colours, narrow terminals, and a list that redraws itself.

use wharf_testkit::sandbox;

use crate::support::text;

#[test]
fn piped_output_is_plain_and_a_terminal_gets_colour() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000"]);
    let has_escapes = |text: &str| text.contains('\x1b');
    let terminal = |name: &str, value: &str| {
        let run = sandbox.wharf(&["ls"]).env("TERM", "xterm-256color").env(name, value);
        run.by_scenario("terminal.py", &["100"]).output().expect_code(0).text()
    };
    assert!(!has_escapes(&text(&sandbox, &["ls"])));
    assert!(has_escapes(&terminal("UNRELATED", "1")));
    assert!(!has_escapes(&terminal("NO_COLOR", "1")));
    let forced = sandbox.wharf(&["ls"]).env("FORCE_COLOR", "1").output().expect_code(0).text();
    assert!(has_escapes(&forced), "FORCE_COLOR colours a pipe too: {forced:?}");
    let both = sandbox.wharf(&["ls"]).env("FORCE_COLOR", "1").env("NO_COLOR", "1").output().expect_code(0);
    assert!(!has_escapes(&both.text()), "NO_COLOR is stronger");
    let json = sandbox.wharf(&["ls", "--json"]).env("FORCE_COLOR", "1").output().expect_code(0).text();
    assert!(!has_escapes(&json), "a document is never coloured");
}

#[test]
fn nothing_wraps_in_a_terminal_of_any_width() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000", "tcp:[::1]:4000", "udp:0.0.0.0:5000"]);
    let _long = sandbox.scene("odd_names.py", &["long", "6000"]);
    for columns in [1, 8, 20, 40, 80, 132] {
        for arguments in [&["ls"][..], &["ls", "--wide"], &["show", "3000"]] {
            let run = sandbox.wharf(arguments).env("NO_COLOR", "1");
            let shown =
                run.by_scenario("terminal.py", &[&columns.to_string()]).output().expect_code(0).text();
            let widest = shown.lines().map(|line| line.trim_end_matches('\r').chars().count()).max();
            // show may keep a word that cannot be broken whole; a list never does.
            if columns >= 20 || arguments[0] == "ls" {
                assert!(widest <= Some(columns), "{arguments:?} at {columns}: {widest:?}\n{shown}");
            }
            if columns >= 20 {
                assert!(shown.contains("3000"), "{arguments:?} at {columns}:\n{shown}");
            }
        }
    }
}

#[test]
fn a_watched_list_redraws_for_changes_and_for_a_new_width() {
    let sandbox = sandbox!();
    let mut scene = sandbox.scene("listen.py", &["--name=shopfront", "tcp:127.0.0.1:3000"]);
    let run = sandbox.wharf(&["ls", "--watch"]).env("TERM", "xterm-256color").env("NO_COLOR", "1");
    let mut watch = run.by_scenario("terminal.py", &["100", "--live"]).scene();
    watch.tell("until 3000");
    watch.tell("forget");
    scene.tell("open tcp:127.0.0.1:4000");
    watch.tell("until 4000");
    // A new width alone is a reason to draw anew, and everything has to fit.
    watch.tell("resize 24");
    watch.tell("until 4000");
    let frame = watch.text("written").to_owned();
    let widest = frame.lines().map(printable).max();
    assert!(widest <= Some(24), "{widest:?} columns: {frame:?}");
    watch.tell("forget");
    watch.tell("interrupt");
    let left = watch.text("written");
    assert!(!left.contains("panicked"), "{left:?}");
    assert!(matches!(watch.told["code"].as_i64(), Some(0 | 130 | -2)), "{}", watch.told);
    assert!(cursor_is_shown(left) || !frame.contains("\x1b[?25l"), "the cursor stays hidden: {left:?}");
}

fn cursor_is_shown(written: &str) -> bool {
    written.contains("\x1b[?25h")
}

/// Returns how many columns of a line are printed, without the escapes that move the cursor.
fn printable(line: &str) -> usize {
    let mut count = 0;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            let _ = characters.find(|c| c.is_ascii_alphabetic());
        } else if !character.is_control() {
            count += 1;
        }
    }
    count
}

#[test]
fn times_are_of_the_zone_that_tz_names() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let hour = |zone: &str| {
        let shown = sandbox.wharf(&["show", "3000"]).env("TZ", zone).output().expect_code(0).text();
        let since =
            shown.lines().find(|line| line.trim_start().starts_with("since")).expect("a line of its age");
        let at = since.find(':').expect("a time of day");
        since[at - 2..at].parse::<u32>().expect("an hour")
    };
    let utc = hour("UTC0");
    for (zone, ahead) in [("", 0), ("Asia/Tokyo", 9), (":Asia/Tokyo", 9), ("XXX-5", 5), ("no/such/zone", 0)] {
        let later = hour("UTC0");
        // The hour may have turned between the two.
        assert!([(utc + ahead) % 24, (later + ahead) % 24].contains(&hour(zone)), "{zone}: {utc} {later}");
    }
}
