//! The rules of the house that no compiler holds: `cargo xtask tidy`, which is also a test.
//!
//! Here: the list of rules and how findings are shown. Each rule is a pure function from the files of
//! the workspace to findings, in a module of its own, with a fixture that it must catch.

mod arrows;
mod house;
mod papers;
mod platform;
mod rust_files;
mod rust_text;
mod words;

use anyhow::Result;

use crate::workspace;
use house::{Finding, House};

/// A rule: from the files of the workspace to what is wrong with them.
type Rule = fn(&House) -> Vec<Finding>;

const RULES: &[Rule] = &[
    arrows::crate_arrows,
    arrows::locked_packages,
    rust_files::module_docs,
    rust_files::file_sizes,
    rust_files::forbidden_unsafe,
    rust_files::unsafe_fence,
    rust_files::safety_comments,
    rust_files::unfinished_work,
    platform::platform_fence,
    papers::links_resolve,
    papers::crates_are_on_the_map,
    words::workplace_words,
    words::trailing_spaces,
];

/// Holds the rules over this workspace; false if one is broken.
pub(crate) fn run() -> Result<bool> {
    let house = House::read(&workspace::root())?;
    let findings = findings(&house);
    for advice in rust_files::long_functions(&house) {
        println!("advice: {advice}");
    }
    for finding in &findings {
        println!("error: {finding}");
    }
    println!("tidy: {} files, {} rules, {} findings", house.files.len(), RULES.len(), findings.len());
    Ok(findings.is_empty())
}

fn findings(house: &House) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule(house)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_house_is_tidy() {
        let house = House::read(&workspace::root()).expect("the workspace can be read");
        let findings: Vec<String> = findings(&house).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
