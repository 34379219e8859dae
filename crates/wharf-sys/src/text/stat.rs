//! /proc/pid/stat, proc_pid_stat(5): name, state, parent, session, terminal and start time.

/// What wharf reads of /proc/pid/stat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id (field 1).
    pub pid: u32,
    /// Name (field 2), at most 15 bytes of anything but NUL.
    pub name: Vec<u8>,
    /// State letter (field 3): R S D Z T t X I.
    pub state: u8,
    /// Parent's process id (field 4), 0 if it lives outside this pid namespace.
    pub ppid: u32,
    /// Session id (field 6).
    pub session: u32,
    /// Controlling terminal (field 7): minor in bits 31–20 and 7–0, major in 15–8; 0 if none.
    pub terminal: u32,
    /// Start time (field 22), clock ticks since boot.
    pub start_ticks: u64,
}

/// Parses the file; `None` if it is not of that form.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Stat> {
    // The name may hold spaces and parentheses: it ends at the last one.
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let name = text.get(open + 1..close)?.to_vec();
    let pid = decimal(text.get(..open)?.trim_ascii())?;
    let mut fields = text.get(close + 1..)?.split(|&byte| byte == b' ').filter(|field| !field.is_empty());
    let state = *fields.next()?.first()?;
    let ppid = decimal(fields.next()?)?;
    let session = decimal(fields.nth(1)?)?;
    let terminal = signed(fields.next()?)?;
    let start_ticks = decimal(fields.nth(14)?.trim_ascii())?;
    Some(Stat {
        pid: pid.try_into().ok()?,
        name,
        state,
        ppid: ppid.try_into().ok()?,
        session: session.try_into().unwrap_or(0),
        terminal,
        start_ticks,
    })
}

/// Returns the terminal's name as ps(1) writes it: `pts/3`, `tty1`; `None` if there is none or it has no such name.
#[must_use]
pub fn terminal_name(device: u32) -> Option<String> {
    let major = device >> 8 & 0xfff;
    let minor = device & 0xff | device >> 12 & 0xfff00;
    match (major, minor) {
        (136..=143, minor) => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        (4, 0..=63) => Some(format!("tty{minor}")),
        (4, minor) => Some(format!("ttyS{}", minor - 64)),
        (229, minor) => Some(format!("hvc{minor}")),
        _ => None,
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn signed(digits: &[u8]) -> Option<u32> {
    let number: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(u32::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::proptest;

    use super::{parse, terminal_name};

    const LINE: &[u8] = b"4121 (node) S 4100 4121 3990 34819 4121 4194560 31337 0 12 0 88 21 0 0 20 0 11 0 \
        918273 1212416000 14553 18446744073709551615 1 1 0 0 0 0 0 4096 134300162 0 0 0 17 1 0 0 0 0 0\n";

    #[test]
    fn a_line_is_read_by_its_fields() {
        let stat = parse(LINE).unwrap();
        assert_eq!((stat.pid, stat.ppid, stat.session, stat.state), (4121, 4100, 3990, b'S'));
        assert_eq!(stat.name, b"node");
        assert_eq!(stat.start_ticks, 918_273);
        assert_eq!(terminal_name(stat.terminal).as_deref(), Some("pts/3"));
    }

    #[test]
    fn a_name_of_parentheses_and_spaces_does_not_shift_the_fields() {
        let line = String::from_utf8_lossy(LINE).replace("(node)", "(a) Z 1 (b)");
        let stat = parse(line.as_bytes()).unwrap();
        assert_eq!(stat.name, b"a) Z 1 (b");
        assert_eq!((stat.state, stat.ppid), (b'S', 4100));
    }

    #[test]
    fn terminals_have_the_names_that_ps_gives_them() {
        assert_eq!(terminal_name(0), None);
        assert_eq!(terminal_name(0x0401).as_deref(), Some("tty1"));
        assert_eq!(terminal_name(0x8800).as_deref(), Some("pts/0"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), device in any::<u32>()) {
            let _ = parse(&bytes);
            let _ = terminal_name(device);
        }
    }
}
