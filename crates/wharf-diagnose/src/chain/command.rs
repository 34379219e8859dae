//! Forwarders whose command line says it all: docker-proxy, socat, kubectl port-forward.

use wharf_catalog::container::{parse_docker_proxy, parse_pasta};
use wharf_model::endpoint::Protocol;

use super::{Asked, Clue, Goal, Speaks, host_port, takes};

/// What a command line says: the places, and how that is known.
type Told = Option<(Vec<Goal>, String)>;

/// Docker's proxy, and Podman's pasta.
pub(super) fn docker(clue: &Clue<'_>, asked: &Asked<'_>) -> Told {
    let port = asked.address.port();
    let mut proxies = parse_docker_proxy(clue.command).into_iter().chain(parse_pasta(clue.command));
    let proxy = proxies.find(|proxy| proxy.host_port == port && proxy.protocol == Protocol::Tcp)?;
    let goal = Goal::Container(proxy.container_ip, proxy.container_port);
    Some((vec![goal], format!("command line of {}", clue.name)))
}

/// `socat TCP-LISTEN:7777,fork TCP:127.0.0.1:9000`: the address that listens, and the other one.
pub(super) fn socat(clue: &Clue<'_>, asked: &Asked<'_>) -> Told {
    let mut addresses = clue.command.iter().skip(1).filter(|word| word.contains(':') || *word == "-");
    let (one, other) = (addresses.next()?, addresses.next()?);
    let listens = |address: &str| {
        let (kind, rest) = address.split_once(':').unwrap_or((address, ""));
        let kind = kind.to_ascii_uppercase();
        let kinds = [
            "TCP-LISTEN",
            "TCP-L",
            "TCP4-LISTEN",
            "TCP4-L",
            "TCP6-LISTEN",
            "TCP6-L",
            "OPENSSL-LISTEN",
            "SSL-L",
        ];
        let port = rest.split(',').next().and_then(|port| port.parse::<u16>().ok());
        kinds.contains(&kind.as_str()) && port == Some(asked.address.port())
    };
    let goal = if listens(one) {
        other
    } else if listens(other) {
        one
    } else {
        return None;
    };
    let (kind, rest) = goal.split_once(':').unwrap_or((goal, ""));
    let rest = rest.split(',').next().unwrap_or_default();
    let goal = match kind.to_ascii_uppercase().as_str() {
        "TCP" | "TCP4" | "TCP6" | "TCP-CONNECT" | "TCP4-CONNECT" | "TCP6-CONNECT" => {
            let (host, port) = host_port(rest, None)?;
            Goal::Tcp(host, port, Speaks::Same)
        }
        "OPENSSL" | "OPENSSL-CONNECT" | "SSL" => {
            let (host, port) = host_port(rest, None)?;
            Goal::Tcp(host, port, Speaks::Other)
        }
        "UNIX" | "UNIX-CONNECT" | "UNIX-CLIENT" => Goal::Unix(super::resolved(clue.cwd, rest)),
        "ABSTRACT" | "ABSTRACT-CONNECT" => Goal::Unix(format!("@{rest}").into()),
        // A program, a file, a terminal: no place to follow it to.
        _ => return None,
    };
    Some((vec![goal], "command line of socat".to_owned()))
}

/// `kubectl port-forward --address 127.0.0.1 svc/web 7777:80`: the pod is on another machine, for all that is known here.
pub(super) fn kubectl(clue: &Clue<'_>, asked: &Asked<'_>) -> Told {
    let mut words = clue.command.iter().skip(1).map(String::as_str);
    words.by_ref().find(|word| *word == "port-forward")?;
    let (mut object, mut context) = (None, None);
    let mut address = "localhost";
    let mut port = None;
    while let Some(word) = words.next() {
        let (name, joined) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        match name {
            "--address" => address = joined.or_else(|| words.next())?,
            "--context" => context = joined.or_else(|| words.next()),
            "-n" | "--namespace" | "--kubeconfig" | "--pod-running-timeout" | "-s" | "--server"
                if joined.is_none() =>
            {
                words.next();
            }
            _ if word.starts_with('-') => {}
            _ if object.is_none() => object = Some(word),
            _ => {
                let (local, remote) = word.split_once(':').unwrap_or((word, word));
                let local = if local.is_empty() { remote } else { local };
                if local.parse() == Ok(asked.address.port()) {
                    port = Some(remote);
                }
            }
        }
    }
    let (object, port) = (object?, port?);
    if !address.split(',').any(|address| takes(address, asked.address.port(), asked.address)) {
        return None;
    }
    let cluster = context.map_or("the cluster".to_owned(), |context| format!("the cluster {context}"));
    let goal = Goal::Elsewhere(format!("port {port} of {object}"), cluster);
    Some((vec![goal], "command line of kubectl".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::leads;
    use super::{Goal, Speaks};

    fn goal(command: &str, asked: &str) -> Option<Goal> {
        let words: Vec<&str> = command.split(' ').collect();
        leads(&words, asked, &[]).map(|lead| lead.ways[0].clone())
    }

    #[test]
    fn a_docker_proxy_leads_into_its_container() {
        let command = "/usr/bin/docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 7777 -container-ip 172.17.0.2 -container-port 80";
        let inside = Goal::Container("172.17.0.2".parse().ok(), 80);
        assert_eq!(goal(command, "127.0.0.1:7777"), Some(inside));
        assert_eq!(goal(command, "127.0.0.1:7778"), None);
    }

    #[test]
    fn socat_leads_from_the_address_that_listens_to_the_other() {
        let to = |port| Some(Goal::Tcp("127.0.0.1".to_owned(), port, Speaks::Same));
        assert_eq!(
            goal("socat TCP-LISTEN:7777,fork,reuseaddr TCP:127.0.0.1:9000", "127.0.0.1:7777"),
            to(9000)
        );
        assert_eq!(goal("socat -d tcp4:127.0.0.1:9000,nodelay tcp-l:7777", "127.0.0.1:7777"), to(9000));
        let unix = goal("socat TCP-LISTEN:7777 UNIX-CONNECT:app.sock", "127.0.0.1:7777");
        assert_eq!(unix, Some(Goal::Unix("/srv/app.sock".into())));
        assert_eq!(goal("socat TCP-LISTEN:7777 EXEC:/bin/cat", "127.0.0.1:7777"), None);
        assert_eq!(goal("socat TCP-LISTEN:7778 TCP:127.0.0.1:9000", "127.0.0.1:7777"), None);
    }

    #[test]
    fn kubectl_leads_to_another_machine() {
        let elsewhere = |what: &str, via: &str| Some(Goal::Elsewhere(what.to_owned(), via.to_owned()));
        let found = goal("kubectl -n shop port-forward svc/web 7777:80", "127.0.0.1:7777");
        assert_eq!(found, elsewhere("port 80 of svc/web", "the cluster"));
        let found = goal(
            "kubectl --context=x port-forward --address 0.0.0.0 --context dev pod/a 7777",
            "127.0.0.1:7777",
        );
        assert_eq!(found, elsewhere("port 7777 of pod/a", "the cluster dev"));
        assert_eq!(goal("kubectl port-forward pod/a 7778:80", "127.0.0.1:7777"), None);
        assert_eq!(goal("kubectl get pods", "127.0.0.1:7777"), None);
    }
}
