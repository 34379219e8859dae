//! Questions of a diagnosis: what is only asked where something does not work, each from one source.
//!
//! Answers are facts, never judgements (`wharf-diagnose` judges). Every function asks in the network namespace of the
//! thread that calls it, so that a diagnosis can be made from another namespace's point of view; files below /proc are
//! therefore read by `/proc/thread-self`. Not here: what every list needs ([`crate::traits`]).

#[path = "examine/attempt.rs"]
pub mod attempt;
#[path = "examine/bind.rs"]
pub mod bind;
#[path = "examine/cgroup.rs"]
pub mod cgroup;
#[path = "examine/client.rs"]
pub mod client;
#[path = "examine/commands.rs"]
pub mod commands;
#[path = "examine/counters.rs"]
pub mod counters;
#[path = "examine/credentials.rs"]
pub mod credentials;
#[path = "examine/errno.rs"]
pub mod errno;
#[path = "examine/firewall.rs"]
pub mod firewall;
#[path = "examine/links.rs"]
pub mod links;
#[path = "examine/names.rs"]
pub mod names;
#[path = "examine/nft_rule.rs"]
mod nft_rule;
#[path = "examine/nftables.rs"]
mod nftables;
#[path = "examine/process.rs"]
pub mod process;
#[path = "examine/programs.rs"]
pub mod programs;
#[path = "examine/queue.rs"]
pub mod queue;
#[path = "examine/roots.rs"]
pub mod roots;
#[path = "examine/routes.rs"]
pub mod routes;
#[path = "examine/rule_text.rs"]
mod rule_text;
#[path = "examine/stand.rs"]
pub mod stand;
#[path = "examine/system.rs"]
pub mod system;
#[path = "examine/tool.rs"]
mod tool;
#[path = "examine/units.rs"]
pub mod units;
#[path = "examine/unix.rs"]
pub mod unix;
