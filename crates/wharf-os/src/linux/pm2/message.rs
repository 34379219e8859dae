//! Messages of pm2's socket: a byte with version and number of parts, then each part after its length (AMP, as pm2-axon has
//! it). A part that begins with `j:` is JSON, one with `s:` text; the last names the call that is meant.
//!
//! Not here: what is called.

use std::io::{self, ErrorKind, Read};

use serde_json::Value;

use super::garbled;

/// Writes a message of at most 15 parts.
pub(super) fn encode(parts: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![VERSION << 4 | parts.len() as u8 & 0xf];
    for part in parts {
        message.extend((part.len() as u32).to_be_bytes());
        message.extend(*part);
    }
    message
}

/// Reads one message.
///
/// # Errors
/// `InvalidData` for another version or one that is too long; what reading said.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Vec<Vec<u8>>> {
    let mut first = [0];
    stream.read_exact(&mut first)?;
    if first[0] >> 4 != VERSION {
        return Err(garbled("it is of another version"));
    }
    let mut left = LONGEST;
    let mut parts = Vec::new();
    for _ in 0..first[0] & 0xf {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        left = left.checked_sub(length).ok_or_else(|| garbled("it is longer than 16 MiB"))?;
        // Memory grows with what arrives, not with what was promised.
        let mut part = Vec::new();
        if stream.by_ref().take(length as u64).read_to_end(&mut part)? < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Returns what `parts` answer to the call `id`: its first value, or the words of an error. `None` if they answer another one.
///
/// # Errors
/// `InvalidData` if they are no answer.
pub(super) fn answer_to(id: &str, parts: &[Vec<u8>]) -> io::Result<Option<Result<Value, String>>> {
    let [answer, .., named] = parts else { return Err(garbled("it lacks a part")) };
    if named.strip_prefix(b"s:") != Some(id.as_bytes()) {
        return Ok(None);
    }
    let json = answer.strip_prefix(b"j:").ok_or_else(|| garbled("it is not JSON"))?;
    let mut answer: Value = serde_json::from_slice(json).map_err(|_| garbled("its JSON is broken"))?;
    match answer.get("error") {
        Some(Value::String(words)) => return Ok(Some(Err(plain(words)))),
        Some(other) => return Ok(Some(Err(plain(&other.to_string())))),
        None => {}
    }
    let values = answer.get_mut("args").and_then(Value::as_array_mut);
    let values = values.ok_or_else(|| garbled("it has neither values nor an error"))?;
    Ok(Some(Ok(values.first_mut().map_or(Value::Null, Value::take))))
}

/// Returns words of pm2's on one line, not longer than a person reads.
pub(super) fn plain(words: &str) -> String {
    let letters = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let line: String = letters.take(LONGEST_WORDS).collect();
    line.trim().to_owned()
}

const VERSION: u8 = 1;

/// Most bytes of a message: the list holds each process's environment.
const LONGEST: usize = 16 * 1024 * 1024;

/// Most characters of an error.
const LONGEST_WORDS: usize = 300;
