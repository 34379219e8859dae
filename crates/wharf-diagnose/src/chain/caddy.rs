//! Caddy: the site of its Caddyfile that listens at the port, and where `reverse_proxy` leads.
//!
//! Matchers are not worked out but for paths: where there are several, all that it may be are named. Not here: configuration
//! as JSON, and what was changed by the API.

use super::{Asked, Clue, Goal, Read, Speaks, host_port};

/// Returns where Caddy leads what was asked.
pub(super) fn lead(clue: &Clue<'_>, asked: &Asked<'_>, read: Read<'_>) -> Option<(Vec<Goal>, String)> {
    let value = |names: &[&str]| {
        let mut words = clue.command.iter();
        let found = words.find_map(|word| match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => Some(Some(value.to_owned())),
            _ if names.contains(&word.as_str()) => Some(None),
            _ => None,
        })?;
        found.or_else(|| words.next().cloned())
    };
    if clue.command.get(1).is_some_and(|word| word == "reverse-proxy") {
        let from = value(&["--from", "-f"]).unwrap_or_else(|| "localhost".to_owned());
        let site = Site::of(&from)?;
        let goals: Vec<Goal> = value(&["--to", "-t"]).as_deref().and_then(upstream).into_iter().collect();
        return site.takes(asked).then(|| (goals, "command line of caddy".to_owned()));
    }
    let path = value(&["--config", "-c"]).unwrap_or_else(|| "Caddyfile".to_owned());
    let path = super::resolved(clue.cwd, &path);
    let text = read(&path)?;
    let lines = lines(&text);
    let (ways, line) = within(&lines, asked)?;
    let known_by = match line {
        Some(number) => {
            let words = lines.iter().find(|line| line.number == number).map(|line| line.words.join(" "));
            format!("{}:{number} {}", path.display(), words.unwrap_or_default())
        }
        None => format!("{} without a place to pass to", path.display()),
    };
    Some((ways, known_by))
}

#[derive(Debug)]
struct Line<'a> {
    words: Vec<&'a str>,
    opens: bool,
    closes: bool,
    number: usize,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    text.lines().take(LINES).enumerate().map(|(number, line)| self::line(number + 1, line)).collect()
}

fn line(number: usize, text: &str) -> Line<'_> {
    let mut words: Vec<&str> = text.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
    let opens = words.last() == Some(&"{");
    let closes = words.first() == Some(&"}");
    words.retain(|word| *word != "{" && *word != "}");
    Line { words, opens, closes, number }
}

/// Returns the places of the site that takes what was asked, and the first line that names one; `None` if none does.
fn within(lines: &[Line<'_>], asked: &Asked<'_>) -> Option<(Vec<Goal>, Option<usize>)> {
    let mut depth = 0_usize;
    let (mut is_site, mut seen) = (false, false);
    let mut found: Vec<(Goal, usize, Option<&str>)> = Vec::new();
    let mut scopes: Vec<Option<&str>> = Vec::new();
    let mut in_proxy = None;
    for line in lines {
        if line.closes {
            depth = depth.saturating_sub(1);
            scopes.pop();
            in_proxy = in_proxy.filter(|at| *at <= depth);
        }
        let first = line.words.first().copied();
        if depth == 0 && !line.closes {
            match first {
                // A file of one site needs no braces.
                Some(_) if !line.opens && !seen => {
                    is_site = line.words.iter().any(|word| site_takes(word, asked));
                    seen = true;
                }
                Some(_) if line.opens => {
                    is_site = line.words.iter().any(|word| site_takes(word, asked));
                    seen = true;
                }
                _ => {}
            }
        }
        if is_site {
            let scope = scopes.iter().rev().find_map(|scope| *scope);
            if first == Some("reverse_proxy") {
                let matcher = line.words.get(1).copied().filter(|word| word.starts_with('/'));
                let goals = line
                    .words
                    .iter()
                    .skip(1)
                    .filter(|word| !word.starts_with(['/', '@', '*']) || word.starts_with("unix/"));
                found
                    .extend(goals.filter_map(|word| Some((upstream(word)?, line.number, matcher.or(scope)))));
                in_proxy = line.opens.then_some(depth + 1);
            } else if first == Some("to") && in_proxy == Some(depth) {
                found.extend(
                    line.words.iter().skip(1).filter_map(|word| Some((upstream(word)?, line.number, scope))),
                );
            }
        }
        if line.opens {
            depth += 1;
            let is_path = matches!(first, Some("handle" | "handle_path" | "route"));
            scopes.push(line.words.get(1).copied().filter(|word| is_path && word.starts_with('/')));
        }
        if depth == 0 && line.closes {
            if is_site && (seen || !found.is_empty()) {
                break;
            }
            is_site = false;
        }
    }
    if !is_site && found.is_empty() {
        return None;
    }
    // Of those with a path, only those that fit.
    let fits = |matcher: Option<&str>| matcher.is_none_or(|matcher| path_fits(matcher, asked.path));
    found.retain(|(_, _, matcher)| fits(*matcher));
    if found.iter().any(|(_, _, matcher)| matcher.is_some()) {
        found.retain(|(_, _, matcher)| matcher.is_some());
    }
    let line = found.first().map(|(_, line, _)| *line);
    Some((found.into_iter().map(|(goal, ..)| goal).collect(), line))
}

fn path_fits(matcher: &str, path: &str) -> bool {
    match matcher.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == matcher,
    }
}

struct Site {
    host: String,
    port: u16,
}

impl Site {
    /// Reads `localhost:2015`, `http://x.test`, `:80`.
    fn of(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(',');
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let rest = rest.split('/').next().unwrap_or(rest);
        let usual = if scheme == "http" { 80 } else { 443 };
        let (host, port) = match rest.strip_prefix(':') {
            Some(port) => (String::new(), port.parse().ok()?),
            None => host_port(rest, Some(usual))?,
        };
        Some(Self { host, port })
    }

    fn takes(&self, asked: &Asked<'_>) -> bool {
        let host = self.host.as_str();
        let fits = host.is_empty()
            || host.eq_ignore_ascii_case(asked.host)
            || host.strip_prefix('*').is_some_and(|below| asked.host.ends_with(below));
        self.port == asked.address.port() && fits
    }
}

fn site_takes(word: &str, asked: &Asked<'_>) -> bool {
    Site::of(word).is_some_and(|site| site.takes(asked))
}

fn upstream(text: &str) -> Option<Goal> {
    if text.contains(['{', '$']) {
        return Some(Goal::Unknown(text.to_owned()));
    }
    if let Some(path) = text.strip_prefix("unix/") {
        return Some(Goal::Unix(format!("/{}", path.trim_start_matches('/')).into()));
    }
    let (speaks, rest, usual) = match text.split_once("://") {
        Some(("https", rest)) => (Speaks::Https, rest, 443),
        Some(("h2c", rest)) => (Speaks::Other, rest, 80),
        Some((_, rest)) => (Speaks::Http, rest, 80),
        None => (Speaks::Http, text, 80),
    };
    let (host, port) = host_port(rest.trim_end_matches('/'), Some(usual))?;
    Some(Goal::Tcp(host, port, speaks))
}

const LINES: usize = 20_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::leads;
    use super::{Goal, Speaks};

    fn ways(configuration: &str, asked: &str) -> Option<Vec<Goal>> {
        leads(&["caddy", "run", "--config", "/c"], asked, &[("/c", configuration)]).map(|lead| lead.ways)
    }

    fn http(port: u16) -> Goal {
        Goal::Tcp("localhost".to_owned(), port, Speaks::Http)
    }

    #[test]
    fn a_site_leads_to_its_upstreams() {
        let file = "{\n\tauto_https off\n}\n(snippet) {\n\theader x y\n}\nhttp://a.test:7777, :7777 {\n\tencode gzip\n\
            \treverse_proxy /api/* localhost:9001\n\thandle /x/* {\n\t\treverse_proxy {\n\t\t\tto localhost:9002\n\t\t}\n\t}\n\
            \treverse_proxy localhost:9000 unix//run/a.sock\n}\n:7778 {\n\treverse_proxy localhost:1\n}\n";
        let both = vec![http(9000), Goal::Unix("/run/a.sock".into())];
        assert_eq!(ways(file, "127.0.0.1:7777 localhost /"), Some(both));
        assert_eq!(ways(file, "127.0.0.1:7777 localhost /api/x"), Some(vec![http(9001)]));
        assert_eq!(ways(file, "127.0.0.1:7777 localhost /x/y"), Some(vec![http(9002)]));
        assert_eq!(ways(file, "127.0.0.1:7778 localhost /"), Some(vec![http(1)]));
        assert_eq!(ways(file, "127.0.0.1:7779 localhost /"), None);
    }

    #[test]
    fn a_file_of_one_site_needs_no_braces() {
        assert_eq!(ways(":7777\nreverse_proxy localhost:9000\n", "127.0.0.1:7777"), Some(vec![http(9000)]));
    }

    #[test]
    fn the_command_line_may_say_it_all() {
        let command = ["caddy", "reverse-proxy", "--from", ":7777", "--to", "localhost:9000"];
        assert_eq!(leads(&command, "127.0.0.1:7777", &[]).unwrap().ways, [http(9000)]);
        assert_eq!(leads(&command, "127.0.0.1:7778", &[]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[a-z:/{}*. \n0-9]{0,200}") {
            let _ = ways(&text, "127.0.0.1:7777");
        }
    }
}
