//! Answers of the feed, made of what a server without the feed tells: whole lists, from which the
//! page that a screen asks for is taken here.

pub mod entities;
pub mod failures;
pub mod times;

use durascope_proto::monitor::Payload;

/// `text` as a payload of at most `bytes_max` bytes.
fn payload(text: Option<&String>, bytes_max: usize) -> Option<Payload> {
    let text = text?;
    Some(Payload {
        total_bytes: u64::try_from(text.len()).unwrap_or(u64::MAX),
        text: Some(text[..text.floor_char_boundary(bytes_max)].to_owned()),
    })
}
