//! Linux. Every function names its man page or uapi header; kernel ≥ 5.19 unless it says otherwise.

pub mod fd_link;
pub mod kcmp;
pub mod netns;
pub mod proc_dir;
pub mod sock_diag;
pub mod sock_options;
pub mod unix_queue;
pub mod user;
