//! Cookies of every port of localhost add up, and a server takes no more of them.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The head of the request is too large for the server.
pub(super) const CAUSE: Cause = Cause {
    code: "cookies-too-large",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The head of the request is too large for the server",
    symptom: "Status 431 `Request Header Fields Too Large`, or 400 `Request Header Or Cookie Too Large`, in one browser; a private window or curl \
              gets the page.",
    evidence: "The answer says so: status 431, or the words of nginx, Apache, Node and others. Browsers send the cookies of all servers of a host to \
               each of its ports.",
    fix: "Clear the cookies of localhost; give each project a name of its own (NAME.localhost), or raise the server's limit.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(http) = &facts.talk.http else { return Opinion::Aside };
    let says_so =
        http.status == 431 || http.status == 400 && WORDS.iter().any(|words| http.body.contains(words));
    if !says_so {
        return ruled_out("the head of a request of wharf's is not too large for it");
    }
    let host = facts.target().and_then(|target| target.host()).unwrap_or_default();
    Finding::new(format!(
        "the server takes no request as large as wharf's without cookies ({}); browsers send it those of all ports of {host}, too",
        http.line()
    ))
    .saw(http.asked.clone(), http.line())
    .advise("raise the server's limit (node --max-http-header-size, large_client_header_buffers in nginx, LimitRequestFieldSize)")
    .advise(format!("clear the cookies of {host} in the browser, and give each project a name of its own"))
    .into()
}

const WORDS: &[&str] = &[
    "Request Header Or Cookie Too Large",
    "Size of a request header field exceeds",
    "Header Fields Too Large",
];

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked, http};

    fn answered(status: u16, page: &str) -> Told {
        let page = http(status, page);
        asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.http = Some(page))
            .judged()
    }

    #[test]
    fn an_answer_that_says_so_is_it() {
        assert_eq!(answered(431, "").causes(), ["cookies-too-large"]);
        assert_eq!(
            answered(400, "<h1>400 Request Header Or Cookie Too Large</h1>").causes(),
            ["cookies-too-large"]
        );
    }

    #[test]
    fn another_400_is_not() {
        assert!(answered(400, "Bad Request").is_ruled_out("cookies-too-large"));
    }
}
