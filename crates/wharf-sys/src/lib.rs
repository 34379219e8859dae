//! The kernel room: sockets, processes and namespaces as the kernel tells them. Records out, no policy.
