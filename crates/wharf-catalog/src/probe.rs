//! Asking a port what speaks there.
