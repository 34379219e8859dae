//! The names of users, by getpwuid_r(3): what the name service knows beyond /etc/passwd (LDAP, systemd-homed).

use std::ffi::CStr;
use std::mem::MaybeUninit;

/// Returns the name of user `uid`; `None` if no source knows one. May take as long as the name service does.
#[must_use]
pub fn name(uid: u32) -> Option<String> {
    let mut record = MaybeUninit::<libc::passwd>::uninit();
    let mut text = vec![0 as libc::c_char; 4096];
    let mut found = std::ptr::null_mut();
    // SAFETY: `record` and `found` are writable, `text` has the length that is passed, all outlive the call.
    let result =
        unsafe { libc::getpwuid_r(uid, record.as_mut_ptr(), text.as_mut_ptr(), text.len(), &mut found) };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: on success `found` points to `record`, whose pw_name is a NUL-terminated string inside `text`,
    // and both are still alive.
    let name = unsafe { CStr::from_ptr((*found).pw_name) };
    Some(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn root_has_a_name_and_an_unused_uid_has_none() {
        assert_eq!(super::name(0).as_deref(), Some("root"));
        assert_eq!(super::name(3_999_999_999), None);
    }
}
