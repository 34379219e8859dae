//! A certificate whose time is over.

use super::tls_words::days;
use super::tls_words::{certificate, shown_certificate};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The certificate has expired.
pub(super) const CAUSE: Cause = Cause {
    code: "certificate-expired",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The certificate has expired",
    symptom: "curl (60) `certificate has expired`, NET::ERR_CERT_DATE_INVALID, CERT_HAS_EXPIRED.",
    evidence: "The end of the validity (notAfter) in the certificate that the server shows is past, by this machine's clock.",
    fix: "Renew the certificate (mkcert, certbot renew, wharf), and have the server read it.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((tls, certificate)) = certificate(facts) else { return Opinion::Aside };
    if !certificate.has_expired() {
        return ruled_out(format!("it is valid for {}", days(certificate.not_after - certificate.now)));
    }
    let ago = days(certificate.now - certificate.not_after);
    let finding = Finding::new(format!("the certificate of {} has expired, {ago} ago", certificate.subject));
    shown_certificate(finding, tls, certificate)
        .advise("renew it, and have the server read the new one")
        .on_its_own()
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{certified, good_certificate};

    #[test]
    fn a_certificate_whose_time_is_over_is_it() {
        let mut certificate = good_certificate();
        certificate.not_after = certificate.now - 3 * 86_400;
        let told = certified(certificate).judged();
        assert_eq!(told.causes(), ["certificate-expired"]);
        assert!(told.diagnosis.summary.ends_with("3 days ago"));
    }

    #[test]
    fn one_that_is_valid_rules_it_out() {
        let told = certified(good_certificate()).judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("certificate-expired"));
    }
}
