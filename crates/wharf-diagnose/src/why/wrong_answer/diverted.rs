//! Words that the causes of diverted connections share. Not here: any cause.

use crate::cause::{Finding, Opinion};
use crate::facts::Facts;
use crate::facts::network::{Diversion, Diverted};

/// Returns what to make of a connection that `by` diverts: a cause where that bypasses the server that was asked for, or
/// leads nowhere; else only something to know.
pub(super) fn opinion(
    facts: &Facts,
    by: Diversion,
    what: &str,
    evidence: impl FnOnce(Finding) -> Finding,
) -> Opinion {
    let Some(diverted) = facts.network.diverted.as_ref().filter(|diverted| diverted.by == by) else {
        return Opinion::Aside;
    };
    let Diverted { asked, to, listener, bypassed, .. } = diverted;
    let there = listener.clone().unwrap_or_else(|| "somebody else".to_owned());
    let Some(bypassed) = bypassed else {
        return Opinion::Odd(format!(
            "{what} sends connections to {asked} on to {to}, where {there} answers"
        ));
    };
    let text = format!("{what} sends connections to {asked} on to {to}: {there} answers, and not {bypassed}");
    evidence(Finding::new(text)).into()
}
