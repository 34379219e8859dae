//! Windows: the model as text for people and as JSON for programs. Keeps no state, opens no socket, reads no /proc.
#![forbid(unsafe_code)]
