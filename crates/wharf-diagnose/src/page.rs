//! The page of a cause, in Markdown, made from its declaration. Not here: writing it to a file (`cargo xtask gen`).

use std::fmt::Write as _;

use crate::cause::{Cause, Group, Proof};
use crate::why;

/// Returns the file name and the text of every page: one a cause, and `README.md`, which lists them.
#[must_use]
pub fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> =
        why::all().into_iter().map(|cause| (format!("{}.md", cause.code), page(cause))).collect();
    pages.push(("README.md".to_owned(), index()));
    pages
}

fn page(cause: &Cause) -> String {
    let proof = match cause.proof {
        Proof::Reproduced => "Brought about by a test on a real kernel.".to_owned(),
        Proof::Documented(by) => format!("Not brought about by a test. Documented by: {by}."),
    };
    let privilege = match cause.privilege {
        None => String::new(),
        Some(what) => format!("\n**Needs:** {what}\n"),
    };
    format!(
        "# {title}\n\nCode `{code}` · {group}\n\n**Symptom:** {symptom}\n\n**How wharf tells:** {evidence}\n{privilege}\n\
         **What to do:** {fix}\n\n{proof}\n",
        title = cause.title,
        code = cause.code,
        group = cause.group.title(),
        symptom = cause.symptom,
        evidence = cause.evidence,
        fix = cause.fix,
    )
}

fn index() -> String {
    let causes = why::all();
    let reproduced = causes.iter().filter(|cause| cause.proof == Proof::Reproduced).count();
    let mut text = format!(
        "# Causes that `wharf why` knows\n\n{} causes; {reproduced} of them are brought about by tests on a real kernel, \
         the others are documented elsewhere, and marked so.\n",
        causes.len()
    );
    for group in Group::ALL {
        let own: Vec<&&Cause> = causes.iter().filter(|cause| cause.group == group).collect();
        if own.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {}\n\n", group.title());
        for cause in own {
            let mark = if cause.proof == Proof::Reproduced { "" } else { " (documented)" };
            let _ = writeln!(text, "- [{}]({1}.md): `{1}`{mark}", cause.title, cause.code);
        }
    }
    text
}
