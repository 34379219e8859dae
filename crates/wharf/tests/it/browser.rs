//! Headless Chromium against the router: what it trusts, what it shows where nothing answers, and what goes on for long.
//!
//! `browser/drive.mjs` drives it, by Playwright. It is never told to overlook a certificate. Not here: clients that are
//! not browsers ([`crate::clients_of_router`]), and what is trusted where ([`crate::trust`]).

use serde_json::Value;
use wharf_model::route::RequestEntry;
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::scenario::Scenario;
use wharf_testkit::{sandbox, skip};

use crate::outside;
use crate::routed::{Shop, Who};
use crate::running::{program, written};
use crate::support::{runs, says, until};
use crate::trust::with_store;

/// What all of these need.
///
/// # Errors
/// What is missing.
fn has_browser(sandbox: &Sandbox) -> Result<(), String> {
    for name in ["chromium", "node", "certutil"] {
        if program(name).is_none_or(|path| path.starts_with("/root")) {
            return Err(format!("{name} is not installed where every user may run it"));
        }
    }
    outside::node(sandbox, "playwright-core")?;
    with_store(sandbox);
    Ok(())
}

/// A sandbox with a browser and a project.
macro_rules! sandbox_with_browser {
    () => {{
        let sandbox = sandbox!();
        if let Err(why) = has_browser(&sandbox) {
            skip!("{why}");
        }
        sandbox
    }};
}

/// Starts a browser, with a profile of its own.
fn browse<'a>(shop: &Shop<'a>) -> Scenario<'a> {
    let script = written(shop.sandbox, "drive.mjs", include_str!("browser/drive.mjs"));
    let profile = shop.sandbox.folder().join("scratch/profile").display().to_string();
    shop.own(shop.sandbox.program(&["node", &script, "/usr/bin/chromium", &profile])).scene()
}

/// Opens `url` in a browser that is started for it.
fn visit(shop: &Shop<'_>, url: &str) -> Value {
    let mut browser = browse(shop);
    let told = browser.tell(&format!("open {url}")).clone();
    browser.end();
    told
}

#[track_caller]
fn is_trusted(told: &Value) {
    assert_eq!((&told["status"], &told["security"]), (&200.into(), &"secure".into()), "{told:#}");
}

/// Opens a project in which `wharf trust` has been done.
fn trusted_shop(sandbox: &Sandbox) -> Shop<'_> {
    let shop = Shop::of_anybody(sandbox);
    let _ = shop.wharf(&["trust"]).output();
    shop
}

fn trusts_it_after_trust_and_not_after_untrust(who: Who) {
    let sandbox = sandbox_with_browser!();
    let shop = match Shop::open(&sandbox, who) {
        Ok(shop) => shop,
        Err(why) => skip!("{why}"),
    };
    shop.write("index.html", "<title>It is here</title>");
    let short = shop.serve("web", &["python3", "-m", "http.server", "3000"]);
    let port = if who == Who::Root { "" } else { ":8443" };
    assert_eq!(short, format!("https://shop.localhost{port}"));
    let url = format!("https://web.shop.localhost{port}/");
    let _ = shop.wharf(&["url", "web", "--wait", "20s"]).output().expect_code(0);
    let unknown = "net::ERR_CERT_AUTHORITY_INVALID";
    says(&visit(&shop, &url).to_string(), &[unknown]);
    let text = shop.wharf(&["trust"]).output().text();
    says(&text, &["Chromium"]);
    for url in [&url, &short] {
        let told = visit(&shop, url);
        is_trusted(&told);
        assert_eq!(told["title"], "It is here");
    }
    let _ = shop.wharf(&["untrust"]).output();
    says(&visit(&shop, &url).to_string(), &[unknown]);
}

#[test]
fn an_ordinary_users_trusts_it_after_trust_and_not_after_untrust() {
    trusts_it_after_trust_and_not_after_untrust(Who::Somebody);
}

#[test]
fn roots_trusts_it_after_trust_and_not_after_untrust() {
    trusts_it_after_trust_and_not_after_untrust(Who::Root);
}

#[test]
fn a_page_says_what_is_wrong_where_nothing_answers() {
    let sandbox = sandbox_with_browser!();
    let shop = trusted_shop(&sandbox);
    for name in ["web", "api"] {
        let _ = shop.serve(name, &["python3", "-m", "http.server"]);
        let _ = shop.wharf(&["url", name, "--wait", "20s"]).output().expect_code(0);
    }
    let _ = shop.wharf(&["stop", "api"]).output().expect_code(0);
    let url = shop.wharf(&["url", "api"]).output().expect_code(0).text().trim().to_owned();
    let mut browser = browse(&shop);
    // Nobody vouches for a name that is no route; without TLS it is said which ones there are.
    let nowhere = url.replace("api.", "nowhere.");
    let told = browser.tell(&format!("open {nowhere}")).to_string();
    assert!(told.contains("net::ERR_SSL_") || told.contains("net::ERR_CONNECTION_CLOSED"), "{told}");
    let told = browser.tell(&format!("open {}", nowhere.replace("https:", "http:"))).clone();
    assert_eq!(told["status"], 404, "{told:#}");
    says(&told["text"].to_string(), &["no such name", "nowhere.shop.localhost", "wharf route ls"]);
    picture(&shop, &mut browser, "unknown");
    let link = url.replace("api.", "web.");
    let script = format!("document.querySelector('a[href=\"{link}\"]').click()");
    let _ = browser.tell(&format!("run {script}"));
    let _ = browser.tell("until document.title.startsWith('Directory listing')");
    let told = browser.tell(&format!("open {url}")).clone();
    assert_eq!((&told["status"], &told["security"]), (&502.into(), &"secure".into()), "{told:#}");
    says(&told["text"].to_string(), &["nothing listens", "api.shop.localhost", "wharf run --name api"]);
    picture(&shop, &mut browser, "unreachable");
    browser.end();
}

/// Takes the page that is open in light and dark, wide and narrow, into the folder `WHARF_PICTURES` if that is set.
fn picture(shop: &Shop<'_>, browser: &mut Scenario<'_>, name: &str) {
    for (scheme, width) in [("light", 1000), ("dark", 1000), ("light", 360)] {
        // Nothing has to be scrolled sideways, and the two do not look the same.
        let file = shop.sandbox.folder().join(format!("scratch/{name}-{scheme}-{width}.png"));
        let _ = browser.tell(&format!("shot {scheme} {width} {}", file.display()));
        let script =
            "run [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]";
        let told = browser.tell(script)["value"].clone();
        assert!(told[0].as_u64().is_some_and(|seen| seen <= width), "{name} {scheme}: {told}");
        let channel =
            told[1].as_str().and_then(|colour| colour.split(['(', ',']).nth(1)?.parse::<u32>().ok());
        assert_eq!(channel.expect("a colour") < 128, scheme == "dark", "{told}");
        if let Some(folder) = std::env::var_os("WHARF_PICTURES") {
            let to = std::path::Path::new(&folder).join(file.file_name().expect("it has one"));
            std::fs::copy(&file, to).expect("the folder is there");
        }
    }
}

/// Starts `browser/pages.py` in a folder of the project, and returns its URL once it answers.
fn pages(shop: &Shop<'_>, folder: &str) -> String {
    let script = written(shop.sandbox, "pages.py", include_str!("browser/pages.py"));
    let _ = shop.wharf_in(folder, &["port", "web"]).output().expect_code(0);
    let url = shop.serve_in(folder, "api", &["python3", &script]);
    let _ = shop.wharf_in(folder, &["url", "api", "--wait", "20s"]).output().expect_code(0);
    url
}

#[test]
fn events_arrive_one_by_one() {
    let sandbox = sandbox_with_browser!();
    let shop = trusted_shop(&sandbox);
    let url = pages(&shop, "shop");
    let mut browser = browse(&shop);
    let told = browser.tell(&format!("open {url}")).clone();
    is_trusted(&told);
    assert_eq!(told["protocol"], "h2");
    let _ = browser.tell("until seen.length === 1");
    for (count, data) in [(2, "second"), (3, "third")] {
        // The server waits for this before it sends the next: who holds one back never gets here.
        let _ = browser.tell(&format!("run fetch('/next?{data}').then((answer) => answer.status)"));
        let _ = browser.tell(&format!("until seen.length === {count} && seen.at(-1) === '{data}'"));
    }
    browser.end();
}

#[test]
fn cookies_of_one_work_tree_are_not_sent_to_another() {
    let sandbox = sandbox_with_browser!();
    let shop = trusted_shop(&sandbox);
    let (main, cart) = (pages(&shop, "shop"), pages(&shop, "shop-cart"));
    assert!(cart.starts_with("https://api.feat-cart.shop.localhost"), "{cart}");
    let mut browser = browse(&shop);
    let mut open = |url: &str| {
        let told = browser.tell(&format!("open {url}")).clone();
        is_trusted(&told);
        told["text"].as_str().expect("a text").to_owned()
    };
    for (attributes, own, other) in [
        ("", "sent", "kept"),
        ("; Path=/; Secure; HttpOnly", "sent", "kept"),
        // One for all of this machine is for nobody: no name has fewer than two parts in it.
        ("; Domain=localhost", "kept", "kept"),
        // A work tree's names lie below those of its project: who asks for that, has it.
        ("; Domain=shop.localhost", "sent", "sent"),
        ("; Domain=api.shop.localhost", "sent", "kept"),
    ] {
        open(&format!("{main}/set?which=main{attributes}").replace(' ', "%20"));
        for (url, expected) in [(&main, own), (&cart, other)] {
            let expected = if expected == "sent" { "which=main" } else { "none" };
            assert_eq!(open(&format!("{url}/cookies")), expected, "{attributes:?} at {url}");
        }
        open(&format!("{main}/set?which=main{attributes};%20Max-Age=0").replace(' ', "%20"));
        open(&format!("{cart}/set?which=cart").replace(' ', "%20"));
        assert_eq!(open(&format!("{main}/cookies")), "none", "{attributes:?}");
        open(&format!("{cart}/set?which=cart;%20Max-Age=0"));
    }
    browser.end();
}

#[test]
fn vite_changes_a_page_without_a_reload() {
    let sandbox = sandbox_with_browser!();
    if let Err(why) = outside::node(&sandbox, "vite") {
        skip!("{why}");
    }
    let shop = trusted_shop(&sandbox);
    let part = |text: &str| format!("export const text = '{text}';\n");
    shop.write("web/package.json", r#"{ "name": "web", "type": "module", "scripts": { "dev": "vite" } }"#);
    shop.write("web/index.html", "<h1></h1><script type=module src=/main.js></script>");
    shop.write(
        "web/main.js",
        "import { text } from './part.js';\nconst show = (text) => { document.querySelector('h1').textContent = text; };\n\
         show(text);\nimport.meta.hot.accept('./part.js', (part) => show(part.text));\n",
    );
    shop.write("web/part.js", &part("before"));
    let _ = shop.wharf(&["port", "api"]).output().expect_code(0);
    let path = "PATH=/usr/local/bin:/usr/bin:/bin";
    let words = ["run", "--detach", "--json", "--", "env", path, "npm", "run", "dev"];
    let begun = runs(shop.wharf_in("shop/web", &words));
    let url = begun[0].named_url.clone().expect("there is a router");
    assert!(url.starts_with("https://web.shop.localhost"), "{url}");
    let mut browser = browse(&shop);
    is_trusted(browser.tell(&format!("open {url}")));
    let _ = browser.tell("until document.querySelector('h1').textContent === 'before'");
    let _ = browser.tell("run window.mark = 'the same page'");
    let socket = browser.tell("heard connected")["url"].as_str().expect("a text").to_owned();
    assert!(socket.starts_with(&url.replace("https:", "wss:")), "{socket} does not pass the router");
    shop.write("web/part.js", &part("after"));
    let _ = browser.tell("until document.querySelector('h1').textContent === 'after'");
    assert_eq!(browser.tell("run window.mark")["value"], "the same page");
    browser.end();
    // It is written down when it is over; over HTTP/2 it is a CONNECT, RFC 8441.
    until("its WebSocket is in the log", || {
        let log = shop.wharf(&["route", "log", "web.shop", "--json"]).output().expect_code(0).text();
        let entries = log.lines().filter_map(|line| serde_json::from_str::<RequestEntry>(line).ok());
        entries
            .filter(|entry| entry.url.contains("token="))
            .any(|entry| (entry.method.as_str(), entry.status) == ("CONNECT", Some(101)) && entry.bytes > 0)
    });
}
