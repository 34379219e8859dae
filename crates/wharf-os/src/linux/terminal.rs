//! Terminals of wharf's own for programs in the background, so that they write as to a person: line by line and in
//! colour; pty(7). Not here: what becomes of what they write (`wharf-run`).

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, Winsize};

/// A new terminal: both of its ends.
#[derive(Debug)]
pub struct Terminal {
    /// The end that is read here.
    pub reader: Reader,
    /// The end that the program has.
    pub program_end: OwnedFd,
}

/// What a program writes to its terminal.
#[derive(Debug)]
pub struct Reader(File);

/// Makes a terminal of 80 columns and 24 lines that hands on what is written as it is.
///
/// # Errors
/// What posix_openpt(3), TIOCGPTPEER(2const) or termios(3) said.
pub fn open() -> io::Result<Terminal> {
    // It is to become the program's controlling terminal, and not wharf's.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let reader = openpt(flags)?;
    grantpt(&reader)?;
    unlockpt(&reader)?;
    // Not by its name: /dev/pts may be that of another mount namespace.
    let program_end = ioctl_tiocgptpeer(&reader, flags)?;
    let mut modes = rustix::termios::tcgetattr(&program_end)?;
    modes.output_modes.remove(OutputModes::OPOST);
    modes.local_modes.remove(LocalModes::ECHO);
    rustix::termios::tcsetattr(&program_end, OptionalActions::Now, &modes)?;
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&program_end, size)?;
    Ok(Terminal { reader: Reader(reader.into()), program_end })
}

impl Reader {
    /// Returns the end that is read.
    pub(crate) fn of(reader: OwnedFd) -> Self {
        Self(reader.into())
    }

    /// Returns a second reader of the same terminal.
    ///
    /// # Errors
    /// What dup(2) said.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }
}

impl AsFd for Reader {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Read for Reader {
    /// Returns 0 once the last program has closed its end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{IsTerminal, Read, Write};

    use super::open;

    #[test]
    fn what_is_written_is_read_as_it_is_until_the_last_end_is_closed() {
        let terminal = open().unwrap();
        let mut program = File::from(terminal.program_end);
        assert!(program.is_terminal());
        program.write_all(b"one\ntwo \x1b[1m\n").unwrap();
        drop(program);
        let mut text = Vec::new();
        let mut reader = terminal.reader;
        reader.read_to_end(&mut text).unwrap();
        assert_eq!(text, b"one\ntwo \x1b[1m\n");
    }
}
