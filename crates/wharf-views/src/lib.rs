//! Windows: the model as text for people and as JSON for programs. Keeps no state, opens no socket, reads no /proc.
//!
//! Whatever a view must know of the world (the terminal's width, the clock, who asks) comes in a
//! [`style::Style`]. Not here: the order of endpoints and what is known of them (`wharf-catalog`).
#![forbid(unsafe_code)]

pub mod json;
pub mod schema;
pub mod style;
pub mod text;
