//! A certificate whose time has not begun.

use super::tls_words::days;
use super::tls_words::{certificate, shown_certificate};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The certificate is not valid yet.
pub(super) const CAUSE: Cause = Cause {
    code: "certificate-not-yet-valid",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The certificate is not valid yet",
    symptom: "curl (60) `certificate is not yet valid`, NET::ERR_CERT_DATE_INVALID, CERT_NOT_YET_VALID.",
    evidence: "The begin of the validity (notBefore) in the certificate that the server shows is to come, by this machine's clock.",
    fix: "See whether this machine's clock is right; else wait, or have a certificate made whose time has begun.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((tls, certificate)) = certificate(facts) else { return Opinion::Aside };
    if !certificate.is_not_yet_valid() {
        return ruled_out("its time has begun");
    }
    let to_come = days(certificate.not_before - certificate.now);
    let finding = Finding::new(format!(
        "the certificate of {} is not valid yet: its time begins in {to_come}",
        certificate.subject
    ));
    shown_certificate(finding, tls, certificate)
        .command("see whether the clock is right", "timedatectl")
        .advise("or have a certificate made whose time has begun")
        .on_its_own()
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{certified, good_certificate};

    #[test]
    fn a_certificate_whose_time_is_to_come_is_it() {
        let mut certificate = good_certificate();
        certificate.not_before = certificate.now + 3600;
        let told = certified(certificate).judged();
        assert_eq!(told.causes(), ["certificate-not-yet-valid"]);
        assert!(told.diagnosis.summary.ends_with("begins in 1 hour"));
    }

    #[test]
    fn one_that_is_valid_rules_it_out() {
        assert!(certified(good_certificate()).judged().is_ruled_out("certificate-not-yet-valid"));
    }
}
