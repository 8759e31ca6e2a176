//! What every rpc refuses alike, made from the description of the service.

use durascope_proto::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Type;
use tonic::Code;

use super::MESSAGE_BYTES_MAX;
use super::raw::Call;
use super::rows::Table;
use super::rows::refusal;

const SERVICE: &str = "TaskHubSidecarService";

/// An rpc of the official service.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) rpc: String,
    /// The number of a field of its request that is text, if there is one.
    text_field: Option<u8>,
}

pub(super) fn methods() -> Vec<Method> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let services = set.file.iter().flat_map(|file| &file.service);
    let methods = services
        .filter(|service| service.name() == SERVICE)
        .flat_map(|service| &service.method);
    methods
        .map(|method| Method {
            rpc: method.name().to_owned(),
            text_field: text_field(&set.file, method.input_type()),
        })
        .collect()
}

fn text_field(files: &[FileDescriptorProto], message: &str) -> Option<u8> {
    let messages = files.iter().flat_map(|file| &file.message_type);
    let message = messages
        .filter(|it| message.trim_start_matches('.') == it.name())
        .find_map(|it| it.field.iter().find(|it| it.r#type() == Type::String));
    u8::try_from(message?.number()).ok()
}

pub(super) fn table() -> Table {
    let mut table = Table::default();
    for method in methods() {
        let call = |hub: &[u8], body: &[u8]| Call {
            rpc: method.rpc.clone(),
            hub: Some(hub.to_vec()),
            deadline: None,
            body: body.to_vec(),
        };
        // These two are about the hub itself.
        if !["CreateTaskHub", "DeleteTaskHub"].contains(&method.rpc.as_str()) {
            let expected = refusal(Code::NotFound, &["Task hub not found: green"]);
            table.add("unknown hub", call(b"green", b""), expected);
        }
        let expected = refusal(Code::InvalidArgument, &["taskhub", "UTF-8"]);
        table.add("hub that is no text", call(b"gr\xfcn", b""), expected);
        let long = "ü".repeat(6_000).into_bytes();
        if !["CreateTaskHub", "DeleteTaskHub"].contains(&method.rpc.as_str()) {
            let expected = refusal(Code::NotFound, &["Task hub not found: ü"]);
            table.add("endless hub", call(&long, b""), expected);
        }

        let mut malformed = vec![
            (
                "a length beyond the end",
                b"\x0a\xff\xff\xff\xff\x0f junk".to_vec(),
            ),
            ("the end of no group", b"\x0c".to_vec()),
            (
                "a number without an end",
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            ),
        ];
        if let Some(number) = method.text_field {
            malformed.push((
                "text that is no UTF-8",
                vec![number << 3 | 2, 2, 0xff, 0xfe],
            ));
        }
        for (case, body) in malformed {
            let expected = refusal(Code::InvalidArgument, &["not a valid message"]);
            table.add(case, call(b"default", &body), expected);
        }

        let limit = MESSAGE_BYTES_MAX.to_string();
        let expected = refusal(Code::ResourceExhausted, &[&limit, "--max-message-bytes"]);
        let body = vec![0; MESSAGE_BYTES_MAX + 1];
        table.add(
            "a message above the limit",
            call(b"default", &body),
            expected,
        );
    }
    table
}
