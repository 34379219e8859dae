//! What the views draw, by snapshots; and that nothing from outside reaches a terminal raw.

mod diagnosis;
mod fixture;
mod free;
mod hostile;
mod json;
mod list;
mod runs;
mod show;
mod trust;
mod watch;
