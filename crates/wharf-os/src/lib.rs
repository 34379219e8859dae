//! The seam between wharf and an operating system: what wharf asks of one, as small traits.
//!
//! [`Os`] is a value whose parts a test swaps one by one. Answers are facts ([`facts`]), never
//! judgements: which process leads, what a project is and who is exposed is decided above, in
//! `wharf-catalog`. What an OS cannot do is [`OsError::Unsupported`], which the views say plainly.
//! Only this crate and `wharf-sys` may say `cfg(target_os)`, and by whole files.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open ports and start programs"))]

#[cfg(target_os = "linux")]
#[path = "linux/account.rs"]
pub mod account;
#[cfg(target_os = "linux")]
#[path = "linux/background.rs"]
pub mod background;
#[cfg(target_os = "linux")]
#[path = "linux/close.rs"]
pub mod close;
#[cfg(unix)]
pub mod containers;
pub mod dial;
#[cfg(target_os = "linux")]
#[path = "linux/entrance.rs"]
pub mod entrance;
#[cfg(target_os = "linux")]
#[path = "linux/examine.rs"]
pub mod examine;
pub mod facts;
pub mod fake;
#[cfg(target_os = "linux")]
#[path = "linux/family.rs"]
pub mod family;
#[cfg(target_os = "linux")]
#[path = "linux/folder.rs"]
pub mod folder;
#[cfg(target_os = "linux")]
#[path = "linux/guard.rs"]
pub mod guard;
#[cfg(target_os = "linux")]
#[path = "linux/hosts.rs"]
pub mod hosts;
#[cfg(unix)]
pub mod http;
#[cfg(target_os = "linux")]
#[path = "linux/identity.rs"]
pub mod identity;
#[cfg(target_os = "linux")]
#[path = "linux/isolation.rs"]
pub mod isolation;
#[cfg(target_os = "linux")]
#[path = "linux/keepers.rs"]
pub mod keepers;
pub mod launch;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
#[path = "linux/local.rs"]
pub mod local;
#[cfg(target_os = "linux")]
#[path = "linux/manager.rs"]
pub mod manager;
#[cfg(target_os = "linux")]
#[path = "linux/names.rs"]
pub mod names;
#[cfg(target_os = "linux")]
#[path = "linux/other_end.rs"]
pub mod other_end;
#[cfg(target_os = "linux")]
#[path = "linux/pipe.rs"]
pub mod pipe;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported/pipe.rs"]
pub mod pipe;
#[cfg(target_os = "linux")]
#[path = "linux/pm2.rs"]
pub mod pm2;
#[cfg(target_os = "linux")]
#[path = "linux/ports.rs"]
pub mod ports;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported/ports.rs"]
pub mod ports;
#[cfg(target_os = "linux")]
#[path = "linux/privilege.rs"]
pub mod privilege;
#[cfg(target_os = "linux")]
#[path = "linux/relay.rs"]
pub mod relay;
#[cfg(target_os = "linux")]
#[path = "linux/reserved.rs"]
pub mod reserved;
#[cfg(target_os = "linux")]
#[path = "linux/resolver.rs"]
pub mod resolver;
#[cfg(target_os = "linux")]
#[path = "linux/service.rs"]
pub mod service;
#[cfg(unix)]
pub mod signals;
#[cfg(not(unix))]
#[path = "unsupported/signals.rs"]
pub mod signals;
#[cfg(target_os = "linux")]
#[path = "linux/state.rs"]
pub mod state;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported/state.rs"]
pub mod state;
#[cfg(target_os = "linux")]
#[path = "linux/stdout.rs"]
pub mod stdout;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported/stdout.rs"]
pub mod stdout;
#[cfg(target_os = "linux")]
#[path = "linux/supervisor.rs"]
pub mod supervisor;
#[cfg(target_os = "linux")]
#[path = "linux/terminal.rs"]
pub mod terminal;
pub mod traits;
#[cfg(target_os = "linux")]
#[path = "linux/trust.rs"]
pub mod trust;
#[cfg(target_os = "linux")]
#[path = "linux/turn.rs"]
pub mod turn;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported/turn.rs"]
pub mod turn;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(target_os = "linux")]
#[path = "linux/vault.rs"]
pub mod vault;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported/vault.rs"]
pub mod vault;

use dial::Dialer;
use traits::{Clock, Containers, Files, Host, Processes, Sockets};

/// Everything that wharf asks of the operating system.
pub struct Os {
    /// Sockets of the kernel.
    pub sockets: Box<dyn Sockets>,
    /// Processes, and which of them hold a socket.
    pub processes: Box<dyn Processes>,
    /// Files that tell of projects: small, read whole.
    pub files: Box<dyn Files>,
    /// Container engines.
    pub containers: Box<dyn Containers>,
    /// Users, limits and names of this machine.
    pub host: Box<dyn Host>,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Short conversations with local ports.
    pub dialer: Box<dyn Dialer>,
}

impl Os {
    /// Returns the operating system that wharf runs on.
    #[must_use]
    pub fn native() -> Self {
        #[cfg(target_os = "linux")]
        return linux::os();
        #[cfg(not(target_os = "linux"))]
        unsupported::os()
    }
}
