//! Names of services, projects and work trees as labels of a host name.
//!
//! A label has the letters a to z, digits and hyphens, and at most 63 characters (RFC 1123 section 2.1, RFC 1035
//! section 2.3.4). Two texts that differ only in other characters may become one label; [`crate::store`] tells
//! their leases apart. Not here: where the texts come from.

use wharf_model::lease::LeaseName;
use wharf_model::place::Project;

/// Returns the name of the service in `directory`: the one that was `given`, else that of the nearest manifest, else
/// that of the directory.
#[must_use]
pub fn of(given: Option<&str>, project: Option<&Project>, directory: &str) -> LeaseName {
    let own = last_part(directory);
    let service = given.or_else(|| Some(short_package(project?.package.as_deref()?))).unwrap_or(own);
    LeaseName {
        service: label(service),
        worktree: project.and_then(worktree).map(|worktree| label(&worktree)),
        project: label(project.map_or(own, |project| &project.name)),
    }
}

/// Returns the directory that leases of `project` belong to.
#[must_use]
pub fn root<'a>(project: Option<&'a Project>, directory: &'a str) -> &'a str {
    project.map_or(directory, |project| &project.root)
}

/// Returns what a linked work tree is called: its branch, else its commit.
fn worktree(project: &Project) -> Option<String> {
    let folder = project.worktree.as_ref()?;
    let head = project.branch.clone().or_else(|| Some(project.detached_at.as_ref()?.get(..7)?.to_owned()));
    Some(head.unwrap_or_else(|| folder.clone()))
}

/// Returns the last part of a package's name that tells it apart: `web` of `@acme/web`, `api` of
/// `github.com/acme/api/v2`.
fn short_package(package: &str) -> &str {
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut parts = package.rsplit('/').filter(|part| !part.is_empty());
    match parts.next() {
        Some(last) if is_version(last) => parts.next().unwrap_or(last),
        Some(last) => last,
        None => package,
    }
}

fn last_part(directory: &str) -> &str {
    directory.rsplit('/').find(|part| !part.is_empty()).unwrap_or("root")
}

/// Returns `text` as a label; what is lost by more than a change of case or punctuation, or is too long, gets a hash
/// of the whole text.
#[must_use]
pub fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' => label.push(c),
            'A'..='Z' => label.push(c.to_ascii_lowercase()),
            _ if label.is_empty() || label.ends_with('-') => {}
            _ => label.push('-'),
        }
    }
    let kept = label.trim_end_matches('-');
    if kept.len() <= LONGEST && !kept.is_empty() && text.is_ascii() {
        return kept.to_owned();
    }
    let start = kept.get(..LONGEST - HASH - 1).unwrap_or(kept).trim_end_matches('-');
    with_hash(start, text)
}

/// Returns `label` with a hash of `text`, to tell it from another that has the same label.
#[must_use]
pub fn told_apart(label: &str, text: &str) -> String {
    with_hash(label.get(..LONGEST - HASH - 1).unwrap_or(label).trim_end_matches('-'), text)
}

fn with_hash(start: &str, text: &str) -> String {
    let hash = hash(text) & 0xff_ffff;
    if start.is_empty() { format!("x{hash:06x}") } else { format!("{start}-{hash:06x}") }
}

/// FNV-1a with 64 bits: small, and the same on every machine and in every version.
#[must_use]
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Characters of a label at most.
const LONGEST: usize = 63;
/// Digits of a hash.
const HASH: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wharf_model::place::Project;

    use super::{LONGEST, label, of, told_apart};

    fn project(package: Option<&str>, branch: Option<&str>, worktree: Option<&str>) -> Project {
        Project {
            name: "Shop".to_owned(),
            root: "/src/shop".to_owned(),
            package: package.map(str::to_owned),
            manifest: None,
            branch: branch.map(str::to_owned),
            detached_at: branch.is_none().then(|| "0123456789ab".to_owned()),
            worktree: worktree.map(str::to_owned),
        }
    }

    #[test]
    fn a_name_comes_from_what_is_nearest() {
        let named =
            |given: Option<&str>, project: Option<&Project>| of(given, project, "/src/shop/web").to_string();
        let web = project(Some("@acme/Web"), Some("main"), None);
        assert_eq!(named(None, Some(&web)), "web.shop");
        assert_eq!(named(Some("API"), Some(&web)), "api.shop");
        assert_eq!(named(None, Some(&project(None, Some("main"), None))), "web.shop");
        assert_eq!(named(None, Some(&project(Some("github.com/acme/api/v2"), None, None))), "api.shop");
        assert_eq!(named(None, None), "web.web");
        assert_eq!(of(None, None, "/").to_string(), "root.root");
    }

    #[test]
    fn a_linked_work_tree_is_called_by_its_whole_branch() {
        let named = |branch| of(None, Some(&project(Some("api"), branch, Some("wt"))), "/wt").to_string();
        assert_eq!(named(Some("feat/a")), "api.feat-a.shop");
        assert_eq!(named(Some("fix/a")), "api.fix-a.shop");
        assert_eq!(named(None), "api.0123456.shop");
    }

    #[test]
    fn what_is_lost_is_told_apart_by_a_hash() {
        assert_eq!(label("My_App.v2"), "my-app-v2");
        assert_ne!(label("café"), label("cafè"));
        assert!(label("日本").starts_with('x'));
        let long = "a".repeat(70);
        assert_eq!(label(&long).len(), LONGEST);
        assert_ne!(label(&long), label(&"a".repeat(71)));
        assert_ne!(told_apart("shop", "/a/shop"), told_apart("shop", "/b/shop"));
    }

    proptest! {
        #[test]
        fn any_text_makes_a_label(text in ".{0,100}", other in ".{0,100}") {
            for label in [label(&text), told_apart(&label(&text), &other)] {
                prop_assert!((1..=LONGEST).contains(&label.len()), "{label}");
                prop_assert!(label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')), "{label}");
                prop_assert!(!label.starts_with('-') && !label.ends_with('-'), "{label}");
            }
        }
    }
}
