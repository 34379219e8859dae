//! The server has only versions of TLS that are out of use.

use super::tls_words::handshake;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::tls::{Older, TlsEnd, version_name};

/// The server speaks no TLS that clients still take.
pub(super) const CAUSE: Cause = Cause {
    code: "tls-version-too-old",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The server speaks no TLS that clients still take",
    symptom: "curl (35) `tlsv1 alert protocol version`, ERR_SSL_VERSION_OR_CIPHER_MISMATCH, ERR_SSL_UNSUPPORTED_PROTOCOL.",
    evidence: "The server refuses a hello for TLS 1.2 and 1.3 with the alert protocol_version; to an older hello it answers with TLS 1.1 or 1.0, or \
               refuses that too.",
    fix: "Let the server speak TLS 1.2 or newer.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(tls) = handshake(facts) else { return Opinion::Aside };
    let TlsEnd::Alert(number, name) = &tls.end else {
        return ruled_out(format!("it speaks {}", tls.version.as_deref().unwrap_or("TLS")));
    };
    let found = match tls.older {
        Some(Older::Chose { version, .. }) if version < 0x0303 => Some(version_name(version)),
        _ if *number == PROTOCOL_VERSION => None,
        _ => return Opinion::Aside,
    };
    let text = match found {
        Some(version) => format!("the server speaks {version} at most, which clients no longer take"),
        None => "the server refuses TLS 1.2 and 1.3: it has no version that clients take".to_owned(),
    };
    let finding = Finding::new(text).saw("answer to a hello for TLS 1.2 and 1.3", format!("alert {name}"));
    let finding = match found {
        Some(version) => finding.saw_not("answer to an older hello", version, "TLS 1.2 or 1.3"),
        None => finding,
    };
    finding.advise("let the server speak TLS 1.2 or newer (ssl_protocols, MinProtocol, minVersion)").into()
}

const PROTOCOL_VERSION: u8 = 70;

#[cfg(test)]
mod tests {
    use crate::facts::talk::tls::{Older, TlsEnd, TlsSeen};
    use crate::testing::{Told, asked};

    fn refused(alert: u8, older: Older) -> Told {
        let end = TlsEnd::Alert(alert, "protocol_version".to_owned());
        asked("https://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.tls = Some(TlsSeen { end, older: Some(older), ..TlsSeen::default() }))
            .judged()
    }

    #[test]
    fn an_old_version_alone_is_it() {
        let told = refused(70, Older::Chose { version: 0x0302, suite: 0x002f });
        assert_eq!(told.causes(), ["tls-version-too-old"]);
        assert!(told.diagnosis.summary.contains("TLS 1.1 at most"));
        assert_eq!(refused(70, Older::Nothing).causes(), ["tls-version-too-old"]);
    }

    #[test]
    fn no_cipher_in_common_is_not() {
        let told = refused(40, Older::Alert(40, "handshake_failure".to_owned()));
        assert_eq!(told.causes(), ["tls-handshake-fails"]);
    }
}
