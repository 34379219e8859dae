//! Facts in, diagnosis out: pure. Not here: the causes ([`crate::why`]), and gathering facts ([`crate::gather`]).

use wharf_model::diagnosis::{CauseFound, DIAGNOSIS_SCHEMA, Diagnosis, Remark, RuledOut, Untold, Verdict};
use wharf_model::timestamp::Timestamp;

use crate::cause::{Cause, Finding, Layer, Opinion};
use crate::facts::Facts;
use crate::facts::chain::{Beyond, WayEnd};
use crate::why;

/// Judges `facts`, which were gathered at `taken_at`.
#[must_use]
pub fn judge(facts: &Facts, taken_at: Timestamp) -> Diagnosis {
    let mut found: Vec<(Layer, &Cause, Finding)> = Vec::new();
    let mut diagnosis = blank(facts, taken_at);
    for cause in why::in_order() {
        match (cause.rule)(facts) {
            // Of one layer the first is the cause, and the rest are what follows from it.
            Opinion::Holds(finding)
                if !finding.independent && found.iter().any(|(layer, ..)| *layer == cause.layer) => {}
            Opinion::Holds(finding) => found.push((cause.layer, cause, finding)),
            Opinion::Odd(text) => diagnosis.remarks.push(Remark { code: cause.code.to_owned(), text }),
            Opinion::RuledOut(reason) => diagnosis.ruled_out.push(RuledOut {
                code: cause.code.to_owned(),
                area: cause.layer.area().to_owned(),
                title: cause.title.to_owned(),
                reason,
            }),
            Opinion::Open(lacks) => diagnosis.untold.push(Untold {
                code: cause.code.to_owned(),
                area: cause.layer.area().to_owned(),
                title: cause.title.to_owned(),
                lacks,
            }),
            Opinion::Aside => {}
        }
    }
    // From elsewhere than asked all may look otherwise.
    let explained = facts.client.unseen.is_none() && found.iter().any(|(.., finding)| finding.explains);
    diagnosis.verdict = match (explained, facts.is_reachable()) {
        (true, _) => Verdict::CauseFound,
        (false, true) if found.is_empty() => Verdict::Reachable,
        _ => Verdict::CannotTell,
    };
    diagnosis.causes = found.into_iter().map(|(_, cause, finding)| told(cause, finding)).collect();
    diagnosis.causes.extend(beyond(facts, &diagnosis.causes, taken_at));
    if explained || diagnosis.verdict == Verdict::Reachable {
        diagnosis.untold.clear();
    }
    if diagnosis.verdict == Verdict::CannotTell && !facts.client.privileged {
        diagnosis.would_tell = Some(format!("sudo wharf why {}", facts.words_for_root()));
    }
    diagnosis.summary = summary(facts, &diagnosis);
    diagnosis
}

/// Returns the causes at the far end of a forwarder, where those found here say that they lie there.
fn beyond(facts: &Facts, found: &[CauseFound], taken_at: Timestamp) -> Vec<CauseFound> {
    let leads = found.iter().any(|cause| why::LEADING_ON.contains(&cause.code.as_str()));
    let Some(way) = facts.beyond.as_ref().filter(|_| leads).and_then(Beyond::broken) else {
        return Vec::new();
    };
    match &way.end {
        WayEnd::Here(next) => judge(next, taken_at).causes,
        _ => Vec::new(),
    }
}

fn blank(facts: &Facts, taken_at: Timestamp) -> Diagnosis {
    Diagnosis {
        schema: DIAGNOSIS_SCHEMA.to_owned(),
        taken_at,
        target: facts.aim_text(),
        verdict: Verdict::CannotTell,
        summary: String::new(),
        causes: Vec::new(),
        proof: facts.proof(),
        remarks: Vec::new(),
        chain: facts.chain.clone(),
        ruled_out: Vec::new(),
        untold: Vec::new(),
        would_tell: None,
        timings_ms: facts.timings_ms.clone(),
        warnings: facts.warnings.clone(),
    }
}

fn told(cause: &Cause, mut finding: Finding) -> CauseFound {
    // What is an alternative to others is none where it is the first.
    if let Some(first) = finding.fixes.first_mut()
        && let Some(rest) = first.title.strip_prefix("or ")
    {
        first.title = rest.to_owned();
    }
    CauseFound {
        code: cause.code.to_owned(),
        area: cause.layer.area().to_owned(),
        title: cause.title.to_owned(),
        text: finding.text,
        evidence: finding.evidence,
        fixes: finding.fixes,
    }
}

fn summary(facts: &Facts, diagnosis: &Diagnosis) -> String {
    match diagnosis.verdict {
        Verdict::CauseFound => diagnosis.causes.first().map(|cause| cause.text.clone()).unwrap_or_default(),
        Verdict::CannotTell => facts.known_part(),
        _ => facts.reached_text(),
    }
}
