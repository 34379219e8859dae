//! Whoever called: agrees to a plan, and does what lies outside of this crate.

use wharf_model::free::Freed;
use wharf_model::lease::Lease;

/// What was said to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Go on.
    Yes,
    /// Leave it.
    No,
    /// Nobody is there to say.
    Nobody,
}

/// Whoever called.
pub trait Company {
    /// Shows what is to be done, the holders, steps and remarks in `plan`, and asks. `again` says who started it again, where
    /// a first plan was not enough.
    fn agrees(&mut self, plan: &Freed, again: Option<&str>) -> Consent;

    /// Asks whether what does not obey may be killed; `who` is one line on it.
    fn kills(&mut self, who: &str) -> bool;

    /// Hears what is being waited for; it may take a while.
    fn waits(&mut self, what: &str);

    /// Lets go of the port that is kept for a lease.
    ///
    /// # Errors
    /// Why it cannot be, in words.
    fn lets_go(&mut self, lease: &Lease) -> Result<(), String>;
}
