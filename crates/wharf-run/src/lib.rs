//! Launch: any server on its own port, on loopback only.
//!
//! [`environment`] says what the program is told, [`berth`] where its sockets go, [`numbers`] which they get, and
//! [`life`] sees it from start to end, with all that it starts. [`registry`] knows which runs there are, [`log`] keeps
//! what those in the background write, and [`stop`] ends one from elsewhere. Not here: how its calls are made for it (`wharf-os`), which numbers are whose
//! (`wharf-lease`), and what people read of it (`wharf-views`).
#![forbid(unsafe_code)]

pub mod berth;
pub mod doors;
pub mod environment;
pub mod life;
pub mod log;
pub mod node;
pub mod numbers;
pub mod registry;
pub mod stop;
