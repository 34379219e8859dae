//! HAProxy: the frontend that listens at the port, and the servers of its backends.
//!
//! Conditions (`use_backend … if`) are not worked out: all backends that it may be are named.

use std::path::PathBuf;

use super::{Asked, Clue, Goal, List, Read, Speaks, host_port, takes};

/// Returns where HAProxy leads what was asked.
pub(super) fn lead(
    clue: &Clue<'_>,
    asked: &Asked<'_>,
    read: Read<'_>,
    list: List<'_>,
) -> Option<(Vec<Goal>, String)> {
    let lines = lines(clue, read, list);
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in &lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        match words.as_slice() {
            [kind, rest @ ..] if SECTIONS.contains(kind) => {
                sections.push(Section {
                    kind,
                    name: rest.first().copied().unwrap_or_default(),
                    lines: Vec::new(),
                });
            }
            [] => {}
            words => {
                if let Some(section) = sections.last_mut() {
                    section.lines.push((words.to_vec(), &line.at));
                }
            }
        }
    }
    let front = sections.iter().find(|section| section.listens(asked))?;
    let mut mode = sections.iter().filter(|section| section.kind == "defaults").find_map(Section::mode);
    mode = front.mode().or(mode);
    let speaks = if mode == Some("http") { Speaks::Http } else { Speaks::Same };
    let mut backends: Vec<&str> = Vec::new();
    for (words, _) in &front.lines {
        match words.as_slice() {
            ["default_backend" | "use_backend", name, ..] if !backends.contains(name) => backends.push(name),
            _ => {}
        }
    }
    let named = |section: &&Section<'_>| section.kind == "backend" && backends.contains(&section.name);
    let own = (front.kind == "listen").then_some(front);
    let mut ways = Vec::new();
    let mut known_by = None;
    for (words, at) in sections.iter().filter(named).chain(own).flat_map(|section| &section.lines) {
        let ["server", _, address, options @ ..] = words.as_slice() else { continue };
        let speaks = if options.contains(&"ssl") && speaks == Speaks::Http { Speaks::Https } else { speaks };
        let goal = match address.strip_prefix("unix@").or(address.starts_with('/').then_some(*address)) {
            Some(path) => Some(Goal::Unix(path.into())),
            None => host_port(address.trim_start_matches("ipv4@").trim_start_matches("ipv6@"), None)
                .map(|(host, port)| Goal::Tcp(host, port, speaks)),
        };
        if let Some(goal) = goal.filter(|goal| !ways.contains(goal)) {
            ways.push(goal);
            known_by.get_or_insert_with(|| format!("{at} {}", words.join(" ")));
        }
    }
    Some((ways, known_by.unwrap_or_else(|| format!("{} {} without a server", front.kind, front.name))))
}

struct Line {
    text: String,
    at: String,
}

struct Section<'a> {
    kind: &'a str,
    name: &'a str,
    lines: Vec<(Vec<&'a str>, &'a str)>,
}

impl Section<'_> {
    fn listens(&self, asked: &Asked<'_>) -> bool {
        let binds = self.lines.iter().filter(|(words, _)| words.first() == Some(&"bind"));
        let mut addresses = binds.filter_map(|(words, _)| words.get(1)).flat_map(|word| word.split(','));
        matches!(self.kind, "frontend" | "listen")
            && addresses.any(|address| {
                let address = address.trim_start_matches("ipv4@").trim_start_matches("ipv6@");
                let Some((host, port)) = address.rsplit_once(':') else { return false };
                // `:::80` is all of IPv6.
                let host = if host == "::" { "" } else { host };
                port.parse().is_ok_and(|port| takes(host, port, asked.address))
            })
    }

    fn mode(&self) -> Option<&str> {
        self.lines.iter().find_map(|(words, _)| match words.as_slice() {
            ["mode", mode, ..] => Some(*mode),
            _ => None,
        })
    }
}

/// Returns the lines of all files of the command line, without comments.
fn lines(clue: &Clue<'_>, read: Read<'_>, list: List<'_>) -> Vec<Line> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut words = clue.command.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" => paths.extend(words.next().map(|path| super::resolved(clue.cwd, path))),
            "--" => paths.extend(words.by_ref().map(|path| super::resolved(clue.cwd, path))),
            _ => {}
        }
    }
    let mut lines = Vec::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        let mut names = list(&path);
        names.retain(|name| name.ends_with(".cfg"));
        names.sort();
        if names.is_empty() {
            files.push(path)
        } else {
            files.extend(names.iter().map(|name| path.join(name)))
        }
    }
    for path in files.iter().take(FILES) {
        let text = read(path).unwrap_or_default();
        for (number, line) in text.lines().enumerate().take(LINES) {
            let text = line.split(" #").next().unwrap_or(line).trim();
            if !text.starts_with('#') {
                lines.push(Line { text: text.to_owned(), at: format!("{}:{}", path.display(), number + 1) });
            }
        }
    }
    lines
}

const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "peers",
    "resolvers",
    "userlist",
    "mailers",
    "cache",
    "program",
    "http-errors",
    "ring",
    "log-forward",
    "fcgi-app",
    "crt-store",
    "traces",
];
const FILES: usize = 50;
const LINES: usize = 20_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::leads;
    use super::{Goal, Speaks};

    fn ways(configuration: &str, asked: &str) -> Option<Vec<Goal>> {
        leads(&["haproxy", "-db", "-f", "h.cfg"], asked, &[("/srv/h.cfg", configuration)])
            .map(|lead| lead.ways)
    }

    fn tcp(port: u16, speaks: Speaks) -> Goal {
        Goal::Tcp("127.0.0.1".to_owned(), port, speaks)
    }

    const BOTH: &str = "defaults\n mode http\nfrontend web\n bind *:7777,:::7777 v4v6\n use_backend api if { path_beg /api }\n \
        default_backend app\nbackend app\n server a 127.0.0.1:9000 check # x\nbackend api\n server b 127.0.0.1:9001 ssl verify none\n\
        listen db\n mode tcp\n bind 127.0.0.1:7778\n server d unix@/run/d.sock\nbackend other\n server x 127.0.0.1:1\n";

    #[test]
    fn a_frontend_leads_to_the_servers_of_its_backends() {
        let both = vec![tcp(9000, Speaks::Http), tcp(9001, Speaks::Https)];
        assert_eq!(ways(BOTH, "127.0.0.1:7777"), Some(both.clone()));
        assert_eq!(ways(BOTH, "[::1]:7777"), Some(both));
        assert_eq!(ways(BOTH, "127.0.0.1:7778"), Some(vec![Goal::Unix("/run/d.sock".into())]));
        assert_eq!(ways(BOTH, "127.0.0.1:7779"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "((bind|server|frontend|listen|mode|backend) [a-z0-9:*@/]{0,12}( [a-z]{0,5})?\n){0,20}") {
            let _ = ways(&text, "127.0.0.1:7777");
        }
    }
}
