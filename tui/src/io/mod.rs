//! The outside: the connection, the two sources of live data, and calls to the server.

pub mod calls;
pub mod clock;
pub mod connection;
pub mod export;
pub mod feed;
pub mod glance;
mod list;
pub mod matching;
pub mod poll;
pub mod poll_topics;
pub mod recording;
mod row_facts;
pub mod saved;
mod sign_in;
pub mod source;
pub mod topics;
pub mod wire;
