//! The server does one thing after the other, and is still busy with another client's request.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::wait::Wait;
use crate::facts::servers::{Examined, Serving, Stuck};

/// The server is busy with another client.
pub(super) const CAUSE: Cause = Cause {
    code: "server-busy-with-request",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server is busy with another client and serves one at a time",
    symptom: "The connection is made, and then nothing comes until the request before it is done.",
    evidence: "Another connection of the same listener is accepted and open, and no thread of the process waits for new ones.",
    fix: "Serve with threads, workers or an event loop, or end the request that takes so long.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if !matches!(case.stuck, Some(Stuck::Unaccepted | Stuck::Full)) {
        return Opinion::Aside;
    }
    let found = case.subjects().find_map(|examined| Some((examined, served(case, examined)?)));
    let Some((examined, serving)) = found else { return case.ruled_out() };
    let waits = |examined: &Examined| {
        examined.threads.iter().any(|seen| matches!(seen.wait, Wait::Accept | Wait::Events(Some(true))))
    };
    if case.subjects().any(waits) {
        return case.ruled_out();
    }
    let client = match &serving.client {
        Some((pid, name)) => format!("{name} (pid {pid})"),
        None => serving.half.remote.to_string(),
    };
    let wait = examined.wait().copied().unwrap_or_default();
    let reads = wait == Wait::Read(Some(serving.half.inode));
    let doing = match reads {
        true => format!("waits for the next bytes of {client}, and serves one client at a time"),
        false => format!("is busy with a request of {client}: it waits {}", wait.text()),
    };
    let count = case.server.serving.len();
    let finding = case
        .finding(format!("nothing accepts: {} {doing}", case.who(examined)))
        .saw(
            "sock_diag",
            format!(
                "{count} accepted, that of {} with {} bytes unread",
                serving.half.remote, serving.half.unread
            ),
        )
        .saw_not(examined.state_file(), examined.state(), "accept, poll or epoll")
        .advise(threads(examined));
    match &serving.client {
        Some((pid, name)) => finding.command(format!("or end {name}"), format!("kill {pid}")).into(),
        None => finding.into(),
    }
}

/// Returns the connection that a process is busy with: the one that it reads from, else the first.
fn served<'a>(case: Case<'a>, examined: &Examined) -> Option<&'a Serving> {
    let mut own = case.server.serving.iter().filter(|serving| serving.pid == Some(examined.process.pid));
    let reads = |serving: &&Serving| examined.wait() == Some(&Wait::Read(Some(serving.half.inode)));
    own.clone().find(reads).or_else(|| own.next())
}

fn threads(examined: &Examined) -> &'static str {
    let words = || examined.command.iter().map(String::as_str);
    let has = |word: &str| words().any(|own| own.contains(word));
    if has("gunicorn") {
        "serve with more workers or threads: gunicorn --workers 4 --threads 8"
    } else if has("http.server") || has("wsgiref") || has("HTTPServer") {
        "serve with threads: ThreadingHTTPServer"
    } else if examined.process.name.starts_with("php") {
        "serve with more workers: PHP_CLI_SERVER_WORKERS=4"
    } else {
        "serve with threads, workers or an event loop"
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::wait::Wait;
    use crate::facts::servers::{Examined, made};
    use crate::testing::Asked;

    fn serving(process: Examined) -> Asked {
        made::unaccepted(vec![process]).with(|facts| facts.servers[0].serving = vec![made::serving()])
    }

    #[test]
    fn the_client_that_it_is_busy_with_is_named() {
        let told = serving(made::process('S', Some("clock_nanosleep"))).judged();
        assert_eq!(told.causes(), ["server-busy-with-request"]);
        assert!(told.diagnosis.causes[0].text.contains("a request of curl (pid 77)"));
        let mut reading = made::process('S', Some("recvfrom"));
        reading.threads[0].wait = Wait::Read(Some(9));
        let told = serving(reading).judged();
        assert!(told.diagnosis.causes[0].text.contains("waits for the next bytes of curl (pid 77)"));
    }

    #[test]
    fn one_that_waits_for_connections_is_not_busy() {
        let told = serving(made::process('S', Some("accept4"))).judged();
        assert!(told.is_ruled_out("server-busy-with-request"));
    }

    #[test]
    fn one_without_another_client_is_not_either() {
        let told = made::unaccepted(vec![made::process('S', Some("clock_nanosleep"))]).judged();
        assert!(told.is_ruled_out("server-busy-with-request"));
    }
}
