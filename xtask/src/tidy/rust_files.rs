//! What every Rust file owes: a module doc, a bounded size, the fence around `unsafe`, finished work.

use super::house::{File, Finding, House};
use super::rust_text::has_word;

/// Lines that a file may have at most.
const FILE_LINES: usize = 600;

/// Lines that a function should have at most; more is advice, not a fault.
const FUNCTION_LINES: usize = 60;

/// Data tables: files that may be longer, by name.
const TABLES: &[&str] = &["crates/wharf-catalog/src/service/table.rs"];

/// The one crate that may say `unsafe`.
const UNSAFE_CRATE: &str = "wharf-sys";

/// Lines above an `unsafe` that its comment may be away, for a statement of several lines.
const SAFETY_REACH: usize = 6;

/// Every file opens with `//!`.
pub(super) fn module_docs(house: &House) -> Vec<Finding> {
    let bare = house.rust().filter(|file| !file.text.starts_with("//! "));
    bare.map(|file| file.finding(1, "opens without //!: say what is in the file and what is not")).collect()
}

/// No file grows past [`FILE_LINES`], data tables excepted.
pub(super) fn file_sizes(house: &House) -> Vec<Finding> {
    let files = house.rust().filter(|file| !TABLES.contains(&file.path.as_str()));
    let long = files.filter(|file| file.text.lines().count() > FILE_LINES);
    long.map(|file| {
        let lines = file.text.lines().count();
        file.finding(0, format!("{lines} lines: at most {FILE_LINES}; split it by what it does"))
    })
    .collect()
}

/// Every crate but `wharf-sys` forbids `unsafe` at its root (a `deny` of the workspace can be undone inside).
pub(super) fn forbidden_unsafe(house: &House) -> Vec<Finding> {
    let roots = house.rust().filter(|file| is_crate_root(file) && file.crate_name() != Some(UNSAFE_CRATE));
    let open = roots.filter(|file| !file.code.contains("#![forbid(unsafe_code)]"));
    open.map(|file| file.finding(1, "lacks #![forbid(unsafe_code)]")).collect()
}

/// `unsafe` stands in `wharf-sys` alone.
pub(super) fn unsafe_fence(house: &House) -> Vec<Finding> {
    let others = house.rust().filter(|file| file.crate_name() != Some(UNSAFE_CRATE));
    others.flat_map(|file| lines_with(file, "unsafe", "unsafe outside wharf-sys")).collect()
}

/// Every `unsafe` block and impl says in `// SAFETY:` why it holds.
pub(super) fn safety_comments(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.rust() {
        let text: Vec<&str> = file.text.lines().collect();
        for (index, line) in file.code.lines().enumerate() {
            let is_block = line.contains("unsafe {") || line.contains("unsafe impl");
            if is_block && !is_explained(&text, index) {
                findings.push(file.finding(index + 1, "unsafe without // SAFETY: above it"));
            }
        }
    }
    findings
}

/// No test is switched off and no work is left as a stub.
pub(super) fn unfinished_work(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.rust() {
        for (index, line) in file.code.lines().enumerate() {
            if line.contains("#[ignore") {
                findings
                    .push(file.finding(index + 1, "#[ignore]: fix the test, or skip it by name and reason"));
            }
            if ["todo!", "unimplemented!"].iter().any(|stub| line.contains(stub)) {
                findings.push(file.finding(index + 1, "a stub: finish it or leave it out"));
            }
        }
    }
    findings
}

/// Names the functions that are longer than [`FUNCTION_LINES`].
pub(super) fn long_functions(house: &House) -> Vec<Finding> {
    house
        .rust()
        .flat_map(|file| {
            functions(file)
                .into_iter()
                .filter(|long| long.lines > FUNCTION_LINES)
                .map(|long| file.finding(long.line, format!("fn {} has {} lines", long.name, long.lines)))
        })
        .collect()
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Finds functions by their `fn` and the braces after it; rustfmt's indentation closes them.
fn functions(file: &File) -> Vec<Function> {
    let lines: Vec<&str> = file.code.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closes = |other: &&str| **other == format!("{}}}", " ".repeat(indent));
        let is_bodyless = lines[index..].iter().find(|line| line.contains('{') || line.contains(';'));
        if is_bodyless.is_some_and(|line| !line.contains('{')) || line.trim_end().ends_with('}') {
            continue;
        }
        if let Some(length) = lines[index..].iter().position(closes) {
            found.push(Function { name: name.to_owned(), line: index + 1, lines: length + 1 });
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_item = before.split_whitespace().all(|word| {
        matches!(word, "const" | "async" | "unsafe" | "extern" | "pub") || word.starts_with("pub(")
    });
    is_item.then(|| after.split(['(', '<']).next().unwrap_or(after))
}

fn is_crate_root(file: &File) -> bool {
    file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs")
}

fn lines_with(file: &File, word: &str, text: &str) -> Vec<Finding> {
    let lines = file.code.lines().enumerate().filter(|(_, line)| has_word(line, word));
    lines.map(|(index, _)| file.finding(index + 1, text)).collect()
}

/// Whether the comment above line `index` says why; a blank line or a finished statement ends the search.
fn is_explained(text: &[&str], index: usize) -> bool {
    if text[index].contains("SAFETY:") {
        return true;
    }
    let mut away = 0;
    for line in text[..index].iter().rev() {
        let line = line.trim();
        if line.starts_with("//") {
            if line.contains("SAFETY:") {
                return true;
            }
            continue;
        }
        away += 1;
        if line.is_empty() || line.ends_with([';', '}']) || away > SAFETY_REACH {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::house::check;
    use super::*;

    fn rust(path: &str, text: &str) -> House {
        House::of(&[(path, text)])
    }

    const SYS: &str = "crates/wharf-sys/src/linux.rs";
    const OS: &str = "crates/wharf-os/src/lib.rs";

    #[test]
    fn file_without_module_doc_is_refused() {
        check(&module_docs(&rust(OS, "use std::fs;\n")), &[(OS, 1)]);
        check(&module_docs(&rust(OS, "//! The seam.\n")), &[]);
    }

    #[test]
    fn long_file_is_refused() {
        check(&file_sizes(&rust(OS, &"\n".repeat(FILE_LINES))), &[]);
        check(&file_sizes(&rust(OS, &"\n".repeat(FILE_LINES + 1))), &[(OS, 0)]);
    }

    #[test]
    fn crate_without_forbid_is_refused() {
        check(&forbidden_unsafe(&rust(OS, "//! The seam.\n")), &[(OS, 1)]);
        check(&forbidden_unsafe(&rust(OS, "//! #![forbid(unsafe_code)]\n")), &[(OS, 1)]);
        check(&forbidden_unsafe(&rust(OS, "//! The seam.\n#![forbid(unsafe_code)]\n")), &[]);
        check(&forbidden_unsafe(&rust("crates/wharf-sys/src/lib.rs", "//! Kernel.\n")), &[]);
    }

    #[test]
    fn unsafe_outside_the_kernel_room_is_refused() {
        let text = "//! unsafe in words is fine\n#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }\n";
        check(&unsafe_fence(&rust(OS, text)), &[(OS, 3)]);
        check(&unsafe_fence(&rust(SYS, text)), &[]);
    }

    #[test]
    fn unsafe_without_reason_is_refused() {
        check(&safety_comments(&rust(SYS, "    let n = unsafe { read() };\n")), &[(SYS, 1)]);
        check(&safety_comments(&rust(SYS, "    // SAFETY: `fd` is open.\n    unsafe { read() }\n")), &[]);
        let reason_of_another = "    // SAFETY: fine.\n    unsafe { a() };\n    unsafe { b() };\n";
        check(&safety_comments(&rust(SYS, reason_of_another)), &[(SYS, 3)]);
        let statement = "    // SAFETY: fine.\n    let n =\n        unsafe { a() };\n";
        check(&safety_comments(&rust(SYS, statement)), &[]);
    }

    #[test]
    fn unfinished_work_is_refused() {
        check(&unfinished_work(&rust(OS, "#[test]\n#[ignore]\nfn f() { todo!() }\n")), &[(OS, 2), (OS, 3)]);
        check(&unfinished_work(&rust(OS, "// todo! in words\n")), &[]);
    }

    #[test]
    fn long_function_is_named() {
        let long =
            format!("impl A {{\n    pub fn long(&self) {{\n{}    }}\n}}\n", "        a();\n".repeat(60));
        check(&long_functions(&rust(OS, &long)), &[(OS, 2)]);
        let short = "fn short() {\n    a();\n}\n\ntrait T {\n    fn bodyless(&self);\n}\n".to_owned();
        check(&long_functions(&rust(OS, &(short + &"// x\n".repeat(80)))), &[]);
    }
}
