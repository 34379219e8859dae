//! The kernel room: sockets, processes and namespaces as the kernel tells them.
//!
//! Records out, no policy: nothing here decides who owns what. The only crate that may hold `unsafe`,
//! one system call a function. One folder an operating system, with the same file names in each;
//! `text/` holds the formats that are mere text and are parsed (and tested) anywhere.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open ports and start programs"))]

#[cfg(target_os = "linux")]
pub mod linux;
pub mod text;
