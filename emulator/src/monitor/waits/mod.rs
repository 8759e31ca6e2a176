//! What unfinished instances wait for: their histories are folded once, and then only what is
//! new, a little in each update. An instance whose fold has not caught up has no facts yet.

mod facts;
mod fold;
mod reader;

pub(crate) use self::fold::WaitFold;
pub(super) use self::reader::Stored;
pub(super) use self::reader::Waits;
pub(super) use self::reader::facts_of;
pub(super) use self::reader::stored;
