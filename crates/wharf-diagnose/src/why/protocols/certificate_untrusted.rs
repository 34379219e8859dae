//! A certificate that no trusted authority has signed.

use super::tls_words::{certificate, shown_certificate};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::tls::Trust;

/// The certificate is of no authority that this machine trusts.
pub(super) const CAUSE: Cause = Cause {
    code: "certificate-untrusted",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The certificate is of no authority that this machine trusts",
    symptom: "curl (60) `self-signed certificate` or `unable to get local issuer certificate`, NET::ERR_CERT_AUTHORITY_INVALID, \
              DEPTH_ZERO_SELF_SIGNED_CERT.",
    evidence: "The chain that the server shows ends at no authority of the system's bundle (or of what SSL_CERT_FILE and its like name), and the \
               certificate itself is not in it.",
    fix: "Have this machine trust its authority (`wharf trust`, `mkcert -install`, NODE_EXTRA_CA_CERTS), or show a certificate of one that it \
          trusts, with its intermediates.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((tls, certificate)) = certificate(facts) else { return Opinion::Aside };
    let text = match &certificate.trust {
        Trust::Trusted => return ruled_out(format!("{} trusts its authority", certificate.store)),
        Trust::Unknown => return Opinion::Open("no store of trusted authorities was found".to_owned()),
        Trust::UnknownIssuer if certificate.self_signed => {
            format!(
                "the certificate of {} is signed by itself, and nobody here trusts it",
                certificate.subject
            )
        }
        Trust::UnknownIssuer if certificate.intermediates == 0 => {
            format!(
                "the certificate is signed by {}, which this machine does not trust, and no intermediate was sent with it",
                certificate.issuer
            )
        }
        Trust::UnknownIssuer => {
            format!("the certificate is signed by {}, which this machine does not trust", certificate.issuer)
        }
        Trust::Bad(words) => format!("the chain of the certificate does not hold: {words}"),
    };
    let finding = shown_certificate(Finding::new(text), tls, certificate).saw_not(
        certificate.store.clone(),
        "no such authority",
        certificate.issuer.clone(),
    );
    let lower = certificate.issuer.to_ascii_lowercase();
    let finding = match lower {
        issuer if issuer.starts_with("wharf") => finding.command("trust wharf's authority", "wharf trust"),
        issuer if issuer.starts_with("mkcert") => {
            finding.command("trust mkcert's authority", "mkcert -install")
        }
        _ => finding.command(
            "let one client trust it",
            format!(
                "curl --cacert authority.pem {}",
                facts.target().map(ToString::to_string).unwrap_or_default()
            ),
        ),
    };
    finding
        .advise("or have wharf's router serve it by https://NAME.localhost, with a certificate that `wharf trust` makes good")
        .on_its_own()
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::tls::Trust;
    use crate::testing::{certified, good_certificate};

    #[test]
    fn an_unknown_authority_is_it() {
        let mut certificate = good_certificate();
        certificate.trust = Trust::UnknownIssuer;
        let told = certified(certificate.clone()).judged();
        assert_eq!(told.causes(), ["certificate-untrusted"]);
        certificate.self_signed = true;
        assert!(certified(certificate).judged().diagnosis.summary.contains("signed by itself"));
    }

    #[test]
    fn all_that_is_wrong_with_it_is_told_in_order() {
        let mut certificate = good_certificate();
        certificate.trust = Trust::UnknownIssuer;
        certificate.holds_for_name = false;
        certificate.not_after = certificate.now - 1;
        let told = certified(certificate).judged();
        assert_eq!(
            told.causes(),
            ["certificate-expired", "certificate-name-mismatch", "certificate-untrusted"]
        );
    }

    #[test]
    fn without_a_store_it_cannot_be_told() {
        let mut certificate = good_certificate();
        certificate.trust = Trust::Unknown;
        assert_eq!(certified(certificate).judged().causes(), <[&str; 0]>::default());
    }
}
