//! Text for people, on a terminal or in a pipe.
//!
//! Every word that comes from outside (names, command lines, paths) passes `escape` on its way into a
//! `Line`, so that nothing of it reaches a terminal raw. In a pipe the columns stay the same whatever
//! they hold, but the contract for programs is `--json`. Not here: JSON.

pub mod daemon;
pub mod diagnosis;
pub mod free;
pub mod lease;
pub mod list;
pub mod names;
pub mod route;
pub mod run;
pub mod show;
pub mod trust;
pub mod warning;
pub mod watch;

mod block;
mod escape;
mod line;
mod number;
mod peers;
mod shorten;
mod table;
mod time;
mod words;

pub(crate) use escape::is_raw_safe;
