//! All causes, by groups; each in a file of its own. Not here: how facts are gathered, and who prefers which.

use crate::cause::Cause;

mod bind;
mod errors;
mod firewall;
mod hangs;
mod names;
mod protocols;
mod refused;
mod silent;
#[cfg(test)]
mod testing;
mod wharf;
mod wrong_answer;

/// Every cause that wharf knows, by groups. Within one layer, the first of this list that holds is named: what is more
/// special stands before what is more general.
pub const CAUSES: &[&[&Cause]] = &[
    names::CAUSES,
    errors::CAUSES,
    refused::CAUSES,
    silent::CAUSES,
    hangs::CAUSES,
    wrong_answer::CAUSES,
    protocols::CAUSES,
    bind::CAUSES,
    wharf::CAUSES,
    hangs::LAST,
    silent::LAST,
];

/// Codes of causes that lie beyond a forwarder: what is found there follows them.
pub(crate) const LEADING_ON: &[&str] = &["upstream-down", "upstream-slow"];

/// Returns every cause, by layers, as they are judged.
#[must_use]
pub fn in_order() -> Vec<&'static Cause> {
    let mut causes: Vec<&Cause> = CAUSES.iter().copied().flatten().copied().collect();
    causes.sort_by_key(|cause| cause.layer);
    causes
}

/// Returns every cause, by groups, as they are listed.
#[must_use]
pub fn all() -> Vec<&'static Cause> {
    let mut causes: Vec<&Cause> = CAUSES.iter().copied().flatten().copied().collect();
    causes.sort_by_key(|cause| cause.group);
    causes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut seen = BTreeSet::new();
        for cause in all() {
            let plain =
                |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
            assert!(cause.code.chars().all(plain) && !cause.code.starts_with('-'), "{}", cause.code);
            assert!(seen.insert(cause.code), "{} twice", cause.code);
        }
    }

    #[test]
    fn declarations_are_written_in_one_way() {
        for cause in all() {
            assert!(!cause.title.ends_with('.'), "{}: the title is no sentence", cause.code);
            let is_sentence = cause.title.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic());
            assert!(is_sentence || cause.title.starts_with("wharf"), "{}: {}", cause.code, cause.title);
            for text in [cause.symptom, cause.evidence, cause.fix] {
                assert!(text.ends_with(['.', '`', ')']) && text.len() > 10, "{}: {text:?}", cause.code);
            }
        }
    }
}
