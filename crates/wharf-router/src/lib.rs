//! The door: which host name leads to which upstream, and HTTP/1.1 and TLS before local services.
//!
//! [`router`] is what the daemon has of it, [`config`] what its user may choose, [`fault`] what is said when there is no
//! answer; [`authority`] vouches for its names, and [`leaves`] are their certificates. Inside, a connection comes by an
//! [`entrance`], [`serve`] reads its requests, the [`table`] tells the place of each, and an [`exchange`] passes it on. Not
//! here: leases, runs and the file that keeps them; the daemon tells which routes there are.
#![forbid(unsafe_code)]

pub mod authority;
mod bridge;
mod buffer;
mod bulk;
pub mod config;
mod deadline;
pub mod entrance;
mod exchange;
pub mod fault;
mod fields;
mod flow;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod hall;
mod host;
mod http1;
mod http2;
pub mod leaves;
pub mod ledger;
mod metrics;
mod origin;
mod page;
mod pool;
mod raw;
mod reception;
pub mod router;
mod serve;
mod sni;
mod stream;
pub mod table;
mod upstream;
