//! For tests only: network namespaces, real servers, and the binary with a clean environment.
#![forbid(unsafe_code)]
