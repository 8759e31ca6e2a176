//! Messages that are encoded already: stored history goes to workers without being decoded.
//!
//! They are write-only. Decoding one keeps nothing, as no peer ever sends them to us.

use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use prost::DecodeError;
use prost::encoding::DecodeContext;
use prost::encoding::WireType;

/// A `WorkItem` as wire bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedWorkItem(pub Bytes);

/// A `HistoryChunk` as wire bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedHistoryChunk(pub Bytes);

macro_rules! encoded_message {
    ($name:ident, $of:ty) => {
        impl prost::Message for $name {
            fn encode_raw(&self, buf: &mut impl BufMut) {
                buf.put_slice(&self.0);
            }

            fn merge_field(
                &mut self,
                tag: u32,
                wire_type: WireType,
                buf: &mut impl Buf,
                ctx: DecodeContext,
            ) -> Result<(), DecodeError> {
                prost::encoding::skip_field(wire_type, tag, buf, ctx)
            }

            fn encoded_len(&self) -> usize {
                self.0.len()
            }

            fn clear(&mut self) {
                self.0.clear();
            }
        }

        impl From<&$of> for $name {
            fn from(message: &$of) -> Self {
                Self(prost::Message::encode_to_vec(message).into())
            }
        }
    };
}

encoded_message!(EncodedWorkItem, crate::WorkItem);
encoded_message!(EncodedHistoryChunk, crate::HistoryChunk);
