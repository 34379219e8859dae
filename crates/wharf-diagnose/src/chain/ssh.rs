//! `ssh -L`: ssh(1). Not here: LocalForward of ssh_config(5), which the command line does not show.

use super::{Asked, Clue, Goal, Speaks, host_port, takes};

/// Returns where a forwarding of the command line leads.
pub(super) fn lead(clue: &Clue<'_>, asked: &Asked<'_>) -> Option<(Vec<Goal>, String)> {
    let (mut forwards, mut destination): (Vec<String>, _) = (Vec::new(), None);
    let mut gateway = false;
    let mut words = clue.command.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        let Some(flags) = word.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            destination = Some(word);
            break;
        };
        // Several letters may stand together; the first that takes a value has the rest, or the next word.
        for (at, letter) in flags.char_indices() {
            gateway |= letter == 'g';
            if !WITH_VALUE.contains(letter) {
                continue;
            }
            let rest = &flags[at + letter.len_utf8()..];
            let value = if rest.is_empty() { words.next() } else { Some(rest) };
            if letter == 'L' {
                forwards.extend(value.map(str::to_owned));
            }
            if letter == 'o'
                && let Some(value) = value.and_then(|value| value.strip_prefix("LocalForward"))
            {
                let value = value.trim_start_matches([' ', '=']);
                forwards.push(value.replacen([' ', '\t'], ":", 1));
            }
            break;
        }
    }
    let machine = destination?;
    let goal = forwards.iter().find_map(|forward| forwarded(forward, gateway, asked))?;
    let goal = match goal {
        // ssh to this machine itself: what is beyond the tunnel is here.
        Goal::Tcp(host, port, speaks) if is_here(machine) => Goal::Tcp(host, port, speaks),
        Goal::Tcp(host, port, _) => Goal::Elsewhere(format!("{host}:{port}"), machine.to_owned()),
        Goal::Unix(path) if is_here(machine) => Goal::Unix(path),
        Goal::Unix(path) => Goal::Elsewhere(format!("{}", path.display()), machine.to_owned()),
        other => other,
    };
    Some((vec![goal], "command line of ssh".to_owned()))
}

/// Reads `[bind:]port:host:hostport` and `[bind:]port:/socket`.
fn forwarded(forward: &str, gateway: bool, asked: &Asked<'_>) -> Option<Goal> {
    let parts = split(forward);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (bind, port, goal) = match parts.as_slice() {
        [bind, port, host, to] => (*bind, *port, tcp(host, to)?),
        [bind, port, socket] if socket.starts_with('/') => (*bind, *port, Goal::Unix((*socket).into())),
        [port, host, to] => (if gateway { "" } else { "localhost" }, *port, tcp(host, to)?),
        [port, socket] if socket.starts_with('/') => ("localhost", *port, Goal::Unix((*socket).into())),
        _ => return None,
    };
    takes(bind, port.parse().ok()?, asked.address).then_some(goal)
}

fn tcp(host: &str, port: &str) -> Option<Goal> {
    let (host, port) = host_port(&format!("[{host}]:{port}"), None)?;
    Some(Goal::Tcp(host, port, Speaks::Same))
}

/// Splits at colons that are not within brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut within = false;
    for letter in text.chars() {
        match letter {
            '[' => within = true,
            ']' => within = false,
            ':' if !within => parts.push(String::new()),
            letter => {
                if let Some(last) = parts.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    parts
}

fn is_here(destination: &str) -> bool {
    let host = destination.strip_prefix("ssh://").unwrap_or(destination);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(['/', ':']).next().unwrap_or(host);
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// Options of ssh(1) that take a value.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::leads;
    use super::{Goal, Speaks, split};

    fn goal(command: &str) -> Option<Goal> {
        let words: Vec<&str> = command.split(' ').collect();
        leads(&words, "127.0.0.1:7777", &[]).map(|lead| lead.ways[0].clone())
    }

    #[test]
    fn a_tunnel_leads_to_the_other_machine() {
        let elsewhere = Some(Goal::Elsewhere("db:5432".to_owned(), "me@bastion".to_owned()));
        for command in [
            "ssh -N -L 7777:db:5432 me@bastion",
            "ssh -NL7777:db:5432 me@bastion",
            "ssh -f -N -p 22 -i key -L 127.0.0.1:7777:db:5432 me@bastion",
            "ssh -L 8080:web:80 -L *:7777:db:5432 me@bastion sleep 100",
        ] {
            assert_eq!(goal(command), elsewhere, "{command}");
        }
        assert_eq!(goal("ssh -L 7778:db:5432 me@bastion"), None);
        assert_eq!(goal("ssh -D 7777 me@bastion"), None);
    }

    #[test]
    fn a_tunnel_to_this_machine_leads_on_here() {
        let here = Goal::Tcp("::1".to_owned(), 9000, Speaks::Same);
        assert_eq!(goal("ssh -L 7777:[::1]:9000 me@localhost"), Some(here));
        assert_eq!(goal("ssh -L 7777:/run/x.sock localhost"), Some(Goal::Unix("/run/x.sock".into())));
    }

    proptest! {
        #[test]
        fn any_words_are_taken(words in proptest::collection::vec(".{0,20}", 0..6)) {
            let mut command = vec!["ssh"];
            command.extend(words.iter().map(String::as_str));
            let _ = leads(&command, "127.0.0.1:7777", &[]);
            let _ = split(&words.concat());
        }
    }
}
