//! A reverse proxy that drops the Upgrade field.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::http::HttpSeen;
use crate::facts::who;

/// A proxy does not pass the WebSocket on.
pub(super) const CAUSE: Cause = Cause {
    code: "websocket-not-proxied",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "A proxy does not pass the WebSocket on",
    symptom: "`Unexpected server response: 426` or 400 from ws://, where the server behind the proxy takes WebSockets.",
    evidence: "The request asks for an upgrade, and a reverse proxy answers with status 426 or with words that ask for one: the server behind it \
               did not see the Upgrade field.",
    fix: "Have the proxy pass it on; in nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(http) = facts.talk.http.as_ref().filter(|http| http.upgrade && http.status != 101) else {
        return Opinion::Aside;
    };
    let Some(proxy) = proxy(facts, http).filter(|_| asks_for_upgrade(http)) else { return Opinion::Aside };
    let finding = Finding::new(format!(
        "{proxy} passes the request on without its Upgrade field: the answer is {}",
        http.line()
    ))
    .saw(format!("{} with Upgrade: websocket", http.asked), http.line())
    .saw_not("the answer", "asks for an upgrade that was asked for", "101 Switching Protocols");
    finding
        .advise(
            "let the proxy pass it on; in nginx, in the location: proxy_http_version 1.1; proxy_set_header Upgrade \
             $http_upgrade; proxy_set_header Connection \"upgrade\";",
        )
        .into()
}

/// Returns whether the answer is that to a request without the field that was sent.
fn asks_for_upgrade(http: &HttpSeen) -> bool {
    // A server that wants another version of WebSocket says which.
    let wants_version = http.field("sec-websocket-version").is_some_and(|version| version != "13");
    let body = http.body.to_ascii_lowercase();
    let words = [
        "upgrade required",
        "upgrade header",
        "websocket upgrade",
        "expected websocket",
        "connection header",
    ];
    !wants_version
        && (http.status == 426 || http.status == 400 && words.iter().any(|words| body.contains(words)))
}

/// Returns who the reverse proxy is, by the process or by the words of the answer.
pub(super) fn proxy(facts: &Facts, http: &HttpSeen) -> Option<String> {
    let endpoint = facts.endpoint().map(|detail| &detail.endpoint);
    let known = endpoint.filter(|endpoint| {
        endpoint.service.as_ref().is_some_and(|service| PROXIES.contains(&service.id.as_str()))
    });
    if let Some(endpoint) = known {
        return Some(who(endpoint));
    }
    let server = http.field("server").unwrap_or_default().to_ascii_lowercase();
    let name = PROXIES.iter().find(|name| server.starts_with(**name));
    name.map(|name| (*name).to_owned()).or_else(|| http.field("via").map(|via| format!("a proxy ({via})")))
}

const PROXIES: &[&str] =
    &["nginx", "openresty", "apache", "caddy", "haproxy", "traefik", "envoy", "lighttpd"];

#[cfg(test)]
mod tests {
    use crate::facts::talk::http::HttpSeen;
    use crate::testing::{Told, asked, http};

    fn answered(status: u16, server: &str, page: &str) -> Told {
        let fields = vec![("server".to_owned(), server.to_owned())];
        let answer = HttpSeen { upgrade: true, fields, ..http(status, page) };
        asked("ws://localhost:3000/live")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.http = Some(answer))
            .judged()
    }

    #[test]
    fn a_proxy_that_answers_for_want_of_an_upgrade_is_it() {
        assert_eq!(answered(426, "nginx/1.22.1", "Upgrade Required").causes(), ["websocket-not-proxied"]);
        assert_eq!(answered(400, "nginx", "missing Upgrade header").causes(), ["websocket-not-proxied"]);
    }

    #[test]
    fn a_server_by_itself_or_another_refusal_is_not() {
        assert_eq!(answered(426, "", "").causes(), ["websocket-refused"]);
        assert_eq!(answered(404, "nginx", "").causes(), ["websocket-refused"]);
    }
}
