//! Configurations of HAProxy and nginx, as far as they say that a port waits for a PROXY header.

use std::path::{Path, PathBuf};

use wharf_os::Os;

use crate::facts::servers::Server;

/// Returns the line of its configuration that has the server wait for a PROXY header at `port`, with its file and number.
pub(super) fn look(server: &Server, port: u16, os: &Os) -> Option<(String, String)> {
    server.processes.iter().find_map(|examined| {
        // nginx writes its command line anew: one word, behind "nginx: master process".
        let words: Vec<&str> = examined.command.iter().flat_map(|word| word.split_whitespace()).collect();
        match examined.process.program.as_deref().unwrap_or(&examined.process.name) {
            "haproxy" => haproxy(&words, port, os),
            "nginx" => nginx(&words, port, os),
            _ => None,
        }
    })
}

fn haproxy(words: &[&str], port: u16, os: &Os) -> Option<(String, String)> {
    let is_it = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some("bind")
            && words.next().is_some_and(|at| at.split(',').any(|at| has_port(at, port)))
            && words.any(|word| word == "accept-proxy")
    };
    after(words, "-f").find_map(|file| line_of(os, &PathBuf::from(file), &is_it))
}

fn nginx(words: &[&str], port: u16, os: &Os) -> Option<(String, String)> {
    let prefix = after(words, "-p").next().unwrap_or("/etc/nginx");
    let file = after(words, "-c").next().unwrap_or("nginx.conf");
    let is_it = |line: &str| {
        // Several directives may stand in one line.
        line.split([';', '{', '}']).any(|directive| {
            let mut words = directive.split_whitespace();
            words.next() == Some("listen")
                && words.next().is_some_and(|at| has_port(at, port))
                && words.any(|word| word == "proxy_protocol")
        })
    };
    let main = Path::new(prefix).join(file);
    line_of(os, &main, &is_it)
        .or_else(|| included(os, &main).iter().find_map(|file| line_of(os, file, &is_it)))
}

/// Returns the files that a configuration of nginx includes: by name, or all that end alike in one directory.
fn included(os: &Os, main: &Path) -> Vec<PathBuf> {
    let text = read(os, main).unwrap_or_default();
    let folder = main.parent().unwrap_or(Path::new("/"));
    let mut files = Vec::new();
    for pattern in
        text.lines().filter_map(|line| line.trim().strip_prefix("include ")?.trim().strip_suffix(';'))
    {
        let path = folder.join(pattern.trim());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (Some((_, end)), Some(directory)) = (name.split_once('*'), path.parent()) else {
            files.push(path);
            continue;
        };
        let names = os.files.list(directory, FILES_AT_MOST).unwrap_or_default();
        let alike = names.iter().filter(|name| name.to_string_lossy().ends_with(end));
        files.extend(alike.map(|name| directory.join(name)));
    }
    files.truncate(FILES_AT_MOST);
    files
}

fn line_of(os: &Os, file: &Path, is_it: &dyn Fn(&str) -> bool) -> Option<(String, String)> {
    let text = read(os, file)?;
    let (at, line) =
        text.lines().enumerate().find(|(_, line)| is_it(line.split('#').next().unwrap_or("")))?;
    let line: String = line.trim().chars().take(LINE_AT_MOST).collect();
    Some((format!("{}:{}", file.display(), at + 1), line))
}

fn read(os: &Os, file: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&os.files.read(file, FILE_AT_MOST)?).into_owned())
}

/// Returns the words that follow `option`.
fn after<'a>(words: &'a [&'a str], option: &'a str) -> impl Iterator<Item = &'a str> {
    words.windows(2).filter(move |pair| pair[0] == option).map(|pair| pair[1])
}

/// Returns whether `127.0.0.1:80`, `*:80`, `[::]:80`, `:80` or `80` has the port.
fn has_port(at: &str, port: u16) -> bool {
    at.rsplit(':').next().and_then(|end| end.parse().ok()) == Some(port)
}

const FILE_AT_MOST: usize = 256 * 1024;
const FILES_AT_MOST: usize = 64;
const LINE_AT_MOST: usize = 120;

#[cfg(test)]
mod tests {
    use super::{after, has_port};

    #[test]
    fn ports_are_written_in_many_ways() {
        for at in ["80", ":80", "*:80", "127.0.0.1:80", "[::]:80"] {
            assert!(has_port(at, 80), "{at}");
        }
        assert!(!has_port("127.0.0.1:8080", 80) && !has_port("unix:/run/x", 80));
    }

    #[test]
    fn options_have_their_words() {
        let words = ["haproxy", "-f", "a", "-db", "-f", "b", "-f"];
        assert_eq!(after(&words, "-f").collect::<Vec<_>>(), ["a", "b"]);
    }
}
