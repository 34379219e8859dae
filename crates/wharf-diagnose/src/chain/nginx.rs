//! nginx: which server and location of its configuration a request falls to, and where that passes it on.
//!
//! Where only nginx can tell (a regular expression, a variable), all that it may be is named, or nothing.

mod syntax;

use std::path::{Path, PathBuf};

use self::syntax::{Directive, Reader};
use super::{Asked, Clue, Goal, List, Read, Speaks, host_port, takes};

/// Returns where nginx leads what was asked.
pub(super) fn lead(
    clue: &Clue<'_>,
    asked: &Asked<'_>,
    read: Read<'_>,
    list: List<'_>,
) -> Option<(Vec<Goal>, String)> {
    let path = configuration(clue);
    let base = path.parent().unwrap_or(Path::new("/")).to_owned();
    let top = Directive { block: Reader::new(read, list, &base).file(&path, 0)?, ..Directive::default() };
    let mut upstreams: Vec<&Directive> = Vec::new();
    for context in ["http", "stream"] {
        let contexts: Vec<&Directive> = top.all(context).collect();
        upstreams.clear();
        upstreams.extend(contexts.iter().flat_map(|http| http.all("upstream")));
        let servers: Vec<&Directive> = contexts.iter().flat_map(|http| http.all("server")).collect();
        let Some(server) = server(&servers, asked) else { continue };
        let passes = if context == "stream" { passes(server) } else { passes_of(server, asked.path, 0) };
        let mut ways: Vec<Goal> = Vec::new();
        for pass in &passes {
            for goal in goals(pass, &upstreams) {
                if !ways.contains(&goal) {
                    ways.push(goal);
                }
            }
        }
        let known_by = match passes.first() {
            Some(pass) => format!("{} {}", pass.at, pass.words.join(" ")),
            None => format!("{} server without a place to pass to", server.at),
        };
        return Some((ways, known_by));
    }
    None
}

/// Returns the configuration's path by the command line, or Debian's and everybody's usual one.
fn configuration(clue: &Clue<'_>) -> PathBuf {
    // The title is one word: `nginx: master process /usr/sbin/nginx -p /srv -c nginx.conf`.
    let words: Vec<&str> = clue.command.iter().flat_map(|word| word.split_whitespace()).collect();
    let value =
        |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1)).copied();
    let prefix = value("-p").map(|prefix| super::resolved(clue.cwd, prefix));
    match (value("-c"), prefix) {
        (Some(path), Some(prefix)) => prefix.join(path),
        // Relative to the prefix it was built with, which is rarely meant; to where it was started otherwise.
        (Some(path), None) if path.starts_with('/') => PathBuf::from(path),
        (Some(path), None) => Path::new("/usr/share/nginx").join(path),
        (None, _) => PathBuf::from("/etc/nginx/nginx.conf"),
    }
}

/// Returns the server block that takes the request: the most exact address, then the name, then the default.
fn server<'a>(servers: &[&'a Directive], asked: &Asked<'_>) -> Option<&'a Directive> {
    let listens = |server: &Directive, exact: bool| {
        let mut listens = server.all("listen").peekable();
        if listens.peek().is_none() {
            return (!exact && asked.address.port() == 80).then_some(false);
        }
        listens.find_map(|listen| {
            let (host, port) = listen_address(listen.arguments().first()?)?;
            let is_exact = host.trim_matches(['[', ']']).parse() == Ok(asked.address.ip().to_canonical());
            let is_default =
                listen.arguments().iter().any(|word| word == "default_server" || word == "default");
            // [::] is IPv6 alone unless it is told otherwise.
            let is_other = host == "[::]"
                && asked.address.is_ipv4()
                && !listen.arguments().iter().any(|word| word == "ipv6only=off");
            (takes(&host, port, asked.address) && is_exact == exact && !is_other).then_some(is_default)
        })
    };
    let of = |exact| servers.iter().filter_map(move |server| Some((*server, listens(server, exact)?)));
    let mut candidates: Vec<(&Directive, bool)> = of(true).collect();
    if candidates.is_empty() {
        candidates = of(false).collect();
    }
    let named = |(server, _): &&(&'a Directive, bool)| {
        server.all("server_name").flat_map(Directive::arguments).any(|name| name_fits(name, asked.host))
    };
    candidates
        .iter()
        .find(named)
        .or_else(|| candidates.iter().find(|(_, is_default)| *is_default))
        .or_else(|| candidates.first())
        .map(|(server, _)| *server)
}

fn listen_address(text: &str) -> Option<(String, u16)> {
    if text.starts_with("unix:") {
        return None;
    }
    if let Ok(port) = text.parse() {
        return Some(("0.0.0.0".to_owned(), port));
    }
    match text.rsplit_once(':') {
        Some(("*", port)) => Some(("0.0.0.0".to_owned(), port.parse().ok()?)),
        Some((host, port)) if !port.contains(']') => Some((host.to_owned(), port.parse().ok()?)),
        _ => Some((text.to_owned(), 80)),
    }
}

fn name_fits(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    if let Some(below) = name.strip_prefix("*.") {
        return host.strip_suffix(below).is_some_and(|rest| rest.ends_with('.'));
    }
    if let Some(below) = name.strip_prefix('.') {
        return host == below || host.ends_with(&name);
    }
    name == host
}

/// Returns the directives that pass the request on, of the location that it falls to.
fn passes_of<'a>(server: &'a Directive, path: &str, depth: usize) -> Vec<&'a Directive> {
    let locations: Vec<&Directive> = server.all("location").collect();
    let mut found: Vec<&Directive> = Vec::new();
    let (prefix, exact) = by_prefix(&locations, path);
    let is_final =
        exact || prefix.is_some_and(|location| location.arguments().first().is_some_and(|word| word == "^~"));
    if !is_final {
        for location in &locations {
            match by_expression(location, path) {
                Some(true) => return within(server, location, path, depth),
                Some(false) => {}
                // It may be this one: both are named.
                None => found.extend(within(server, location, path, depth)),
            }
        }
    }
    match prefix {
        Some(location) => found.extend(within(server, location, path, depth)),
        None => found.extend(passes(server)),
    }
    found
}

fn within<'a>(
    server: &'a Directive,
    location: &'a Directive,
    path: &str,
    depth: usize,
) -> Vec<&'a Directive> {
    let own = passes(location);
    if !own.is_empty() || depth > 3 {
        return own;
    }
    if location.all("location").next().is_some() {
        let inner = passes_of(location, path, depth + 1);
        if !inner.is_empty() {
            return inner;
        }
    }
    // What is no file goes on to the last of them: a named location, or a path within.
    let last =
        location.all("try_files").chain(server.all("try_files")).find_map(|files| files.arguments().last());
    match last {
        Some(name) if name.starts_with('@') => {
            let mut named = server.all("location");
            named.find(|other| other.arguments() == [name.clone()]).map(passes).unwrap_or_default()
        }
        Some(path) if path.starts_with('/') => {
            passes_of(server, path.split('?').next().unwrap_or(path), depth + 1)
        }
        _ => Vec::new(),
    }
}

/// Returns the longest prefix that fits, and whether it is the very path (`=`).
fn by_prefix<'a>(locations: &[&'a Directive], path: &str) -> (Option<&'a Directive>, bool) {
    let mut best: Option<(&Directive, usize)> = None;
    for location in locations {
        match location.arguments() {
            [sign, own] if sign == "=" && own == path => return (Some(location), true),
            [own] | [_, own]
                if is_prefix(location)
                    && path.starts_with(own.as_str())
                    && best.is_none_or(|(_, length)| own.len() > length) =>
            {
                best = Some((location, own.len()));
            }
            _ => {}
        }
    }
    (best.map(|(location, _)| location), false)
}

fn is_prefix(location: &Directive) -> bool {
    match location.arguments() {
        [own] => own.starts_with('/'),
        [sign, _] => sign == "^~",
        _ => false,
    }
}

/// Returns whether the location is a regular expression that fits; `None` if that is beyond what is understood here:
/// endings (`\.php$`), beginnings (`^/api/`) and plain text.
fn by_expression(location: &Directive, path: &str) -> Option<bool> {
    let [sign, expression] = location.arguments() else { return Some(false) };
    if sign != "~" && sign != "~*" {
        return Some(false);
    }
    let (mut text, mut path) = (expression.replace("\\.", "\u{1}").replace("\\/", "/"), path.to_owned());
    if sign == "~*" {
        (text, path) = (text.to_ascii_lowercase(), path.to_ascii_lowercase());
    }
    let (begins, ends) = (text.starts_with('^'), text.ends_with('$'));
    let core = text.trim_start_matches('^').trim_end_matches('$');
    if core.contains(['.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '\\', '^', '$']) {
        return None;
    }
    let core = core.replace('\u{1}', ".");
    Some(match (begins, ends) {
        (true, true) => path == core,
        (true, false) => path.starts_with(&core),
        (false, true) => path.ends_with(&core),
        (false, false) => path.contains(&core),
    })
}

fn passes(scope: &Directive) -> Vec<&Directive> {
    let own = |directive: &&Directive| PASSES.contains(&directive.name());
    let within = scope.all("if").flat_map(|condition| condition.block.iter().filter(own));
    scope.block.iter().filter(own).chain(within).collect()
}

/// Returns the places that a directive passes to.
fn goals(pass: &Directive, upstreams: &[&Directive]) -> Vec<Goal> {
    let Some(text) = pass.arguments().first() else { return Vec::new() };
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (speaks, usual) = match (pass.name(), scheme) {
        ("proxy_pass", "http") => (Speaks::Http, Some(80)),
        ("proxy_pass", "https") => (Speaks::Https, Some(443)),
        // Of a stream.
        ("proxy_pass", _) => (Speaks::Same, None),
        _ => (Speaks::Other, Some(80)),
    };
    if let Some(path) = rest.strip_prefix("unix:") {
        let path = path.split(':').next().unwrap_or(path);
        return vec![if path.contains('$') { Goal::Unknown(text.clone()) } else { Goal::Unix(path.into()) }];
    }
    let place = rest.split(['/', '?']).next().unwrap_or(rest);
    if place.contains('$') {
        return vec![Goal::Unknown(text.clone())];
    }
    let group =
        upstreams.iter().find(|upstream| upstream.arguments().first().is_some_and(|name| name == place));
    let Some(group) = group else {
        return host_port(place, usual)
            .map(|(host, port)| Goal::Tcp(host, port, speaks))
            .into_iter()
            .collect();
    };
    let member = |server: &Directive| {
        let (first, options) = server.arguments().split_first()?;
        if options.iter().any(|option| option == "down") {
            return None;
        }
        if let Some(path) = first.strip_prefix("unix:") {
            return Some(Goal::Unix(path.into()));
        }
        let (host, port) = host_port(first, Some(80))?;
        Some(Goal::Tcp(host, port, speaks))
    };
    group.all("server").filter_map(member).collect()
}

/// Directives that pass a request on.
const PASSES: &[&str] =
    &["proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"];

#[cfg(test)]
mod tests {
    use super::super::testing::leads;
    use super::{Goal, Speaks};

    fn ways(configuration: &str, asked: &str) -> Option<Vec<Goal>> {
        let command = ["nginx: master process nginx -p /srv -c nginx.conf"];
        leads(&command, asked, &[("/srv/nginx.conf", configuration)]).map(|lead| lead.ways)
    }

    fn http(port: u16) -> Goal {
        Goal::Tcp("127.0.0.1".to_owned(), port, Speaks::Http)
    }

    #[test]
    fn a_location_passes_to_its_upstream() {
        let configuration = "http { upstream app { server 127.0.0.1:9000; server unix:/run/a.sock backup; server 127.0.0.1:9 down; }
            server { listen 7777; location / { proxy_pass http://app; } location /api/ { proxy_pass http://127.0.0.1:9001/; } } }";
        let app = vec![http(9000), Goal::Unix("/run/a.sock".into())];
        assert_eq!(ways(configuration, "127.0.0.1:7777 localhost /x"), Some(app));
        assert_eq!(ways(configuration, "127.0.0.1:7777 localhost /api/x"), Some(vec![http(9001)]));
        assert_eq!(ways(configuration, "127.0.0.1:7778"), None);
    }

    #[test]
    fn the_server_is_chosen_by_address_then_name_then_default() {
        let configuration = "http {
            server { listen 7777; server_name a.test; location / { proxy_pass http://127.0.0.1:1; } }
            server { listen 7777 default_server; location / { proxy_pass http://127.0.0.1:2; } }
            server { listen [::]:7777; listen 7777; server_name *.b.test; location / { proxy_pass http://127.0.0.1:3; } }
            server { listen 127.0.0.2:7777; location / { proxy_pass http://127.0.0.1:4; } } }";
        for (asked, port) in [
            ("127.0.0.1:7777 a.test", 1),
            ("127.0.0.1:7777 localhost", 2),
            ("127.0.0.1:7777 x.b.test", 3),
            ("[::1]:7777 localhost", 3),
            ("127.0.0.2:7777 a.test", 4),
        ] {
            assert_eq!(ways(configuration, asked), Some(vec![http(port)]), "{asked}");
        }
    }

    #[test]
    fn a_request_that_is_no_file_goes_on_to_the_named_location() {
        let configuration = "http { server { listen 7777; location / { try_files $uri @app; }
            location @app { proxy_pass http://127.0.0.1:9000; }
            location ~ \\.php$ { fastcgi_pass unix:/run/php.sock; } } }";
        assert_eq!(ways(configuration, "127.0.0.1:7777 localhost /x"), Some(vec![http(9000)]));
        let php = Some(vec![Goal::Unix("/run/php.sock".into())]);
        assert_eq!(ways(configuration, "127.0.0.1:7777 localhost /x.php"), php);
    }

    #[test]
    fn what_only_nginx_can_tell_is_left_to_it() {
        let configuration = "http { server { listen 7777; location / { proxy_pass http://$backend; }
            location ~ ^/(a|b)/ { proxy_pass http://127.0.0.1:9000; } } }";
        let both = vec![http(9000), Goal::Unknown("http://$backend".to_owned())];
        assert_eq!(ways(configuration, "127.0.0.1:7777 localhost /a/"), Some(both));
    }

    #[test]
    fn a_stream_passes_bytes_and_includes_are_read() {
        let files = [
            ("/etc/nginx/nginx.conf", "include conf.d/*.conf;"),
            (
                "/etc/nginx/conf.d/a.conf",
                "stream { server { listen 127.0.0.1:7777; proxy_pass 127.0.0.1:5432; } }",
            ),
            ("/etc/nginx/conf.d/b.txt", "}"),
        ];
        let lead = leads(&["nginx: master process /usr/sbin/nginx"], "127.0.0.1:7777", &files).unwrap();
        assert_eq!(lead.ways, [Goal::Tcp("127.0.0.1".to_owned(), 5432, Speaks::Same)]);
        assert_eq!(lead.known_by, "/etc/nginx/conf.d/a.conf:1 proxy_pass 127.0.0.1:5432");
    }
}
