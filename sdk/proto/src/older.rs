//! What an older contract had and the current one lacks, read off the bytes that a client sends.
//!
//! The Go client is made from it. Its reuse policy has an action beside the statuses, in a field
//! whose number the current contract has given up.

use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use prost::DecodeError;
use prost::Message;
use prost::encoding::DecodeContext;
use prost::encoding::WireType;

use crate::CreateInstanceRequest;

/// `CreateInstanceRequest.orchestrationIdReusePolicy`.
const REUSE_POLICY: u32 = 6;

/// `OrchestrationIdReusePolicy.action` of the older contract.
const ACTION: u32 = 2;

/// What to do with an instance that has the id already, and a status that the policy lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldReuseAction {
    Error = 0,
    Ignore = 1,
    Terminate = 2,
}

/// A `CreateInstanceRequest` of the current contract or of the older one.
///
/// Only what arrives has an action: encoding leaves it out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnyCreateInstanceRequest {
    pub request: CreateInstanceRequest,
    /// `None` for the current contract, and for a number that the older one does not have.
    pub old_action: Option<OldReuseAction>,
}

impl From<CreateInstanceRequest> for AnyCreateInstanceRequest {
    fn from(request: CreateInstanceRequest) -> Self {
        Self {
            request,
            old_action: None,
        }
    }
}

impl Message for AnyCreateInstanceRequest {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.request.encode_raw(buf);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag != REUSE_POLICY {
            return self.request.merge_field(tag, wire_type, buf, ctx);
        }
        let mut policy = Bytes::new();
        prost::encoding::bytes::merge(wire_type, &mut policy, buf, ctx)?;
        if let Some(action) = action_in(policy.clone())? {
            self.old_action = action;
        }
        self.request
            .orchestration_id_reuse_policy
            .get_or_insert_default()
            .merge(policy)
    }

    fn encoded_len(&self) -> usize {
        self.request.encoded_len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The last action in an encoded policy; none when the field is absent.
fn action_in(mut policy: Bytes) -> Result<Option<Option<OldReuseAction>>, DecodeError> {
    let mut action = None;
    while policy.has_remaining() {
        let (tag, wire_type) = prost::encoding::decode_key(&mut policy)?;
        if (tag, wire_type) == (ACTION, WireType::Varint) {
            action = Some(match prost::encoding::decode_varint(&mut policy)? {
                0 => Some(OldReuseAction::Error),
                1 => Some(OldReuseAction::Ignore),
                2 => Some(OldReuseAction::Terminate),
                _ => None,
            });
        } else {
            let ctx = DecodeContext::default();
            prost::encoding::skip_field(wire_type, tag, &mut policy, ctx)?;
        }
    }
    Ok(action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OrchestrationIdReusePolicy;

    fn decoded(policy: &[u8]) -> AnyCreateInstanceRequest {
        let request = CreateInstanceRequest {
            instance_id: "order".to_owned(),
            name: "Order".to_owned(),
            tags: [("k".to_owned(), "v".to_owned())].into(),
            ..Default::default()
        };
        let mut bytes = request.encode_to_vec();
        prost::encoding::bytes::encode(REUSE_POLICY, &policy.to_vec(), &mut bytes);
        let decoded = AnyCreateInstanceRequest::decode(&*bytes).unwrap();
        let expected = CreateInstanceRequest {
            orchestration_id_reuse_policy: decoded.request.orchestration_id_reuse_policy.clone(),
            ..request
        };
        assert_eq!(decoded.request, expected);
        decoded
    }

    #[test]
    fn action_is_read_beside_statuses_in_either_encoding() {
        // Two statuses, packed and one by one.
        for statuses in [&[0x0A, 2, 1, 3][..], &[0x08, 1, 0x08, 3]] {
            for (number, action) in [
                (0, Some(OldReuseAction::Error)),
                (1, Some(OldReuseAction::Ignore)),
                (2, Some(OldReuseAction::Terminate)),
                (9, None),
            ] {
                let policy = [statuses, &[0x10, number]].concat();
                let decoded = decoded(&policy);
                assert_eq!(decoded.old_action, action);
                let statuses = decoded.request.orchestration_id_reuse_policy;
                assert_eq!(statuses.unwrap().replaceable_status, [1, 3]);
            }
        }
    }

    #[test]
    fn policies_of_the_current_contract_have_none() {
        let without = AnyCreateInstanceRequest::decode(&b""[..]).unwrap();
        assert_eq!(without.request.orchestration_id_reuse_policy, None);
        for (policy, statuses) in [(&[][..], vec![]), (&[0x0A, 1, 1], vec![1])] {
            let decoded = decoded(policy);
            assert_eq!(decoded.old_action, None);
            let expected = OrchestrationIdReusePolicy {
                replaceable_status: statuses,
            };
            let found = decoded.request.orchestration_id_reuse_policy;
            assert_eq!(found, Some(expected), "presence is kept");
        }
    }

    #[test]
    fn a_broken_policy_is_refused_as_by_the_contract() {
        for policy in [&[0x10][..], &[0x0A, 5, 1], &[0x07]] {
            let mut bytes = Vec::new();
            prost::encoding::bytes::encode(REUSE_POLICY, &policy.to_vec(), &mut bytes);
            assert!(AnyCreateInstanceRequest::decode(&*bytes).is_err());
            assert!(CreateInstanceRequest::decode(&*bytes).is_err());
        }
    }
}
