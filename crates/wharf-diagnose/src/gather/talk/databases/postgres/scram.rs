//! SCRAM-SHA-256 as PostgreSQL has it, RFC 5802 and RFC 7677, without channel binding.
//!
//! Not here: SASLprep. Passwords are used as they are, which is the same for all of printable ASCII, and what libpq does
//! with those that cannot be prepared.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::pbkdf2::{PBKDF2_HMAC_SHA256, derive};

/// One login in the making.
pub(super) struct Scram {
    nonce: String,
    first: String,
}

impl Scram {
    /// Begins one with a random nonce.
    pub(super) fn new(random: [u8; 18]) -> Self {
        let nonce = STANDARD.encode(random);
        // PostgreSQL takes the user from its own start-up message, and wants none here.
        let first = format!("n=,r={nonce}");
        Self { nonce, first }
    }

    /// Returns the client's first message.
    pub(super) fn first(&self) -> Vec<u8> {
        format!("n,,{}", self.first).into_bytes()
    }

    /// Returns the client's last message in answer to the server's first; `None` if that makes no sense, or asks for more
    /// rounds than are done for a stranger.
    pub(super) fn last(&self, password: &str, server: &[u8]) -> Option<Vec<u8>> {
        let server = std::str::from_utf8(server).ok()?;
        let field = |name: &str| server.split(',').find_map(|field| field.strip_prefix(name));
        let nonce = field("r=").filter(|nonce| nonce.starts_with(&self.nonce))?;
        let salt = STANDARD.decode(field("s=")?).ok()?;
        let rounds: NonZeroU32 =
            field("i=")?.parse().ok().filter(|rounds: &NonZeroU32| rounds.get() <= ROUNDS)?;
        let mut salted = [0; 32];
        derive(PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
        let client_key = sign(&salted, b"Client Key");
        let stored_key = digest(&SHA256, client_key.as_ref());
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server},{without_proof}", self.first);
        let signature = sign(stored_key.as_ref(), signed.as_bytes());
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
        Some(format!("{without_proof},p={}", STANDARD.encode(&proof)).into_bytes())
    }
}

fn sign(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

/// PostgreSQL's own is 4096; this many take a tenth of a second.
const ROUNDS: u32 = 200_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Scram;

    /// The exchange of RFC 7677 section 3; its user name is sent, which PostgreSQL's is not.
    #[test]
    fn the_example_of_the_rfc() {
        let nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        let scram = Scram { first: format!("n=user,r={nonce}"), nonce };
        let server =
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = scram.last("pencil", server).unwrap();
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(String::from_utf8(last).unwrap(), expected);
    }

    #[test]
    fn what_makes_no_sense_is_not_answered() {
        let scram = Scram::new([7; 18]);
        let own = scram.nonce.clone();
        for bad in [
            String::new(),
            "r=other,s=AAAA,i=4096".to_owned(),
            format!("r={own}x,s=AAAA,i=4000000000"),
            format!("r={own}x,s=AAAA,i=0"),
            format!("r={own}x,s=*,i=1"),
        ] {
            assert_eq!(scram.last("x", bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Scram::new([1; 18]).last("x", &bytes);
        }
    }
}
