//! Users as the name service knows them, by getpwuid_r(3) and getpwnam_r(3): also beyond /etc/passwd (LDAP,
//! systemd-homed).

use std::ffi::{CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What is known of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of its first group.
    pub gid: u32,
    /// The home directory.
    pub home: PathBuf,
}

/// Returns the name of user `uid`; `None` if no source knows one. May take as long as the name service does.
#[must_use]
pub fn name(uid: u32) -> Option<String> {
    account(uid).map(|account| account.name)
}

/// Returns what is known of user `uid`; `None` if no source knows it. May take as long as the name service does.
#[must_use]
pub fn account(uid: u32) -> Option<Account> {
    // SAFETY: the four pointers are those that `read` promises to be writable, of that length, and alive.
    read(|record, text, length, found| unsafe { libc::getpwuid_r(uid, record, text, length, found) })
}

/// Returns what is known of the user called `name`; `None` if no source knows it. May take as long as the name service
/// does.
#[must_use]
pub fn account_named(name: &str) -> Option<Account> {
    let name = CString::new(name).ok()?;
    // SAFETY: as above; `name` ends with a NUL and outlives the call.
    read(|record, text, length, found| unsafe {
        libc::getpwnam_r(name.as_ptr(), record, text, length, found)
    })
}

fn read(
    ask: impl FnOnce(*mut libc::passwd, *mut libc::c_char, usize, *mut *mut libc::passwd) -> libc::c_int,
) -> Option<Account> {
    let mut record = MaybeUninit::<libc::passwd>::uninit();
    let mut text = vec![0 as libc::c_char; TEXT];
    let mut found = std::ptr::null_mut();
    let result = ask(record.as_mut_ptr(), text.as_mut_ptr(), text.len(), &mut found);
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: on success `found` points to `record`, which is alive and filled.
    let record = unsafe { &*found };
    // SAFETY: its texts are NUL-terminated strings inside `text`, which is alive.
    let (name, home) = unsafe { (CStr::from_ptr(record.pw_name), CStr::from_ptr(record.pw_dir)) };
    Some(Account {
        name: name.to_string_lossy().into_owned(),
        uid: record.pw_uid,
        gid: record.pw_gid,
        home: OsStr::from_bytes(home.to_bytes()).into(),
    })
}

/// Bytes of all texts of one user.
const TEXT: usize = 4096;

#[cfg(test)]
mod tests {
    use super::{account, account_named, name};

    #[test]
    fn root_has_a_name_and_an_unused_uid_has_none() {
        assert_eq!(name(0).as_deref(), Some("root"));
        assert_eq!(name(3_999_999_999), None);
    }

    #[test]
    fn an_account_is_found_by_number_and_by_name() {
        let root = account(0).unwrap();
        assert!(root.home.is_absolute());
        assert_eq!((root.uid, root.gid), (0, 0));
        assert_eq!(account_named("root"), Some(root));
        assert_eq!(account_named("no such user"), None);
        assert_eq!(account_named("ro\0ot"), None);
    }
}
