//! Holding a port on an operating system that wharf does not know yet.

use std::io;

/// A port that is held until this is dropped.
#[derive(Debug)]
pub struct Held {
    port: u16,
}

/// Holds `port`.
///
/// # Errors
/// Always: not known here.
pub fn hold(_port: u16) -> io::Result<Held> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Holds `port` for UDP.
///
/// # Errors
/// Always: not known here.
pub fn hold_udp(_port: u16) -> io::Result<Held> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Held {
    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Calls `bind`.
    ///
    /// # Errors
    /// Never here.
    pub fn let_in<T>(&self, bind: impl FnOnce() -> T) -> io::Result<T> {
        Ok(bind())
    }
}
