//! Clients of HTTP that Debian has: wrk, h2load, ab and curl; what they are asked for, and what they say.
//!
//! ab is there for handshakes, for wrk and browsers resume sessions, and a resumed handshake is another work.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::place::HOST;
use crate::workspace;

/// What a client says of one burst.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) requests: u64,
    /// Latencies in ms: 50 % and 99 % of all requests took less. Only wrk tells.
    pub(super) latency: Option<[f64; 2]>,
}

/// Asks over HTTP/1.1 on connections that are kept.
pub(super) fn wrk(url: &str, connections: usize, seconds: u64) -> Result<Said> {
    let mut command = Command::new("wrk");
    command.args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{seconds}s"), url]);
    read_wrk(&workspace::output(&mut command)?)
}

/// Asks over HTTP/2 on 8 connections, 16 requests at once on each.
pub(super) fn h2load(url: &str, seconds: u64) -> Result<Said> {
    let mut command = Command::new("h2load");
    command.args(["-t1", "-c8", "-m16", &format!("-D{seconds}"), url]);
    read_h2load(&workspace::output(&mut command)?)
}

/// Asks on a new connection each time, 8 at once, with a whole handshake of TLS.
pub(super) fn ab(url: &str, seconds: u64) -> Result<Said> {
    let mut command = Command::new("ab");
    command.args(["-q", "-c8", &format!("-t{seconds}"), "-n1000000", url]);
    read_ab(&workspace::output(&mut command)?)
}

/// Downloads a body over HTTP/1.1; returns its length.
pub(super) fn curl(url: &str) -> Result<u64> {
    let mut command = Command::new("curl");
    let said = "%{http_code} %{size_download}";
    command.args(["-sSk", "--http1.1", "--max-time", "60", "-o", "/dev/null", "-w", said, url]);
    let text = workspace::output(&mut command)?;
    let (status, size) = text.split_once(' ').context("two numbers")?;
    ensure!(status == "200", "curl was answered with {status}");
    Ok(size.trim().parse()?)
}

/// Returns the URL of a path.
pub(super) fn url(scheme: &str, port: u16, path: &str) -> String {
    format!("{scheme}://{HOST}:{port}{path}")
}

fn read_wrk(text: &str) -> Result<Said> {
    for fault in ["Socket errors:", "Non-2xx or 3xx responses:"] {
        let line = text.lines().find(|line| line.trim_start().starts_with(fault));
        ensure!(line.is_none(), "wrk: {}", line.unwrap_or_default().trim());
    }
    let share = |share: &str| {
        let value = text.lines().find_map(|line| line.trim_start().strip_prefix(share))?.trim();
        let digits = value.trim_end_matches(|last: char| last.is_ascii_alphabetic());
        let unit = match &value[digits.len()..] {
            "us" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            _ => return None,
        };
        Some(digits.parse::<f64>().ok()? * unit)
    };
    let requests = number_before(text, " requests in ").with_context(|| format!("what wrk says: {text}"))?;
    Ok(Said { requests, latency: share("50%").zip(share("99%")).map(|(half, most)| [half, most]) })
}

fn read_h2load(text: &str) -> Result<Said> {
    let line = text.lines().find(|line| line.starts_with("requests: ")).context("what h2load says")?;
    let [succeeded, failed, errored, timeout] =
        [" succeeded", " failed", " errored", " timeout"].map(|word| number_before(line, word));
    ensure!([failed, errored, timeout] == [Some(0); 3], "h2load: {line}");
    let codes = text.lines().find(|line| line.starts_with("status codes: ")).unwrap_or_default();
    let others = [" 3xx", " 4xx", " 5xx"].map(|word| number_before(codes, word));
    ensure!(others == [Some(0); 3], "h2load: {codes}");
    Ok(Said { requests: succeeded.context("what h2load says")?, latency: None })
}

fn read_ab(text: &str) -> Result<Said> {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let faults = [value("Failed requests:"), value("Non-2xx responses:")];
    ensure!(faults == [Some(0), None], "ab: failed requests, and such without 2xx: {faults:?}");
    Ok(Said { requests: value("Complete requests:").context("what ab says")?, latency: None })
}

/// Returns the number that stands before a word.
fn number_before(text: &str, word: &str) -> Option<u64> {
    let before = text.split_once(word)?.0;
    before.rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrk_is_understood() {
        let text = "Running 2s test @ http://x/\n  1 threads and 64 connections\n  Latency Distribution\n     50%  \
                    987.00us\n     75%    1.20ms\n     99%    2.26ms\n  111800 requests in 2.00s, 16.5MB read\n";
        let said = read_wrk(text).unwrap();
        assert_eq!(said, Said { requests: 111_800, latency: Some([0.987, 2.26]) });
        for fault in
            ["  Socket errors: connect 0, read 3, write 0, timeout 0\n", "  Non-2xx or 3xx responses: 7\n"]
        {
            assert!(read_wrk(&format!("{text}{fault}")).is_err());
        }
    }

    #[test]
    fn h2load_is_understood() {
        let text = "finished in 1.00s\nrequests: 135442 total, 135458 started, 135442 done, 135442 succeeded, 0 failed, \
                    0 errored, 0 timeout\nstatus codes: 135442 2xx, 0 3xx, 0 4xx, 0 5xx\n";
        assert_eq!(read_h2load(text).unwrap().requests, 135_442);
        assert!(read_h2load(&text.replace("0 4xx", "9 4xx")).is_err());
        assert!(read_h2load(&text.replace("0 errored", "1 errored")).is_err());
    }

    #[test]
    fn ab_is_understood() {
        let text = "Complete requests:      2441\nFailed requests:        0\n";
        assert_eq!(read_ab(text).unwrap().requests, 2441);
        assert!(read_ab(&format!("{text}Non-2xx responses:      2441\n")).is_err());
    }
}
