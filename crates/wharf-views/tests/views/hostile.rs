//! Whatever names, command lines and paths hold: lines keep to the width, and nothing steers the terminal.

use proptest::prelude::*;
use unicode_width::UnicodeWidthChar;
use wharf_model::detail::PortDetail;
use wharf_model::endpoint::{Endpoint, Level, Note};
use wharf_model::event::EventKind;
use wharf_model::process::ProcessState;
use wharf_model::snapshot::Snapshot;
use wharf_views::style::Style;
use wharf_views::text::{list, show, warning, watch};

use crate::fixture::{
    ago, containers, event, laptop, show_held, show_several, show_vite, snapshot, terminal, unknown_owners,
    worktrees,
};

/// Text as an attacker or a misfortune would have it, mixed with text as it is.
fn nasty() -> impl Strategy<Value = String> {
    let bit = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "\x1b[31m",
            "\x1b]0;pwned\x07",
            "\x1b]8;;http://evil.example\x1b\\",
            "\u{9b}2J",
            "\r\n",
            "\u{202e}",
            "\u{200b}",
            "東京",
            "e\u{301}\u{301}",
            "👩‍👩‍👧‍👦",
            "/a/b",
            " ",
            "\0",
            "",
        ])
        .prop_map(str::to_owned),
        "[a-z/ .-]{0,60}",
    ];
    prop::collection::vec(bit, 0..4).prop_map(|bits| bits.concat())
}

/// Replaces every text of the endpoint by the next of `texts`.
fn infest(endpoint: &mut Endpoint, texts: &mut dyn FnMut() -> String) {
    for process in endpoint.owner.processes.iter_mut().chain(&mut endpoint.owner.queued_to) {
        process.name = texts();
        process.command.iter_mut().for_each(|word| *word = texts());
        (process.cwd, process.exe, process.tty) = (Some(texts()), Some(texts()), Some(texts()));
        process.state = ProcessState::Frozen;
        process.user = Some(texts());
    }
    endpoint.owner.user = Some(texts());
    endpoint.owner.cgroup = Some(texts());
    if let Some(service) = &mut endpoint.service {
        (service.name, service.version, service.protocol) = (texts(), Some(texts()), Some("http".into()));
    }
    if let Some(project) = &mut endpoint.project {
        (project.name, project.root, project.package) = (texts(), texts(), Some(texts()));
        (project.worktree, project.branch, project.manifest) = (Some(texts()), Some(texts()), Some(texts()));
    }
    if let Some(container) = &mut endpoint.container {
        (container.engine, container.name, container.image) = (texts(), Some(texts()), Some(texts()));
        (container.compose_project, container.compose_service) = (Some(texts()), Some(texts()));
    }
    if let Some(unit) = &mut endpoint.unit {
        unit.name = texts();
    }
    if endpoint.netns.name.is_some() {
        endpoint.netns.name = Some(texts());
    }
    for listener in &mut endpoint.listeners {
        listener.device = listener.device.as_ref().map(|_| texts());
    }
    endpoint.notes.push(Note { code: texts(), text: texts(), level: Level::Warning });
}

fn infested(texts: &mut dyn FnMut() -> String) -> (Snapshot, Vec<PortDetail>) {
    let mut all: Vec<Endpoint> = Vec::new();
    for some in [laptop(), containers(), worktrees(), unknown_owners()] {
        all.extend(some.endpoints);
    }
    all.iter_mut().for_each(|endpoint| infest(endpoint, texts));
    let mut all = snapshot(all);
    let mut details = vec![show_vite(), show_several(), show_held()];
    for detail in &mut details {
        detail.target = texts();
        for endpoint in &mut detail.endpoints {
            infest(&mut endpoint.endpoint, texts);
            endpoint.ancestry.iter_mut().for_each(|process| process.name = texts());
            endpoint.environment_port = Some(texts());
            if let Some(started_by) = &mut endpoint.started_by {
                started_by.text = texts();
            }
            for process in endpoint.connections.iter_mut().filter_map(|connection| connection.peer.as_mut()) {
                process.name = texts();
            }
        }
        for iana in detail.number.iter_mut().flat_map(|facts| &mut facts.iana) {
            (iana.name, iana.description) = (texts(), Some(texts()));
        }
    }
    all.connections = details[0].endpoints[0].connections.clone();
    (all, details)
}

fn drawn(all: &Snapshot, details: &[PortDetail], style: &Style) -> Vec<u8> {
    let mut out = Vec::new();
    list::write_list(&mut out, all, style).unwrap();
    for detail in details {
        show::write_head(&mut out, detail, style).unwrap();
        show::write_tail(&mut out, detail, style).unwrap();
    }
    for endpoint in &all.endpoints {
        let event = event(EventKind::Changed, endpoint.clone(), &[endpoint.owner.user.as_deref().unwrap()]);
        watch::write_event(&mut out, &event, style).unwrap();
    }
    let texts: Vec<String> = all.endpoints.iter().map(|endpoint| endpoint.notes[0].text.clone()).collect();
    warning::write_nothing_matched(&mut out, &texts, style).unwrap();
    out
}

/// Removes our own SGR sequences and hyperlinks; what is left must be harmless.
fn without_inks(line: &str) -> String {
    let mut rest = line;
    let mut out = String::new();
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 1..];
        let length = match sequence.strip_prefix("]8;;") {
            Some(url) => {
                let end = url.find("\x1b\\").expect("a hyperlink ends");
                let numeric = |c: char| c.is_ascii_hexdigit() || ".:[]/".contains(c);
                let host = url[..end].strip_prefix("http://").unwrap_or_default();
                assert!(host.chars().all(numeric), "{url}");
                "]8;;".len() + end + 2
            }
            None => {
                let end = sequence.find('m').expect("SGR ends in m");
                assert!(sequence[1..end].chars().all(|c| c.is_ascii_digit() || c == ';'), "{sequence}");
                end + 1
            }
        };
        rest = &sequence[length..];
    }
    out + rest
}

#[track_caller]
fn check(out: Vec<u8>, width: Option<usize>) {
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        let seen = without_inks(line);
        assert!(!seen.contains(char::is_control), "{seen:?}");
        assert!(!seen.contains(['\u{202e}', '\u{200b}', '\u{200d}', '\u{2028}', '\u{feff}']), "{seen:?}");
        let columns: usize = seen.chars().filter_map(UnicodeWidthChar::width).sum();
        assert!(width.is_none_or(|width| columns <= width), "{columns} of {width:?}: {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_leaves_its_line_or_steers_the_terminal(
        texts in prop::collection::vec(nasty(), 1..24),
        width in prop::option::weighted(0.9, 1..200_usize),
        wide in any::<bool>(),
        colour in any::<bool>(),
    ) {
        let mut cycle = texts.iter().cycle();
        let (all, details) = infested(&mut || cycle.next().unwrap().clone());
        let style = Style { width, wide, colour, hyperlinks: colour, ..terminal(0) };
        check(drawn(&all, &details, &style), width);
    }

    #[test]
    fn a_frame_keeps_to_its_screen(texts in prop::collection::vec(nasty(), 1..9), width in 1..200_usize, rows in 1..50_usize) {
        let mut cycle = texts.iter().cycle();
        let (all, _) = infested(&mut || cycle.next().unwrap().clone());
        let mut out = Vec::new();
        watch::write_frame(&mut out, &all, rows, &terminal(width)).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines = text.strip_prefix("\x1b[?2026h\x1b[H").unwrap().strip_suffix("\x1b[?2026l").unwrap();
        let lines = lines.strip_suffix("\r\n\x1b[J").unwrap_or(lines);
        prop_assert!(lines.split("\r\n").count() <= rows);
        check(lines.replace("\x1b[K", "").replace("\r\n", "\n").into_bytes(), Some(width));
    }

    #[test]
    fn no_start_time_is_too_odd(seconds in -1_000_000_000_000..1_000_000_000_000_i64) {
        let mut all = laptop();
        if let Some(at) = wharf_model::timestamp::Timestamp::from_unix_ms(ago(0).unix_ms().saturating_sub(seconds)) {
            all.endpoints[0].owner.processes[0].started_at = Some(at);
            all.taken_at = at;
        }
        check(drawn(&infested(&mut || "x".to_owned()).0, &[], &terminal(80)), Some(80));
        let mut out = Vec::new();
        list::write_list(&mut out, &all, &terminal(80)).unwrap();
        check(out, Some(80));
    }
}
