//! Development servers take only host names that they know, to keep off DNS rebinding.

use super::websocket_not_proxied::proxy;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::http::HttpSeen;

/// The server does not take the host name.
pub(super) const CAUSE: Cause = Cause {
    code: "host-not-allowed",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The server does not take the host name",
    symptom: "Status 403 or 400 with `Blocked request. This host is not allowed`, `Invalid Host header`, `DisallowedHost`, `Blocked hosts`; by \
              localhost the page is there.",
    evidence: "The page of the refusal is one that a check of the Host field writes (Vite, webpack, Django, Rails, Angular, Starlette, ASP.NET, \
               Jupyter and others); or the same request is refused by this name and answered by the name localhost.",
    fix: "Allow the name in the server's configuration; the option and its file are named.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(http) = &facts.talk.http else { return Opinion::Aside };
    let host = target.host().unwrap_or_default();
    let by_words = CHECKS.iter().find(|check| http.body.contains(check.words));
    if by_words.is_none() && !is_by_name_alone(facts, http) {
        return ruled_out(format!("it answers {} to {host}", http.status));
    }
    let who = by_words.map_or("the server", |check| check.who);
    let root = facts
        .endpoint()
        .and_then(|detail| detail.endpoint.project.as_ref())
        .map(|project| project.root.as_str());
    let finding =
        Finding::new(format!("{who} does not take the host name {host}: it answers {}", http.line()))
            .saw(http.asked.clone(), format!("{}: {}", http.line(), first_words(&http.body)));
    let finding = match &facts.talk.by_localhost {
        Some(other) => finding.saw(other.asked.clone(), other.line()),
        None => finding,
    };
    let finding = match by_words {
        Some(check) => {
            let file = root.map_or_else(|| check.file.to_owned(), |root| format!("{root}/{}", check.file));
            finding.advise(format!("in {file}: {}", check.option.replace("{}", host)))
        }
        None => finding.advise(format!("allow {host} in the server's configuration")),
    };
    let port = target.port().unwrap_or_default();
    let scheme = target.scheme.map_or("http", crate::target::Scheme::name);
    match &facts.talk.by_localhost {
        Some(other) if other.status < 400 => {
            finding.safe_command("or use localhost", format!("wharf why {scheme}://localhost:{port}"))
        }
        _ => finding,
    }
    .into()
}

/// Returns whether the same request is refused by the name, and by the name localhost not.
fn is_by_name_alone(facts: &Facts, http: &HttpSeen) -> bool {
    let Some(other) = &facts.talk.by_localhost else { return false };
    let refused = matches!(http.status, 400 | 403 | 421);
    // A server of many hosts has another site by another name: that it refuses this one has other reasons.
    refused && (other.status < 400 || other.status == 404) && proxy(facts, http).is_none()
}

/// Returns whether the answer is the refusal of a host name.
pub(super) fn is_check(facts: &Facts) -> bool {
    matches!(rule(facts), Opinion::Holds(_))
}

fn first_words(body: &str) -> String {
    let text = body.split_once("<body").map_or(body, |(_, rest)| rest);
    let mut plain = String::new();
    let mut within = false;
    for letter in text.chars().take(2000) {
        match letter {
            '<' => within = true,
            '>' => within = false,
            letter if !within => plain.push(letter),
            _ => {}
        }
    }
    crate::facts::talk::shown(plain.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes(), 90)
}

/// A check of the Host field by the words of its page.
struct Check {
    words: &'static str,
    who: &'static str,
    file: &'static str,
    /// What to write there; `{}` stands for the host.
    option: &'static str,
}

const fn check(words: &'static str, who: &'static str, file: &'static str, option: &'static str) -> Check {
    Check { words, who, file, option }
}

/// The more special before the more general.
const CHECKS: &[Check] = &[
    check(
        "under the \"serve\" target",
        "Angular's development server",
        "angular.json",
        "\"allowedHosts\": [\"{}\"] under serve > options",
    ),
    check("`preview.allowedHosts`", "Vite's preview", "vite.config.js", "preview: { allowedHosts: ['{}'] }"),
    check("Blocked request. This host", "Vite", "vite.config.js", "server: { allowedHosts: ['{}'] }"),
    check(
        "Invalid Host/Origin header",
        "webpack-dev-server",
        "webpack.config.js",
        "devServer: { allowedHosts: ['{}'] }",
    ),
    check(
        "Invalid Host header",
        "webpack-dev-server",
        "webpack.config.js",
        "devServer: { allowedHosts: ['{}'] }",
    ),
    check("ALLOWED_HOSTS", "Django", "settings.py", "ALLOWED_HOSTS = ['{}']"),
    check("DisallowedHost", "Django", "settings.py", "ALLOWED_HOSTS = ['{}']"),
    check("Blocked host", "Rails", "config/environments/development.rb", "config.hosts << '{}'"),
    check(
        "Invalid host header",
        "Starlette's TrustedHostMiddleware",
        "the application",
        "allowed_hosts=['{}']",
    ),
    check(
        "Bad Request - Invalid Hostname",
        "ASP.NET's host filter",
        "appsettings.json",
        "\"AllowedHosts\": \"{}\"",
    ),
    check("is not trusted.", "Flask", "the application", "TRUSTED_HOSTS = ['{}']"),
    check("Untrusted Host", "Symfony", "config/packages/framework.yaml", "trusted_hosts: ['{}']"),
    check(
        "The provided host name is not valid for this server",
        "Drupal",
        "settings.php",
        "$settings['trusted_host_patterns'] = ['^{}$']",
    ),
    check(
        "Blocking request with non-local 'Host'",
        "Jupyter",
        "jupyter_server_config.py",
        "c.ServerApp.local_hostnames = ['localhost', '{}']",
    ),
];

#[cfg(test)]
mod tests {
    use crate::testing::{Asked, asked, http};

    fn answered(status: u16, page: &str) -> Asked {
        let page = http(status, page);
        asked("http://shop.test:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.http = Some(page))
    }

    #[test]
    fn the_words_of_a_check_are_it() {
        for (status, page, option) in [
            (
                403,
                "Blocked request. This host (\"shop.test\") is not allowed.\nTo allow this host, add",
                "server: { allowedHosts: ['shop.test'] }",
            ),
            (200, "Invalid Host header", "devServer: { allowedHosts: ['shop.test'] }"),
            (
                400,
                "<title>DisallowedHost at /</title> You may need to add 'shop.test' to ALLOWED_HOSTS.",
                "ALLOWED_HOSTS = ['shop.test']",
            ),
            (403, "<h1>Blocked hosts: shop.test:3000</h1>", "config.hosts << 'shop.test'"),
        ] {
            let told = answered(status, page).judged();
            assert_eq!(told.causes(), ["host-not-allowed"], "{page}");
            assert!(
                told.diagnosis.causes[0].fixes[0].title.contains(option),
                "{:?}",
                told.diagnosis.causes[0].fixes
            );
        }
    }

    #[test]
    fn a_refusal_that_localhost_does_not_get_is_it() {
        let told = answered(403, "no").with(|facts| facts.talk.by_localhost = Some(http(200, ""))).judged();
        assert_eq!(told.causes(), ["host-not-allowed"]);
    }

    #[test]
    fn a_refusal_that_everybody_gets_is_not() {
        let told = answered(403, "no").with(|facts| facts.talk.by_localhost = Some(http(403, "no"))).judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("host-not-allowed"));
    }

    #[test]
    fn another_site_of_a_server_of_many_is_not() {
        let nginx = vec![("server".to_owned(), "nginx/1.22.1".to_owned())];
        let told = answered(403, "403 Forbidden")
            .with(|facts| {
                facts.talk.by_localhost = Some(http(200, "welcome"));
                facts.talk.http.as_mut().unwrap().fields = nginx;
            })
            .judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["login-required"]));
    }
}
