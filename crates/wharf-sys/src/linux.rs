//! Linux. Every function names its man page or uapi header; kernel ≥ 5.19 unless it says otherwise.

pub mod bpf;
pub mod descriptor;
pub mod fd_link;
pub mod isolate;
pub mod kcmp;
pub mod landlock;
pub mod netlink;
pub mod netns;
pub mod own_memory;
pub mod proc_dir;
pub mod process_control;
pub mod process_memory;
pub mod seccomp;
pub mod session;
pub mod sock_diag;
pub mod sock_options;
pub mod socket_control;
pub mod syscall_names;
pub mod unix_queue;
pub mod user;
