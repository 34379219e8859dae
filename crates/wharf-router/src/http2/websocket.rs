//! A WebSocket that begins in HTTP/2 (RFC 8441) and goes on to a server of HTTP/1.1 (RFC 6455 section 4): the key that one
//! version has and the other has not.
//!
//! Not here: its frames, which are the same in both and pass as they are.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// What the server is to prove that it speaks WebSocket with.
#[derive(Clone, Debug)]
pub(crate) struct Key(String);

impl Key {
    /// Returns a new one; `None` if the kernel gives no random numbers.
    pub(crate) fn new() -> Option<Self> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(BASE64_STANDARD.encode(bytes)))
    }

    /// Returns it as the field `Sec-WebSocket-Key` has it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Looks at the proof that the server has sent, and takes it away: in HTTP/2 there is none.
    pub(crate) fn check(&self, fields: &mut HeaderMap) -> Result<(), &'static str> {
        let accept = fields.remove("sec-websocket-accept");
        if accept.is_some_and(|accept| accept.as_bytes() == self.proof().as_bytes()) {
            Ok(())
        } else {
            Err("it agrees to a WebSocket without the proof that it knows what that is")
        }
    }

    fn proof(&self) -> String {
        let text = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", self.0);
        BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::Key;

    #[test]
    fn a_server_proves_that_it_knows_what_a_websocket_is() {
        // The example of RFC 6455 section 1.3.
        let key = Key("dGhlIHNhbXBsZSBub25jZQ==".to_owned());
        let mut fields = HeaderMap::new();
        fields.insert("sec-websocket-accept", HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(key.check(&mut fields), Ok(()));
        assert!(fields.is_empty());
        assert!(key.check(&mut fields).is_err());
        assert_eq!(Key::new().unwrap().text().len(), 24);
    }
}
