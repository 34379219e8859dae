//! A browser's proxy settings, which no other program sees.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A browser has a proxy of its own.
pub(super) const CAUSE: Cause = Cause {
    code: "browser-proxy",
    group: Group::Protocols,
    layer: Layer::Proxy,
    title: "A browser has a proxy of its own",
    symptom: "A page works with curl, and the browser shows an error page of a proxy or ERR_PROXY_CONNECTION_FAILED.",
    evidence: "Not visible from outside: browsers take the desktop's settings (gsettings, KDE), a PAC file, a policy or an extension. wharf \
               names the variable, where one is set that Chromium reads too.",
    fix: "Look at chrome://net-internals/#proxy or Firefox's connection settings, and exempt localhost and 127.0.0.1.",
    proof: Proof::Documented(
        "Chromium, net/docs/proxy.md: implicit bypass rules; chrome --help (auto_proxy)",
    ),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target().filter(|target| target.scheme.is_some_and(|it| it.is_http())) else {
        return Opinion::Aside;
    };
    let pac = ["auto_proxy", "AUTO_PROXY"].iter().find_map(|name| facts.client.environment.get(*name));
    match pac {
        Some(url) if !facts.is_loopback() => {
            Opinion::Odd(format!("Chromium takes a proxy for {} by the script {url}", target.authority()))
        }
        _ => ruled_out("browsers exempt loopback from proxies unless told otherwise"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn loopback_is_exempt() {
        assert!(asked("http://127.0.0.1:3000").refused().judged().is_ruled_out("browser-proxy"));
        let told = asked("http://10.0.0.7:3000")
            .with(|facts| {
                facts.client.environment.insert("auto_proxy".to_owned(), "http://wpad/".to_owned());
            })
            .judged();
        assert!(told.remarks().contains(&"browser-proxy"));
    }
}
