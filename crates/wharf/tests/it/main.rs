//! The binary on real kernels: each test in network, pid and mount namespaces of its own.
//!
//! One module for each of the hard cases of listing sockets, and then bad input and faults. Not
//! here: rules on values (beside the rules), and how the scenes are made (`wharf-testkit`).
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

mod outside;
mod routed;
mod running;
mod support;

mod addresses;
mod bound;
mod browser;
mod circumstances;
mod clients;
mod clients_of_router;
mod cluster;
mod container;
mod daemon;
mod engine;
mod faults;
mod free;
mod hosts;
mod in_flight;
mod input;
mod isolate;
mod leases;
mod link;
mod marks;
mod names;
mod namespaces;
mod privilege;
mod programs;
mod races;
mod router;
mod router_faults;
mod run;
mod runs;
mod scale;
mod service;
mod sharing;
mod states;
mod strict;
mod tcp;
mod terminal;
mod trust;
mod udp;
mod users;
mod watch;
mod why;
