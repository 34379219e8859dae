//! A certificate that is not for the host that was asked for.

use super::tls_words::{certificate, shown_certificate};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The certificate holds for other names.
pub(super) const CAUSE: Cause = Cause {
    code: "certificate-name-mismatch",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The certificate holds for other names",
    symptom: "curl (60) `no alternative certificate subject name matches`, NET::ERR_CERT_COMMON_NAME_INVALID, ERR_TLS_CERT_ALTNAME_INVALID.",
    evidence: "None of the names and addresses (subjectAltName) in the certificate is the host of the URL; all are listed.",
    fix: "Ask by a name that the certificate has, or have one made for this name.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((tls, certificate)) = certificate(facts) else { return Opinion::Aside };
    if certificate.holds_for_name {
        if certificate.names.is_empty() {
            return Opinion::Odd(format!(
                "the certificate has {} as its common name alone, which browsers and Go do not take",
                tls.asked
            ));
        }
        return ruled_out(format!("it holds for {}", tls.asked));
    }
    let finding = Finding::new(format!(
        "the certificate holds for {}, not for {}",
        certificate.names_text(),
        tls.asked
    ));
    let finding = shown_certificate(finding, tls, certificate);
    let port = facts.target().and_then(crate::target::Target::port).unwrap_or_default();
    let finding = match certificate.names.iter().find(|name| is_here(name)) {
        Some(name) => {
            let host = if name.contains(':') { format!("[{name}]") } else { name.clone() };
            finding.safe_command("ask by a name that it has", format!("wharf why https://{host}:{port}"))
        }
        None => finding,
    };
    finding.command("have one made for this name", format!("mkcert {}", tls.asked)).on_its_own().into()
}

/// Returns whether a name of a certificate means this machine.
fn is_here(name: &str) -> bool {
    let is_plain = !name.starts_with('*');
    is_plain && (crate::facts::names::is_localhost(name) || matches!(name, "127.0.0.1" | "::1"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{certified, good_certificate};

    #[test]
    fn a_certificate_for_other_names_is_it() {
        let mut certificate = good_certificate();
        certificate.names = vec!["shop.test".to_owned(), "127.0.0.1".to_owned()];
        certificate.holds_for_name = false;
        let told = certified(certificate).judged();
        assert_eq!(told.causes(), ["certificate-name-mismatch"]);
        assert_eq!(
            told.diagnosis.summary,
            "the certificate holds for shop.test, 127.0.0.1, not for localhost"
        );
        assert_eq!(
            told.diagnosis.causes[0].fixes[0].command.as_deref(),
            Some("wharf why https://127.0.0.1:3000")
        );
    }

    #[test]
    fn a_common_name_alone_is_odd() {
        let mut certificate = good_certificate();
        certificate.names.clear();
        let told = certified(certificate).judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["certificate-name-mismatch"]));
    }
}
