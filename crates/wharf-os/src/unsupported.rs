//! An operating system that wharf does not know yet: every question is answered by "not supported here".
//!
//! The folder of a new OS starts as a copy of this file, and loses one `unsupported` after the other.

use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wharf_model::detail::SocketOptions;
use wharf_model::timestamp::Timestamp;

use crate::Os;
use crate::dial::TcpDialer;
use crate::facts::{
    BindOutcome, ContainerFacts, EphemeralRange, HolderSearch, Holders, Namespace, OsError, Partial,
    ProcessFacts, QueuedSocket, SocketFacts, SocketQuery,
};
use crate::traits::{Clock, Containers, Files, Host, Processes, Sockets};

pub(crate) fn os() -> Os {
    Os {
        sockets: Box::new(Unsupported),
        processes: Box::new(Unsupported),
        files: Box::new(Unsupported),
        containers: Box::new(Unsupported),
        host: Box::new(Unsupported),
        clock: Box::new(Unsupported),
        dialer: Box::new(TcpDialer),
    }
}

struct Unsupported;

const SOCKETS: OsError = OsError::Unsupported { what: "listing sockets" };

impl Sockets for Unsupported {
    fn list(&self, _: Option<&Namespace>, _: &SocketQuery) -> Result<Partial<Vec<SocketFacts>>, OsError> {
        Err(SOCKETS)
    }

    fn listener_at(&self, _: SocketAddr) -> Result<Option<SocketFacts>, OsError> {
        Err(SOCKETS)
    }

    fn namespaces(&self) -> Partial<Vec<Namespace>> {
        Vec::new().into()
    }

    fn options(&self, _: u32, _: u32) -> Result<SocketOptions, OsError> {
        Err(SOCKETS)
    }

    fn in_flight(&self, _: &[u64]) -> Partial<Vec<QueuedSocket>> {
        Vec::new().into()
    }

    fn try_bind(&self, _: SocketAddr, _: bool) -> BindOutcome {
        BindOutcome::Refused("ENOSYS".to_owned())
    }
}

impl Processes for Unsupported {
    fn holders(&self, _: &HolderSearch) -> Holders {
        Holders { processes_hidden: true, ..Holders::default() }
    }

    fn read(&self, _: &[u32]) -> Vec<ProcessFacts> {
        Vec::new()
    }

    fn descendants(&self, _: &[u32]) -> Vec<u32> {
        Vec::new()
    }

    fn environment(&self, _: u32, _: &str) -> Option<String> {
        None
    }

    fn cgroup(&self, _: u64) -> Option<String> {
        None
    }
}

impl Files for Unsupported {
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
        if size > limit as u64 {
            return None;
        }
        fs::read(path).ok()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn list(&self, directory: &Path, limit: usize) -> Option<Vec<OsString>> {
        let names: Result<Vec<_>, _> = fs::read_dir(directory)
            .ok()?
            .take(limit + 1)
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect();
        names.ok().filter(|names| names.len() <= limit)
    }
}

impl Containers for Unsupported {
    fn list(&self) -> Partial<Vec<ContainerFacts>> {
        Vec::new().into()
    }
}

impl Host for Unsupported {
    fn user_name(&self, _: u32) -> Option<String> {
        None
    }

    fn own_uid(&self) -> u32 {
        0
    }

    fn boot_id(&self) -> Option<String> {
        None
    }

    fn ephemeral_range(&self) -> Option<EphemeralRange> {
        None
    }

    fn unprivileged_port_start(&self) -> Option<u16> {
        None
    }

    fn addresses_in(&self, _: &Namespace) -> Vec<IpAddr> {
        Vec::new()
    }
}

impl Clock for Unsupported {
    fn now(&self) -> Timestamp {
        let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        i64::try_from(ms)
            .ok()
            .and_then(Timestamp::from_unix_ms)
            .expect("a clock within the years of RFC 3339")
    }
}
