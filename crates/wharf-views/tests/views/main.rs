//! What the views draw, by snapshots; and that nothing from outside reaches a terminal raw.

mod fixture;
mod hostile;
mod json;
mod list;
mod runs;
mod show;
mod watch;
