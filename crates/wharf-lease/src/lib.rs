//! Hold: a port promised to a name, the same one tomorrow.
//!
//! [`name`] makes names out of what a project calls itself, [`choice`] chooses numbers, [`store`] keeps
//! promises in a file that many processes share, and [`system`] tells them what this machine says. Not here: which project a directory belongs to
//! (`wharf-catalog`), holding a port in the kernel (`wharf-os`), and starting programs (`wharf-run`).
#![forbid(unsafe_code)]

pub mod choice;
pub mod name;
pub mod store;
pub mod system;
