//! The files by which host names become addresses: hosts(5), nsswitch.conf(5), resolv.conf(5), gai.conf(5).
//!
//! Read below a root, so that another process's view can be had by /proc/PID/root. Not here: getaddrinfo(3) itself, and
//! what a file ought to hold.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::Path;

use super::errno::Errno;

/// What the files say of one host name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameFiles {
    /// Lines of /etc/hosts that have to do with it, or why the file cannot be read.
    pub hosts: HostsSeen,
    /// What `hosts:` of /etc/nsswitch.conf names, in its order; the C library's own order where there is none.
    pub services: Vec<String>,
    /// Nameservers of /etc/resolv.conf.
    pub nameservers: Vec<String>,
    /// Lines of /etc/gai.conf that change the order of addresses.
    pub order: Vec<String>,
}

/// What was seen of /etc/hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostsSeen {
    /// Lines that name the host, and those that name almost the same.
    Lines(Vec<HostsLine>),
    /// It cannot be read.
    Unread(Errno),
}

impl Default for HostsSeen {
    fn default() -> Self {
        Self::Lines(Vec::new())
    }
}

/// A line of /etc/hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsLine {
    /// Its number, from 1.
    pub number: usize,
    /// What stands where the address is.
    pub place: String,
    /// The address; `None` if what stands there is none.
    pub address: Option<IpAddr>,
    /// The name on it that is the host, or almost.
    pub name: String,
    /// Whether it is the host itself, and not a name that is almost the same.
    pub exact: bool,
}

/// Reads what the files below `root` say of `host`.
#[must_use]
pub fn files(root: &Path, host: &str) -> NameFiles {
    let text = |path: &str| read(&root.join(path)).unwrap_or_default();
    let hosts = match read(&root.join("etc/hosts")) {
        Ok(text) => HostsSeen::Lines(lines(&text, host)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => HostsSeen::Lines(Vec::new()),
        Err(error) => HostsSeen::Unread(Errno::of(&error).unwrap_or(Errno::INVAL)),
    };
    NameFiles {
        hosts,
        services: services(&text("etc/nsswitch.conf")),
        nameservers: nameservers(&text("etc/resolv.conf")),
        order: order(&text("etc/gai.conf")),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the lines of hosts(5) that name `host`, or else those that name almost the same.
fn lines(text: &str, host: &str) -> Vec<HostsLine> {
    let wanted = host.trim_end_matches('.').to_ascii_lowercase();
    let mut exact = Vec::new();
    let mut near = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(place) = words.next() else { continue };
        let made = |name: &str, exact| HostsLine {
            number: index + 1,
            place: place.to_owned(),
            address: place.split('%').next().and_then(|place| place.parse().ok()),
            name: name.to_owned(),
            exact,
        };
        for name in words {
            if name.eq_ignore_ascii_case(&wanted) {
                exact.push(made(name, true));
                break;
            }
            let is_candidate = near.len() < MOST && name.len().abs_diff(wanted.len()) <= 1;
            if is_candidate && is_near(&name.to_ascii_lowercase(), &wanted) {
                near.push(made(name, false));
                break;
            }
        }
        if exact.len() >= MOST {
            break;
        }
    }
    if exact.is_empty() { near } else { exact }
}

/// Returns whether `name` is `wanted` with one letter wrong, missing, too many, or with its neighbour's place.
fn is_near(name: &str, wanted: &str) -> bool {
    let (a, b) = (name.as_bytes(), wanted.as_bytes());
    if a == b || a.len().abs_diff(b.len()) > 1 || b.len() < 4 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let swapped = a.len() == b.len() && a.len() >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    swapped
        || a.get(1..) == b.get(1..)
        || a.get(1..).is_some_and(|rest| rest == b)
        || b.get(1..).is_some_and(|rest| rest == a)
}

/// Returns the services of `hosts:`, without what is to be done in which case.
fn services(text: &str) -> Vec<String> {
    let found = text.lines().find_map(|line| line.split('#').next()?.trim().strip_prefix("hosts:"));
    let mut within = false;
    let mut services = Vec::new();
    for word in found.unwrap_or("dns files").split_whitespace() {
        within |= word.starts_with('[');
        if !within {
            services.push(word.to_owned());
        }
        within &= !word.ends_with(']');
    }
    services
}

fn nameservers(text: &str) -> Vec<String> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next()? == "nameserver").then(|| words.next().map(str::to_owned))?
    };
    text.lines().filter_map(server).take(MOST).collect()
}

fn order(text: &str) -> Vec<String> {
    let line = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    let is_rule = |line: &String| line.starts_with("precedence") || line.starts_with("label");
    text.lines().map(line).filter(is_rule).take(MOST).collect()
}

/// Lists against advertisements have some megabytes.
const LIMIT: u64 = 16 * 1024 * 1024;
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::{is_near, lines, nameservers, order, services};

    #[test]
    fn lines_of_hosts_that_have_to_do_with_a_name_are_found() {
        let text =
            "127.0.0.1 localhost # shop.test\n::1\tip6 LOCALHOST\n10.0.0.7 shop.tset\n127.0.0.l other\n";
        let found = lines(text, "localhost");
        assert_eq!(
            found.iter().map(|line| (line.number, line.exact)).collect::<Vec<_>>(),
            [(1, true), (2, true)]
        );
        let found = lines(text, "shop.test");
        assert_eq!((found[0].number, found[0].name.as_str(), found[0].exact), (3, "shop.tset", false));
        let found = lines(text, "other.");
        assert_eq!((found[0].place.as_str(), found[0].address), ("127.0.0.l", None));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text: String, host: String) {
            let _ = (lines(&text, &host), services(&text), nameservers(&text), order(&text), is_near(&text, &host));
        }
    }

    #[test]
    fn names_are_near_by_one_slip() {
        for near in ["locahost", "localhosts", "localhsot", "lokalhost", "ocalhost"] {
            assert!(is_near(near, "localhost"), "{near}");
        }
        for far in ["localhost", "local", "localhost.localdomain", "host", "shop.localhost"] {
            assert!(!is_near(far, "localhost"), "{far}");
        }
    }

    #[test]
    fn the_other_files_are_read() {
        assert_eq!(
            services("hosts: files mdns4_minimal [NOTFOUND=return] dns # x\n"),
            ["files", "mdns4_minimal", "dns"]
        );
        assert_eq!(services("passwd: files\n"), ["dns", "files"]);
        assert_eq!(nameservers("# x\nnameserver 10.0.0.1\noptions a\nnameserver ::1\n"), ["10.0.0.1", "::1"]);
        assert_eq!(
            order("#precedence a 1\nprecedence ::ffff:0:0/96  100\n"),
            ["precedence ::ffff:0:0/96  100"]
        );
    }
}
