//! This process's own memory: giving back the code that only its start has used; madvise(2), proc_pid_maps(5).
//!
//! Not here: memory of other processes (`process_memory`).

use std::fs;
use std::io;

/// Lets go of every page of code that is mapped from a file. What runs again is mapped again, one page fault at a time,
/// from the page cache: a process that has started and will mostly wait is as small as what it waits with.
///
/// Breakpoints that a debugger has set are lost with it.
///
/// # Errors
/// What reading /proc/self/maps or madvise(2) said.
pub fn give_back_code() -> io::Result<()> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    for (start, length) in maps.lines().filter_map(code) {
        // SAFETY: the range is a private mapping of a file that may be read and executed, and not written: its pages
        // are those of the file (code has no relocations), and come back from there when they are used next. No
        // reference to its content can tell the difference.
        let outcome = unsafe { libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTNEED) };
        if outcome < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Returns start and length of a line's mapping if it is code of a file.
fn code(line: &str) -> Option<(usize, usize)> {
    // Start and end, rights, offset, device, inode, path.
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let is_code = fields.get(1) == Some(&"r-xp") && fields.get(5).is_some_and(|path| path.starts_with('/'));
    let (start, end) = fields.first()?.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    is_code.then_some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::{code, give_back_code};

    #[test]
    fn it_goes_on_as_before() {
        give_back_code().unwrap();
        assert_eq!(format!("{:?}", "still here".parse::<u8>().is_err()), "true");
    }

    #[test]
    fn only_code_of_files_is_given_back() {
        let line =
            |rights: &str, path: &str| format!("00400000-00452000 {rights} 00000000 08:02 173521 {path}");
        assert_eq!(code(&line("r-xp", "/usr/bin/wharf")), Some((0x40_0000, 0x5_2000)));
        for (rights, path) in
            [("rwxp", "/a"), ("r--p", "/a"), ("r-xs", "/a"), ("r-xp", "[vdso]"), ("r-xp", "")]
        {
            assert_eq!(code(&line(rights, path)), None, "{rights} {path}");
        }
        assert_eq!(code(""), None);
    }
}
