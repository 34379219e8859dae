//! Protocols of text lines: Redis, memcached, beanstalkd, RTSP.

use super::finding::{Finding, Strength};

pub(super) fn is_complete(answer: &[u8]) -> bool {
    answer.ends_with(b"\r\n")
}

/// Redis: PING, never AUTH.
pub(super) fn redis_opening(_nonce: u64) -> Vec<u8> {
    b"*1\r\n$4\r\nPING\r\n".to_vec()
}

pub(super) fn redis_read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let answers: [&[u8]; 7] =
        [b"+PONG\r\n", b"-NOAUTH ", b"-DENIED ", b"-LOADING ", b"-MISCONF ", b"-MASTERDOWN ", b"-NOPERM "];
    answers.iter().any(|start| answer.starts_with(start)).then(|| Finding::family("redis", "redis"))
}

pub(super) fn memcached_opening(_nonce: u64) -> Vec<u8> {
    b"version\r\n".to_vec()
}

pub(super) fn memcached_read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let version = text(answer).strip_prefix("VERSION ")?.to_owned();
    Some(Finding::family("memcached", "memcached").version(Some(&version)))
}

pub(super) fn beanstalkd_opening(_nonce: u64) -> Vec<u8> {
    b"stats\r\n".to_vec()
}

pub(super) fn beanstalkd_is_complete(answer: &[u8]) -> bool {
    let text = text(answer);
    let Some((head, body)) = text.split_once("\r\n") else { return false };
    match head.strip_prefix("OK ").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => true,
    }
}

pub(super) fn beanstalkd_read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let text = text(answer);
    let (head, body) = text.split_once("\r\n")?;
    head.strip_prefix("OK ")?.parse::<usize>().ok()?;
    if !body.starts_with("---") {
        return None;
    }
    let version = body.lines().find_map(|line| line.strip_prefix("version: "));
    Some(
        Finding::product("beanstalkd", "beanstalkd")
            .version(version.map(|version| version.trim_matches('"'))),
    )
}

pub(super) fn rtsp_opening(_nonce: u64) -> Vec<u8> {
    b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_vec()
}

pub(super) fn rtsp_is_complete(answer: &[u8]) -> bool {
    answer.ends_with(b"\r\n\r\n")
}

pub(super) fn rtsp_read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    answer.starts_with(b"RTSP/1.0 ").then(|| Finding::protocol("rtsp", "RTSP", Strength::Family))
}

/// What servers of lines say to words of another protocol.
pub(super) fn reproach(answer: &[u8]) -> Option<Finding> {
    if answer.starts_with(b"UNKNOWN_COMMAND\r\n") {
        return Some(Finding::product("beanstalkd", "beanstalkd"));
    }
    redis_read(answer, 0).or_else(|| {
        let redis: [&[u8]; 2] = [b"-ERR unknown command", b"-ERR wrong number of arguments for "];
        redis.iter().any(|start| answer.starts_with(start)).then(|| Finding::family("redis", "redis"))
    })
}

fn text(answer: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(answer)
}
