//! /etc/passwd, passwd(5): the names of the users of this machine.

/// Returns every (uid, name) of the file, in its order; lines that are not of its form are passed over.
pub fn users(text: &[u8]) -> impl Iterator<Item = (u32, String)> {
    text.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|&byte| byte == b':');
        let name = fields.next().filter(|name| !name.is_empty() && name[0] != b'#')?;
        let uid = std::str::from_utf8(fields.nth(1)?).ok()?.parse().ok()?;
        Some((uid, String::from_utf8_lossy(name).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_of_another_form_are_passed_over() {
        let text = b"root:x:0:0:root:/root:/bin/bash\n#a:x:1:1::/:\nbroken\n+::::::\npostgres:x:113:120::/var:/bin/sh\n";
        let users: Vec<_> = super::users(text).collect();
        assert_eq!(users, [(0, "root".to_owned()), (113, "postgres".to_owned())]);
    }
}
