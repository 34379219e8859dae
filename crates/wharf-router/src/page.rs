//! What is answered where no upstream does: a page for people, JSON for programs, or a redirect.
//!
//! Self-contained, under 20 KB, in the light or the dark; whatever comes from outside is escaped. Not here: what is said
//! ([`crate::fault`]).

use std::fmt::Write;

use serde_json::json;

use crate::fault::Explanation;

/// An answer of the router itself.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What a client would rather have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taste {
    Page,
    Json,
}

impl Taste {
    /// Returns what one who sends these would rather have.
    pub(crate) fn of(accept: Option<&[u8]>, agent: Option<&[u8]>) -> Self {
        let has = |value: Option<&[u8]>, part: &str| {
            value.is_some_and(|value| {
                value.windows(part.len()).any(|at| at.eq_ignore_ascii_case(part.as_bytes()))
            })
        };
        if has(accept, "text/html") {
            return Self::Page;
        }
        let is_program = ["curl/", "Wget/", "HTTPie/", "python-", "node", "Go-http-client", "grpc"];
        match () {
            () if has(accept, "json") || is_program.iter().any(|name| has(agent, name)) => Self::Json,
            () if agent.is_none() => Self::Json,
            () => Self::Page,
        }
    }
}

/// Returns the answer that tells of a fault.
pub(crate) fn of(explanation: &Explanation, host: &str, names: &[String], taste: Taste) -> Answer {
    let (kind, body) = match taste {
        Taste::Page => ("text/html; charset=utf-8", html(explanation, host, names)),
        Taste::Json => ("application/json", document(explanation, host)),
    };
    let mut fields = vec![
        ("content-type", kind.to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-wharf-fault", explanation.code.to_owned()),
    ];
    if taste == Taste::Page {
        fields.push(("content-security-policy", POLICY.to_owned()));
    }
    if explanation.status == 405 {
        fields.push(("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned()));
    }
    Answer { status: explanation.status, fields, body }
}

/// Returns the answer that sends a client to `url`.
pub(crate) fn redirect(url: String) -> Answer {
    // Not for good: a browser would go on doing so when the router is gone. The method stays.
    let body = format!("{url}\n");
    let fields = vec![
        ("location", url),
        ("content-type", "text/plain; charset=utf-8".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    Answer { status: 307, fields, body }
}

impl Answer {
    /// Writes it as HTTP/1.1.
    pub(crate) fn write(&self, out: &mut Vec<u8>, is_head: bool, close: bool) {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.fields {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "content-length: {}\r\n", self.body.len());
        text.push_str(if close { "connection: close\r\n\r\n" } else { "\r\n" });
        out.extend_from_slice(text.as_bytes());
        if !is_head {
            out.extend_from_slice(self.body.as_bytes());
        }
    }
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

fn document(explanation: &Explanation, host: &str) -> String {
    let Explanation { status, code, cause, title, text, evidence, fixes } = explanation;
    let evidence: Vec<_> =
        evidence.iter().map(|(source, observed)| json!({ "source": source, "observed": observed })).collect();
    let fix = |(title, command): &(String, Option<String>)| match command {
        Some(command) => json!({ "title": title, "command": command }),
        None => json!({ "title": title }),
    };
    let fixes: Vec<_> = fixes.iter().map(fix).collect();
    let mut document = json!({
        "schema": "wharf.fault/v1", "status": status, "code": code, "title": title, "text": text, "host": host,
        "evidence": evidence, "fixes": fixes,
    });
    if let (Some(cause), Some(fields)) = (cause, document.as_object_mut()) {
        fields.insert("cause".to_owned(), json!(cause));
    }
    format!("{document:#}\n")
}

fn html(explanation: &Explanation, host: &str, names: &[String]) -> String {
    let Explanation { status, title, text, evidence, fixes, code, cause } = explanation;
    let mut page = String::with_capacity(4_096);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{} · {}</title>\
         <style>{STYLE}</style></head><body><main>\n<p class=\"host\"><b>{status}</b> {}</p>\n<h1>{}</h1>\n<p>{}</p>\n",
        escaped(title),
        escaped(host),
        escaped(host),
        escaped(title),
        escaped(text),
    );
    let below = advice(fixes, evidence);
    write_names(&mut page, names, ROOM.saturating_sub(below.len()));
    page.push_str(&below);
    let code = cause.as_deref().unwrap_or(code);
    let _ = writeln!(page, "<footer>wharf · {}</footer>\n</main></body></html>", escaped(code));
    page
}

/// Returns what to do, and what was seen.
fn advice(fixes: &[(String, Option<String>)], evidence: &[(String, String)]) -> String {
    let mut page = String::new();
    if !fixes.is_empty() {
        page.push_str("<h2>What to do</h2>\n<ul>\n");
        for (title, command) in fixes {
            let _ = write!(page, "<li>{}", escaped(title));
            if let Some(command) = command {
                let _ = write!(page, "<pre>{}</pre>", escaped(command));
            }
            page.push_str("</li>\n");
        }
        page.push_str("</ul>\n");
    }
    if !evidence.is_empty() {
        page.push_str("<h2>What was seen</h2>\n<dl>\n");
        for (source, observed) in evidence {
            let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", escaped(source), escaped(observed));
        }
        page.push_str("</dl>\n");
    }
    page
}

/// Writes links to the names that there are, as many as there is room for; first of all, as one of them may be meant.
fn write_names(page: &mut String, names: &[String], room: usize) {
    if names.is_empty() {
        return;
    }
    page.push_str("<h2>Names that there are</h2>\n<ul class=\"names\">\n");
    let mut rest = names.len();
    for url in names.iter().take(NAMES) {
        if page.len() > room {
            break;
        }
        let _ = writeln!(page, "<li><a href=\"{0}\">{0}</a></li>", escaped(url));
        rest -= 1;
    }
    if rest > 0 {
        let _ = writeln!(page, "<li>and {rest} more: wharf route ls</li>");
    }
    page.push_str("</ul>\n");
}

/// Returns text that is nothing but text in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(LONGEST) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Nothing that turns or hides text.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                out.push('\u{fffd}')
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#f7f6f3;--card:#fff;--fg:#1c2024;--dim:#66707a;--line:#e2e0da;--accent:#b3361b;--code:#f0eee9}\
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1c2125;--fg:#e8eaec;--dim:#98a2ab;--line:#2c3338;--accent:#ff8a65;--code:#12161a}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:start center;background:var(--bg);color:var(--fg);\
font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;padding:8vh clamp(.75rem,4vw,1.25rem)}\
main{width:100%;min-width:0;max-width:42rem;background:var(--card);border:1px solid var(--line);border-radius:12px;\
padding:clamp(1.25rem,5vw,2.25rem)}\
.host{margin:0;color:var(--dim);font-size:.95rem;overflow-wrap:anywhere}.host b{color:var(--accent)}\
h1{font-size:1.7rem;line-height:1.2;margin:.35rem 0 .75rem}h2{font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;\
color:var(--dim);margin:1.75rem 0 .5rem}p{margin:0 0 .5rem;overflow-wrap:anywhere}ul{list-style:none;margin:0;padding:0}li{margin:.5rem 0}\
pre{margin:.35rem 0 0;padding:.6rem .8rem;background:var(--code);border:1px solid var(--line);border-radius:8px;\
font:14px/1.4 ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace;white-space:pre-wrap;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\
a{color:inherit;text-decoration-color:var(--dim);text-underline-offset:.2em;overflow-wrap:anywhere}\
a:hover,a:focus-visible{color:var(--accent);text-decoration-color:currentColor}.names li{margin:.25rem 0}footer{margin-top:2rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--dim);font-size:.85rem}";
/// Names that a page lists.
const NAMES: usize = 30;
/// Bytes of a page that lists no more names.
const ROOM: usize = 18 * 1024;
/// Characters of a text that a page shows.
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::{Answer, Taste, of};
    use crate::fault::Explanation;

    fn page(text: &str) -> Answer {
        let explanation = Explanation {
            status: 502,
            code: "x",
            cause: None,
            title: text.to_owned(),
            text: text.to_owned(),
            evidence: vec![(text.to_owned(), text.to_owned()); 8],
            fixes: vec![(text.to_owned(), Some(text.to_owned())); 8],
        };
        of(&explanation, text, &vec![text.to_owned(); 100], Taste::Page)
    }

    #[test]
    fn whatever_comes_from_outside_is_text() {
        let page = page("\"><script>alert('x')</script>\u{202e}\0");
        assert!(
            !page.body.contains("<script") && !page.body.contains("'x'") && !page.body.contains('\u{202e}')
        );
        assert!(page.body.contains("&quot;&gt;&lt;script&gt;"));
    }

    #[test]
    fn a_page_is_small() {
        let host = "a".repeat(250);
        assert!(page(&host).body.len() < 20 * 1024, "{}", page(&host).body.len());
    }

    #[test]
    fn a_program_gets_json_and_a_browser_a_page() {
        let browser = b"Mozilla/5.0 (X11) Chrome/156";
        assert_eq!(Taste::of(Some(b"text/html,*/*"), Some(browser)), Taste::Page);
        assert_eq!(Taste::of(Some(b"application/json"), Some(browser)), Taste::Json);
        assert_eq!(Taste::of(Some(b"*/*"), Some(browser)), Taste::Page);
        assert_eq!(Taste::of(Some(b"*/*"), Some(b"curl/8.1")), Taste::Json);
        assert_eq!(Taste::of(None, None), Taste::Json);
    }
}
