//! The outside: the connection, the two sources of live data, and calls to the server.

pub mod calls;
pub mod clipboard;
pub mod clock;
pub mod connection;
pub mod feed;
pub mod glance;
pub mod matching;
pub mod poll;
mod sign_in;
pub mod source;
pub mod topics;
pub mod wire;
