//! CORS: an answer that a page of another origin may not read.

use super::origin::asked_from;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The server does not let the page's origin read its answers.
pub(super) const CAUSE: Cause = Cause {
    code: "cors-denied",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The server does not let the page's origin read its answers",
    symptom: "`has been blocked by CORS policy: No Access-Control-Allow-Origin header is present` in the console; curl gets the answer.",
    evidence: "Asked with the page's origin in the Origin field, the server's answer has no Access-Control-Allow-Origin field, or one for another \
               origin.",
    fix: "Have the server allow the origin, or let the page's own server pass the request on (a proxy in the development server).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((page, target)) = asked_from(facts) else { return Opinion::Aside };
    let Some(http) = facts.talk.http.as_ref().filter(|http| !http.upgrade) else { return Opinion::Aside };
    if page.is_of(target) {
        return ruled_out("the page is of the same origin");
    }
    let allowed = http.field("access-control-allow-origin");
    if allowed.is_some_and(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(&page.to_string())) {
        return ruled_out(format!("it allows {}", allowed.unwrap_or_default()));
    }
    let shown = allowed.map(|allowed| crate::facts::talk::shown(allowed.as_bytes(), 80));
    let text = match &shown {
        Some(allowed) => {
            format!("the server lets pages of {allowed} read its answers, and not those of {page}")
        }
        None => format!("the server lets no page of another origin read its answers, and {page} is one"),
    };
    Finding::new(text)
        .saw("--origin", page.to_string())
        .saw_not(
            format!("{}, Access-Control-Allow-Origin", http.asked),
            shown.unwrap_or_else(|| "not there".to_owned()),
            page.to_string(),
        )
        .advise(format!("have the server allow {page}: Access-Control-Allow-Origin: {page}"))
        .advise("or let the page's own server pass the request on (server.proxy in Vite)")
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::http::HttpSeen;
    use crate::testing::{Told, asked, http};

    fn answered(origin: &str, allowed: Option<&str>) -> Told {
        let fields = allowed.map(|allowed| ("access-control-allow-origin".to_owned(), allowed.to_owned()));
        let answer = HttpSeen { fields: fields.into_iter().collect(), ..http(200, "") };
        asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.origin = Some(origin.to_owned());
                facts.talk.http = Some(answer);
            })
            .judged()
    }

    #[test]
    fn an_origin_that_is_not_allowed_is_it() {
        assert_eq!(answered("http://localhost:5173", None).causes(), ["cors-denied"]);
        assert_eq!(
            answered("http://localhost:5173", Some("http://localhost:3001")).causes(),
            ["cors-denied"]
        );
    }

    #[test]
    fn an_origin_that_is_allowed_or_the_same_is_not() {
        for (origin, allowed) in [
            ("http://localhost:5173", Some("*")),
            ("http://localhost:5173/page", Some("http://localhost:5173")),
            ("http://localhost:3000", None),
        ] {
            let told = answered(origin, allowed);
            assert_eq!(told.verdict(), "reachable", "{origin}");
            assert!(told.is_ruled_out("cors-denied"));
        }
    }
}
