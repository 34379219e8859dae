//! Kernel files that are text: parsed here, without a system call, so that they are tested anywhere.
//!
//! Input is whatever a process chose to call itself: nothing here panics on any bytes, and nothing is
//! taken for UTF-8. Not here: reading the files (`linux::proc_dir`).

pub mod cgroup;
pub mod net_table;
pub mod passwd;
pub mod stat;
