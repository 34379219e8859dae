//! Paths as people write them: home as `~`, and, where room is short, whole names left out of the middle.
//!
//! Not here: cutting of other text (`line`).

use crate::style::Style;

use crate::text::line::text_width;

/// Returns `path` with the home directory written as `~`.
pub(crate) fn tilde(path: &str, home: Option<&str>) -> String {
    let Some(home) = home.map(|home| home.trim_end_matches('/')).filter(|home| !home.is_empty()) else {
        return path.to_owned();
    };
    match path.strip_prefix(home) {
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

/// Returns `text` with the reader's home as `~` where a path of it stands.
pub(crate) fn short(text: &str, style: &Style) -> String {
    let Some(home) = style.home() else { return text.to_owned() };
    let words = text.split_inclusive(' ').map(|word| {
        let at = word.find('/').filter(|_| word.contains(home)).unwrap_or(word.len());
        let (before, path) = word.split_at(at);
        format!("{before}{}", tilde(path, Some(home)))
    });
    words.collect()
}

/// Returns an escaped path in at most `width` columns if leaving out names can do it: `~/src/…/shop`.
///
/// The last name is what tells one path from another, so it stays; then come the names before it, nearest
/// first, beside the first one. Where even `…/last` is too wide that is returned, for the caller to cut.
pub(crate) fn path(path: &str, width: usize) -> String {
    if text_width(path) <= width {
        return path.to_owned();
    }
    let names: Vec<&str> = path.split('/').collect();
    let Some((last, before)) = names.split_last() else { return path.to_owned() };
    // The first name of `/usr/lib` is the empty one before the slash: it says nothing alone.
    let lead = if before.first().is_some_and(|name| name.is_empty() || *name == "~") { 2 } else { 1 };
    for head in (1..=lead.min(before.len())).rev() {
        if let Some(shorter) = leave_out(before, last, head, width) {
            return shorter;
        }
    }
    format!("…/{last}")
}

/// Keeps the first `head` names and as many of the last as fit.
fn leave_out(before: &[&str], last: &str, head: usize, width: usize) -> Option<String> {
    for skipped_to in head + 1..=before.len() {
        let tail = before[skipped_to..].iter().chain([&last]).copied().collect::<Vec<_>>().join("/");
        let shorter = format!("{}/…/{tail}", before[..head].join("/"));
        if text_width(&shorter) <= width {
            return Some(shorter);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{path, tilde};

    #[test]
    fn home_is_a_tilde_only_as_a_whole_name() {
        assert_eq!(tilde("/home/ana/src", Some("/home/ana")), "~/src");
        assert_eq!(tilde("/home/ana", Some("/home/ana/")), "~");
        assert_eq!(tilde("/home/anatol", Some("/home/ana")), "/home/anatol");
        assert_eq!(tilde("/srv", Some("/")), "/srv");
    }

    #[track_caller]
    fn check(text: &str, width: usize, expect: &str) {
        assert_eq!(path(text, width), expect);
    }

    #[test]
    fn names_are_left_out_of_the_middle() {
        check("~/src/company/platform/shop", 27, "~/src/company/platform/shop");
        check("~/src/company/platform/shop", 25, "~/src/…/platform/shop");
        check("~/src/company/platform/shop", 15, "~/src/…/shop");
        check("~/src/company/platform/shop", 9, "~/…/shop");
        check("~/src/company/platform/shop", 6, "…/shop");
        check("/usr/lib/postgresql/16/bin/postgres", 24, "/usr/…/16/bin/postgres");
    }
}
