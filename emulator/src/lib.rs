//! A durable local scheduler for the Durable Task SDKs, on SQLite.

pub mod store;
