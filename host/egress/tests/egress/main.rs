//! The door out, against real sockets on loopback.

mod credentials;
mod door;
mod outcome;
mod rotation;
mod support;
mod tls;
mod tokens;
