//! Whether a command line tells a program to listen at a port: pure rules on words.
//!
//! A number alone is not enough, and clients are told ports too. What is not sure counts as no.

/// Returns the words of a server's command line that tell it to listen at `port`.
pub(super) fn tells(words: &[String], port: u16) -> Option<String> {
    let program = words.first()?.rsplit('/').next().unwrap_or_default();
    if CLIENTS.contains(&program) {
        return None;
    }
    let number = port.to_string();
    for (at, word) in words.iter().enumerate().skip(1) {
        let previous = words[at - 1].as_str();
        if let Some((flag, value)) = word.split_once('=')
            && (is_flag(flag) || flag == "PORT")
            && is_place(value, &number)
        {
            return Some(word.clone());
        }
        if is_flag(previous) && is_place(word, &number) {
            return Some(format!("{previous} {word}"));
        }
        // `-p3000`, as ls and grep take their values.
        if word.strip_prefix("-p").is_some_and(|rest| rest == number) {
            return Some(word.clone());
        }
        if COMMANDS.contains(&previous) && is_place(word, &number) {
            return Some(format!("{previous} {word}"));
        }
    }
    None
}

/// Whether `word` is an option that takes a port, or an address to listen at.
fn is_flag(word: &str) -> bool {
    if SHORT.contains(&word) {
        return true;
    }
    let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { return false };
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str())
        || name.ends_with("-port")
        || name.ends_with("_port")
        || name.ends_with(".port")
}

/// Whether `value` is the number alone, or an address with it.
fn is_place(value: &str, number: &str) -> bool {
    if value.contains("//") {
        return false;
    }
    value == number
        || value.strip_suffix(number).is_some_and(|before| before.ends_with(':') && before.len() > 1)
        || value.strip_prefix(':') == Some(number)
}

/// Options of one letter that servers take a port or an address by: Rails and http-server (`-p`), gunicorn (`-b`), PHP (`-S`),
/// serve (`-l`).
const SHORT: &[&str] = &["-p", "-P", "-b", "-S", "-l"];

const NAMES: &[&str] =
    &["port", "bind", "listen", "addr", "address", "http", "listen-address", "bind-address", "server.port"];

/// Words that a port or an address follows without an option.
const COMMANDS: &[&str] = &["runserver", "runserver_plus", "http.server", "SimpleHTTPServer"];

/// Programs that are told where to connect to, or to wait so long.
const CLIENTS: &[&str] = &[
    "ab",
    "curl",
    "fuser",
    "hey",
    "k6",
    "lsof",
    "mariadb",
    "mariadb-admin",
    "mongo",
    "mongosh",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "nc",
    "ncat",
    "netcat",
    "openssl",
    "pg_dump",
    "pg_isready",
    "pgbench",
    "pgcli",
    "psql",
    "redis-cli",
    "scp",
    "sftp",
    "sleep",
    "ss",
    "ssh",
    "sudo",
    "telnet",
    "wget",
    "wharf",
    "wrk",
];

#[cfg(test)]
mod tests {
    use super::tells;

    fn told(line: &str) -> Option<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        tells(&words, 3000)
    }

    #[test]
    fn servers_that_are_told_the_port_are_known() {
        for (line, words) in [
            ("node server.js --port 3000", "--port 3000"),
            ("node vite --port=3000", "--port=3000"),
            ("rails server -p 3000", "-p 3000"),
            ("http-server -p3000", "-p3000"),
            ("gunicorn -b 127.0.0.1:3000 app:app", "-b 127.0.0.1:3000"),
            ("gunicorn --bind :3000", "--bind :3000"),
            ("python3 manage.py runserver 0:3000", "runserver 0:3000"),
            ("python3 -m http.server 3000", "http.server 3000"),
            ("php -S localhost:3000", "-S localhost:3000"),
            ("java -Dserver.port=3000 -jar a.jar", "-Dserver.port=3000"),
            ("prog --http-port 3000", "--http-port 3000"),
            ("env PORT=3000 node a.js", "PORT=3000"),
        ] {
            assert_eq!(told(line).as_deref(), Some(words), "{line}");
        }
    }

    #[test]
    fn clients_and_mere_numbers_are_not() {
        for line in [
            "curl http://localhost:3000",
            "node client.js --url http://localhost:3000",
            "sleep 3000",
            "psql -p 3000",
            "node server.js --port 30001",
            "node server.js --timeout 3000",
            "node server.js 13000",
            "prog --max-old-space-size=3000",
            "vi 3000",
            "3000",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
