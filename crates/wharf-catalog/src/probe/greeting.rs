//! Servers that speak first: SSH, FTP, SMTP, POP3, IMAP, MySQL, NATS, rsync, VNC, Telnet, ZeroMQ.

use super::finding::{Finding, Strength};
use super::http2;

/// Returns what a greeting says; the port decides only between protocols that greet alike.
pub(super) fn read(answer: &[u8], port: u16) -> Option<Finding> {
    if let Some(finding) = mysql(answer).or_else(|| binary(answer)) {
        return Some(finding);
    }
    let line = first_line(answer)?;
    match line {
        _ if line.starts_with("SSH-") => Some(ssh(line)),
        _ if line.starts_with("220") => mail_or_files(answer, port),
        _ if line.starts_with("INFO {") => nats(line),
        _ if line.starts_with("+OK") && port != 6379 => {
            Some(named(line, Finding::protocol("pop3", "POP3", Strength::Family)))
        }
        _ if line.starts_with("* OK") || line.starts_with("* PREAUTH") => {
            Some(named(line, Finding::protocol("imap", "IMAP", Strength::Family)))
        }
        _ if line.starts_with("@RSYNCD:") => Some(Finding::product("rsyncd", "rsync")),
        _ if line.starts_with("RFB 00") => Some(Finding::family("vnc", "rfb")),
        _ => None,
    }
}

/// Returns whether a greeting is whole.
pub(super) fn is_complete(answer: &[u8]) -> bool {
    match answer {
        [b'S' | b'2' | b'I' | b'+' | b'*' | b'@' | b'R', ..] => answer.ends_with(b"\n"),
        // MySQL: three bytes of length, a sequence number that is 0, and protocol 10.
        [a, b, c, 0, 0x0a | 0xff, ..] => {
            answer.len() >= 4 + usize::from(*a) + (usize::from(*b) << 8) + (usize::from(*c) << 16)
                && http2::settings(answer).is_none()
        }
        [0xff, 0xfb..=0xfe, _, ..] => true,
        _ => http2::settings(answer).is_some(),
    }
}

fn ssh(line: &str) -> Finding {
    // RFC 4253, 4.2: SSH-protoversion-softwareversion SP comments.
    let software = line.splitn(3, '-').nth(2).unwrap_or_default();
    if let Some(version) = software.strip_prefix("OpenSSH_") {
        return Finding::product("sshd", "ssh").version(Some(version.split(' ').next().unwrap_or(version)));
    }
    match software.strip_prefix("dropbear_") {
        Some(version) => Finding::product("dropbear", "ssh").version(Some(version)),
        None => Finding::protocol("ssh", "SSH server", Strength::Family).renamed("ssh-server"),
    }
}

/// SMTP and FTP both greet with 220; the words tell, or else the port.
fn mail_or_files(answer: &[u8], port: u16) -> Option<Finding> {
    let text = String::from_utf8_lossy(answer);
    let says = |word: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|said| said.eq_ignore_ascii_case(word))
    };
    let is_mail = says("ESMTP") || says("SMTP") || says("LMTP");
    let is_files = says("FTP") || says("vsFTPd") || says("ProFTPD");
    let plain = match (is_mail, is_files, port) {
        (true, _, _) | (false, false, 25 | 587 | 1025 | 2525) => {
            Finding::protocol("smtp", "SMTP", Strength::Family)
        }
        (false, true, _) | (false, false, 21 | 2121) => Finding::protocol("ftp", "FTP", Strength::Family),
        _ => return None,
    };
    Some(named(&text, plain))
}

/// Names the server where its greeting has its name as a word of its own, with the number that follows.
fn named(text: &str, plain: Finding) -> Finding {
    let words: Vec<&str> = text.split([' ', '(', ')', '\r', '\n', '[', ']', '<', '>']).collect();
    let found = GREETERS.iter().find_map(|(word, id)| {
        let at = words.iter().position(|said| said == word)?;
        Some((*id, words.get(at + 1).copied()))
    });
    match found {
        Some((id, version)) => Finding::product(id, plain.protocol).version(version),
        None => plain,
    }
}

fn nats(line: &str) -> Option<Finding> {
    let info: serde_json::Value = serde_json::from_str(line.strip_prefix("INFO ")?.trim()).ok()?;
    let version = info.get("version")?.as_str();
    Some(Finding::product("nats", "nats").version(version))
}

fn mysql(answer: &[u8]) -> Option<Finding> {
    let (header, payload) = answer.split_at_checked(4)?;
    let length = usize::from(header[0]) + (usize::from(header[1]) << 8) + (usize::from(header[2]) << 16);
    if header[3] != 0 || payload.len() < length {
        return None;
    }
    let payload = &payload[..length];
    let (text, greets) = match payload {
        [0x0a, rest @ ..] => (rest.split(|&byte| byte == 0).next()?, true),
        // An error instead of a greeting: too many connections, or this host may not connect.
        [0xff, _, _, rest @ ..] if length > 9 => (rest, false),
        _ => return None,
    };
    let text = std::str::from_utf8(text).ok()?;
    let id = if text.contains("MariaDB") { "mariadb" } else { "mysql" };
    match greets {
        true => {
            // MariaDB before 11 puts 5.5.5- before its version, for clients that expect MySQL's numbers.
            let version = text.strip_prefix("5.5.5-").filter(|_| id == "mariadb").unwrap_or(text);
            // `10.11.19-MariaDB-0+deb12u1`: what follows the name is the packager's.
            let version = version.split("-MariaDB").next().unwrap_or(version);
            let finding =
                if id == "mariadb" { Finding::product(id, "mysql") } else { Finding::family(id, "mysql") };
            Some(finding.version(Some(version))).filter(|finding| finding.version.is_some())
        }
        false => (text.contains("MySQL") || text.contains("MariaDB") || text.contains("onnection"))
            .then(|| Finding::family(id, "mysql")),
    }
}

fn binary(answer: &[u8]) -> Option<Finding> {
    match answer {
        // Telnet: IAC, then WILL, WONT, DO or DONT (RFC 854).
        [0xff, 0xfb..=0xfe, _, ..] => Some(Finding::protocol("telnet", "Telnet", Strength::Family)),
        // ZeroMQ: the signature of ZMTP's greeting.
        [0xff, _, _, _, _, _, _, _, _, 0x7f, ..] => {
            Some(Finding::protocol("zmtp", "ZeroMQ", Strength::Family))
        }
        _ => None,
    }
}

fn first_line(answer: &[u8]) -> Option<&str> {
    let line = answer.split(|&byte| byte == b'\n').next()?;
    // A greeting may have a Latin-1 host name in it; its first words are ASCII.
    let ascii = line.iter().position(|byte| !byte.is_ascii()).unwrap_or(line.len());
    std::str::from_utf8(&line[..ascii]).ok().map(str::trim_end)
}

const GREETERS: &[(&str, &str)] = &[
    ("Postfix", "postfix"),
    ("Exim", "exim"),
    ("Sendmail", "sendmail"),
    ("OpenSMTPD", "opensmtpd"),
    ("MailHog", "mailhog"),
    ("Mailpit", "mailpit"),
    ("Inbucket", "inbucket"),
    ("Dovecot", "dovecot"),
    ("vsFTPd", "vsftpd"),
    ("ProFTPD", "proftpd"),
    ("Pure-FTPd", "pure-ftpd"),
];
