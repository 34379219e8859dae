//! The fence around operating systems: only `wharf-sys` and `wharf-os` tell them apart, by whole modules.
//!
//! A test file of another crate may be of one platform as a whole (`#![cfg(…)]` on its first lines).

use super::house::{File, Finding, House};
use super::rust_text::has_word;

/// The crates that may tell operating systems apart.
const SEAM: &[&str] = &["wharf-sys", "wharf-os"];

/// Words that name a platform inside a `cfg`.
const PLATFORM_WORDS: &[&str] = &["target_os", "target_family", "unix", "windows"];

/// Conditional code for one platform stands where it may, on what it may.
pub(super) fn platform_fence(house: &House) -> Vec<Finding> {
    house.rust().flat_map(file_findings).collect()
}

fn file_findings(file: &File) -> Vec<Finding> {
    let lines: Vec<&str> = file.code.lines().collect();
    let in_seam = file.crate_name().is_some_and(|name| SEAM.contains(&name));
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(condition) = conditional(line) else { continue };
        if !PLATFORM_WORDS.iter().any(|word| has_word(condition, word)) {
            continue;
        }
        let is_whole_file = line.trim_start().starts_with("#![cfg(");
        let text = if is_whole_file && (in_seam || file.path.contains("/tests/")) {
            continue;
        } else if !in_seam {
            "tells operating systems apart outside wharf-sys and wharf-os"
        } else if is_whole_module(file, &lines[index..]) {
            continue;
        } else {
            "tells operating systems apart on less than a module: one folder an OS"
        };
        findings.push(file.finding(index + 1, text));
    }
    findings
}

/// Returns what stands after the first `cfg` of a line: an attribute's or the macro's.
fn conditional(line: &str) -> Option<&str> {
    ["cfg(", "cfg_attr(", "cfg!("].iter().find_map(|opening| line.split_once(opening)).map(|(_, rest)| rest)
}

/// Whether the attribute on the first of `lines` selects a module or an import, or, in the crate's
/// root, the body of a function.
fn is_whole_module(file: &File, lines: &[&str]) -> bool {
    if lines[0].contains("cfg!(") {
        return false;
    }
    let item =
        lines[1..].iter().map(|line| line.trim()).find(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(item) = item else { return false };
    let is_module = ["mod ", "use "]
        .iter()
        .any(|word| item.starts_with(word) || item.starts_with("pub") && item.contains(&format!(" {word}")));
    let is_field = item.split_once(": ").is_some_and(|(name, _)| {
        name.chars().all(|character| character.is_alphanumeric() || " _()".contains(character))
    });
    let in_body = lines[0].starts_with("    ") && file.path.ends_with("/lib.rs") && !is_field;
    is_module || in_body
}

#[cfg(test)]
mod tests {
    use super::super::house::check;
    use super::*;

    fn fence(path: &str, text: &str) -> Vec<Finding> {
        platform_fence(&House::of(&[(path, text)]))
    }

    const OS: &str = "crates/wharf-os/src/lib.rs";
    const VIEW: &str = "crates/wharf-views/src/lib.rs";

    #[test]
    fn view_that_knows_windows_is_refused() {
        check(&fence(VIEW, "#[cfg(windows)]\nmod console;\n"), &[(VIEW, 1)]);
        check(&fence(VIEW, "fn f() -> bool { cfg!(target_os = \"linux\") }\n"), &[(VIEW, 1)]);
    }

    #[test]
    fn field_of_one_platform_is_refused() {
        check(&fence(OS, "struct A {\n    #[cfg(unix)]\n    pub uid: u32,\n}\n"), &[(OS, 2)]);
        let inner = "crates/wharf-os/src/linux/proc.rs";
        check(&fence(inner, "fn f() {\n    #[cfg(unix)]\n    a();\n}\n"), &[(inner, 2)]);
    }

    #[test]
    fn whole_modules_and_bodies_of_the_root_pass() {
        check(&fence(OS, "#[cfg(target_os = \"linux\")]\nmod linux;\n#[cfg(unix)]\npub use a::b;\n"), &[]);
        check(
            &fence(OS, "fn os() {\n    #[cfg(not(target_os = \"linux\"))]\n    return other::os();\n}\n"),
            &[],
        );
        check(&fence(OS, "#[cfg(test)]\nmod tests;\n"), &[]);
    }

    #[test]
    fn whole_test_file_may_be_of_one_platform() {
        check(&fence("crates/wharf/tests/kernel/main.rs", "#![cfg(target_os = \"linux\")]\n"), &[]);
        check(
            &fence("crates/wharf/src/main.rs", "#![cfg(target_os = \"linux\")]\n"),
            &[("crates/wharf/src/main.rs", 1)],
        );
    }
}
