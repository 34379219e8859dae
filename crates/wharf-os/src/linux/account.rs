//! Users of this machine: who they are, who asked by way of sudo(8), and a program started as one of them.
//!
//! Not here: what is done for them.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Output, Stdio};

pub use wharf_sys::linux::user::Account;
use wharf_sys::linux::user::{account, account_named};

use crate::launch::Launch;

/// Returns the user whose name or number `word` is; `None` if nobody knows one.
#[must_use]
pub fn of(word: &str) -> Option<Account> {
    account_named(word).or_else(|| account(word.parse().ok()?))
}

/// Returns the user that this process acts as; `None` if nobody knows it.
#[must_use]
pub fn own() -> Option<Account> {
    account(rustix::process::geteuid().as_raw())
}

/// Returns the user who became root for this command by sudo(8), doas(1) or pkexec(1), as these tell it.
#[must_use]
pub fn behind_root() -> Option<Account> {
    if !is_root() {
        return None;
    }
    let told = |name: &str| env::var(name).ok().and_then(|word| of(&word));
    let found = ["SUDO_UID", "DOAS_USER", "PKEXEC_UID"].into_iter().find_map(told);
    found.filter(|account| account.uid != 0)
}

/// Returns whether this process acts as root.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs `launch` to its end as `account`, in its home and with none of this process's other groups, and returns what it
/// printed. Its standard error is this process's own.
///
/// # Errors
/// What execve(2) or setuid(2) said.
pub fn run_as(account: &Account, launch: &Launch) -> io::Result<Output> {
    let mut command = launch.command();
    // Without the groups of root: the standard library clears them where it changes the user.
    command.gid(account.gid).uid(account.uid).env("HOME", &account.home).env("USER", &account.name);
    // Those of who asked are not of this user, and sudo(8) may have left them.
    for name in ["XDG_RUNTIME_DIR", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
        command.env_remove(name);
    }
    command.current_dir("/").stdin(Stdio::null()).stderr(Stdio::inherit()).output()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_user_is_known_by_name_and_by_number() {
        assert_eq!(of("root"), of("0"));
        assert_eq!(of("root").map(|account| account.uid), Some(0));
        assert_eq!(of("-1"), None);
        assert_eq!(of(""), None);
    }
}
