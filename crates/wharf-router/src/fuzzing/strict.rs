//! A reader of HTTP/1.1 that takes what every other reader takes alike, and nothing else; RFC 9112, as plainly as it can be
//! written. It shares no code with the router.
//!
//! Not here: speed.

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Of a request.
    pub(super) method: String,
    /// Of a request.
    pub(super) target: String,
    /// Of a response.
    pub(super) status: u16,
    fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether it ends with the connection.
    pub(super) is_until_end: bool,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// More must come.
    Short,
    /// This can never be one.
    Bad(&'static str),
}

type Read<'a> = Result<(Message, &'a [u8]), Why>;

impl Message {
    /// Returns the values of all fields of a name, an underscore in which is a hyphen.
    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        let is_it = |known: &str| known.to_ascii_lowercase().replace('_', "-") == name;
        self.fields.iter().filter(|(known, _)| is_it(known)).map(|(_, value)| value.as_str()).collect()
    }
}

/// Reads a request, and returns what follows it.
pub(super) fn request(bytes: &[u8]) -> Read<'_> {
    let (first, rest) = line(bytes)?;
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words.as_slice() else { return Err(Why::Bad("its first line")) };
    if method.is_empty() || !method.bytes().all(is_token) {
        return Err(Why::Bad("its method"));
    }
    if !(target.starts_with('/') || *target == "*" && *method == "OPTIONS") {
        return Err(Why::Bad("its target"));
    }
    let mut message = Message {
        method: (*method).to_owned(),
        target: (*target).to_owned(),
        status: 0,
        fields: Vec::new(),
        body: Vec::new(),
        is_until_end: false,
    };
    let rest = fields(rest, &mut message.fields)?;
    if message.values("host").len() != 1 {
        return Err(Why::Bad(HOST));
    }
    body(message, rest, false)
}

/// Reads a response to a GET, and returns what follows it.
pub(super) fn response(bytes: &[u8]) -> Read<'_> {
    let (first, rest) = line(bytes)?;
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status: u16 = status.ok_or(Why::Bad("its first line"))?;
    if !first.get(12..).is_some_and(|rest| rest.starts_with(' ')) || !(100..1000).contains(&status) {
        return Err(Why::Bad("its status"));
    }
    let mut message = Message {
        method: String::new(),
        target: String::new(),
        status,
        fields: Vec::new(),
        body: Vec::new(),
        is_until_end: false,
    };
    let rest = fields(rest, &mut message.fields)?;
    if status < 200 || status == 204 || status == 304 {
        return Ok((message, rest));
    }
    body(message, rest, true)
}

/// Reads a body, which without a word is none in a request, and all that comes in a response.
fn body(mut message: Message, rest: &[u8], is_response: bool) -> Read<'_> {
    let is_odd = |name: &String| {
        let name = name.to_ascii_lowercase();
        name.contains('_')
            && matches!(name.replace('_', "-").as_str(), "content-length" | "transfer-encoding")
    };
    if message.fields.iter().any(|(name, _)| is_odd(name)) {
        return Err(Why::Bad(ODD));
    }
    match (message.values("content-length").as_slice(), message.values("transfer-encoding").as_slice()) {
        ([], []) if is_response => {
            (message.body, message.is_until_end) = (rest.to_vec(), true);
            Ok((message, &[]))
        }
        ([], []) => Ok((message, rest)),
        ([length], []) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
            let length: usize = length.parse().map_err(|_| Why::Short)?;
            message.body = rest.get(..length).ok_or(Why::Short)?.to_vec();
            Ok((message, &rest[length..]))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => {
            let (data, count) = chunked(rest)?;
            message.body = data;
            Ok((message, &rest[count..]))
        }
        _ => Err(Why::Bad(FRAMING)),
    }
}

/// Reads a body in chunks, and returns its data and how many bytes it took.
pub(super) fn chunked(bytes: &[u8]) -> Result<(Vec<u8>, usize), Why> {
    let (mut data, mut rest) = (Vec::new(), bytes);
    loop {
        let (first, more) = line(rest)?;
        let size = first.split(';').next().unwrap_or_default();
        if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Why::Bad("the size of a chunk"));
        }
        let size = usize::from_str_radix(size, 16).map_err(|_| Why::Bad("a chunk too large"))?;
        if size == 0 {
            let rest = fields(more, &mut Vec::new())?;
            return Ok((data, bytes.len() - rest.len()));
        }
        let some = more.get(..size).ok_or(Why::Short)?;
        data.extend_from_slice(some);
        rest = &more[size..];
        match rest {
            [b'\r', b'\n', ..] => rest = &rest[2..],
            [] | [b'\r'] => return Err(Why::Short),
            _ => return Err(Why::Bad("the end of a chunk")),
        }
    }
}

/// Reads fields up to the empty line, and returns what follows.
fn fields<'a>(mut bytes: &'a [u8], into: &mut Vec<(String, String)>) -> Result<&'a [u8], Why> {
    loop {
        let (text, rest) = line(bytes)?;
        if text.is_empty() {
            return Ok(rest);
        }
        let (name, value) = text.split_once(':').ok_or(Why::Bad("a line without a colon"))?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Why::Bad("the name of a field"));
        }
        into.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        bytes = rest;
    }
}

/// Reads a line that ends with CR LF, and has no other control character than a tab. Its bytes are taken for Latin-1.
fn line(bytes: &[u8]) -> Result<(String, &[u8]), Why> {
    let end = bytes.iter().position(|byte| *byte < 32 && *byte != b'\t' || *byte == 127).ok_or(Why::Short)?;
    let text = bytes[..end].iter().map(|byte| *byte as char).collect();
    match &bytes[end..] {
        [b'\r', b'\n', rest @ ..] => Ok((text, rest)),
        [b'\r'] => Err(Why::Short),
        _ => Err(Why::Bad(CONTROL)),
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What is wrong with lengths and codings.
pub(super) const FRAMING: &str = "its framing";
/// The same with fields that may be taken for these.
pub(super) const ODD: &str = "a field of framing with another name";
/// The same with lines.
pub(super) const CONTROL: &str = "a control character";
/// The same with Host.
pub(super) const HOST: &str = "its host";
