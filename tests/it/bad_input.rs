//! Input that must be refused: with the right status, in words that help, and without loss.

use std::fs;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use tonic::Code;
use tonic::Status;

use crate::protocol::Server;

/// The longest instance id that the scheduler takes.
const ID_CHARS_MAX: usize = 100;

/// The least limit that the emulator can be given.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where SQLite keeps the version that a program has given its database, big-endian.
const USER_VERSION: std::ops::Range<usize> = 60..64;

/// The exit codes that the emulator documents.
const EXIT_DATABASE: i32 = 74;
const EXIT_IN_USE: i32 = 75;

#[tokio::test]
async fn ids_and_names_have_their_limits() {
    let server = Server::start().await;
    let client = &server.client;
    let longest = "ü".repeat(ID_CHARS_MAX);
    assert_eq!(
        client.start("Order", &longest, None).await.unwrap(),
        longest
    );

    let refused: [(&str, &str, &str); 3] = [
        ("Order", &"x".repeat(ID_CHARS_MAX + 1), "100"),
        ("Order", "@counter@1", "@"),
        ("", "order", "name"),
    ];
    for (name, id, word) in refused {
        let status = client.start(name, id, None).await.unwrap_err();
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "{name} {id}: {status:?}"
        );
        assert!(
            status.message().to_lowercase().contains(word),
            "{}",
            status.message()
        );
        assert_eq!(
            client.state(id).await.unwrap_or(None),
            None,
            "a refused start left {id}"
        );
    }
    for (id, name) in [("", "Go"), (longest.as_str(), "")] {
        let status = client.raise(id, name, None).await.unwrap_err();
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "{id:?} {name:?}: {status:?}"
        );
    }
}

#[tokio::test]
async fn unknown_instance_is_named_in_the_refusal() {
    let server = Server::start().await;
    let mut rpc = server.client.rpc.clone();
    let suspend = durascope_proto::SuspendRequest {
        instance_id: "nobody".to_owned(),
        reason: None,
    };
    let resume = durascope_proto::ResumeRequest {
        instance_id: "nobody".to_owned(),
        reason: None,
    };
    let answers = [
        server.client.raise("nobody", "Go", None).await,
        server.client.terminate("nobody", None, true).await,
        rpc.suspend_instance(suspend).await.map(drop),
        rpc.resume_instance(resume).await.map(drop),
    ];
    for answer in answers {
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{status:?}");
        assert!(status.message().contains("nobody"), "{}", status.message());
    }
}

#[tokio::test]
async fn unknown_hub_is_refused_where_hubs_are_strict() {
    let emulator =
        Emulator::start(&["--ephemeral", "--strict-hubs", "--task-hubs", "red,blue"]).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    for known in ["red", "blue"] {
        client
            .hub(known)
            .unwrap()
            .start("Order", "order", None)
            .await
            .unwrap();
    }
    let first = client.without_hub().state("order").await.unwrap();
    assert!(first.is_some(), "callers without a hub get the first");
    let green = client.hub("green").unwrap();
    let expected = "Task hub not found: green";
    for status in [
        green.start("Order", "order", None).await.unwrap_err(),
        green.state("order").await.unwrap_err(),
        green
            .rpc
            .clone()
            .get_work_items(GetWorkItemsRequest::default())
            .await
            .map(drop)
            .unwrap_err(),
        green.rpc.clone().hello(()).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::NotFound, "{status:?}");
        assert_eq!(status.message(), expected);
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused_and_the_server_goes_on() {
    let server = Server::start().await;
    server.client.start("Order", "before", None).await.unwrap();
    for method in [
        "StartInstance",
        "CompleteOrchestratorTask",
        "QueryInstances",
    ] {
        let status = raw::call(&server.client, method, b"\x0a\xff\xff\xff\xff\x0f junk").await;
        let code = status.unwrap_err().code();
        assert!(
            matches!(code, Code::Internal | Code::InvalidArgument),
            "{method}: {code:?}"
        );
    }
    let status = raw::call(&server.client, "NoSuchMethod", b"")
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(server.client.state("before").await.unwrap().is_some());
    server.client.start("Order", "after", None).await.unwrap();
}

#[tokio::test]
async fn message_over_the_limit_is_refused_with_the_limit() {
    let limit = MESSAGE_BYTES_MAX.to_string();
    let emulator = Emulator::start(&[
        "--ephemeral",
        "--max-message-bytes",
        &limit,
        // What is accepted must not be refused for what could be sent.
        "--max-sent-message-bytes",
        "8388608",
    ])
    .unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let start = |id: &str, bytes: usize| CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        input: Some("x".repeat(bytes)),
        ..CreateInstanceRequest::default()
    };
    client
        .start_with(start("fits", MESSAGE_BYTES_MAX - 1_000))
        .await
        .unwrap();
    let status = client
        .start_with(start("large", MESSAGE_BYTES_MAX + 1))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.message().contains(&limit), "{}", status.message());
    assert_eq!(client.state("large").await.unwrap(), None);
    let kept = client.state("fits").await.unwrap().unwrap().input.unwrap();
    assert_eq!(kept.len(), MESSAGE_BYTES_MAX - 1_000);
}

#[tokio::test]
async fn second_emulator_on_one_file_is_refused_and_names_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.db");
    let emulator = Emulator::on_file(&path).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order", None).await.unwrap();
    let text = path.to_string_lossy().into_owned();
    let (status, said) = Emulator::refusal(&["--listen", "127.0.0.1:0", "--db", &text]).unwrap();
    assert_eq!(status.code(), Some(EXIT_IN_USE), "{said}");
    assert!(said.contains(&emulator.pid().to_string()), "{said}");
    assert!(said.contains("emulator.db"), "{said}");
    assert!(
        client.state("order").await.unwrap().is_some(),
        "the first one goes on"
    );
    client.start("Order", "after", None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_of_a_newer_version_is_refused_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.db");
    let mut emulator = Emulator::on_file(&path).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order", None).await.unwrap();
    assert_eq!(
        emulator.terminate().unwrap().code(),
        Some(0),
        "{}",
        emulator.log()
    );

    let mut bytes = fs::read(&path).unwrap();
    let version = bytes[USER_VERSION].to_vec();
    bytes[USER_VERSION].copy_from_slice(&9_999_u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let text = path.to_string_lossy().into_owned();
    let (status, said) = Emulator::refusal(&["--listen", "127.0.0.1:0", "--db", &text]).unwrap();
    assert_eq!(status.code(), Some(EXIT_DATABASE), "{said}");
    assert!(said.contains("9999"), "{said}");
    assert!(
        fs::read(&path).unwrap() == bytes,
        "the refused database was changed"
    );

    bytes[USER_VERSION].copy_from_slice(&version);
    fs::write(&path, &bytes).unwrap();
    let emulator = Emulator::on_file(&path).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    assert!(
        client.state("order").await.unwrap().is_some(),
        "nothing was lost"
    );
}

#[tokio::test]
async fn file_that_is_no_database_is_refused_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "not a database at all, but somebody's notes\n".repeat(200);
    fs::write(&path, &notes).unwrap();
    let text = path.to_string_lossy().into_owned();
    let (status, said) = Emulator::refusal(&["--listen", "127.0.0.1:0", "--db", &text]).unwrap();
    assert_eq!(status.code(), Some(EXIT_DATABASE), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), notes);
}

/// Calls with bytes of one's own instead of messages.
mod raw {
    use bytes::Buf;
    use bytes::BufMut;
    use durascope_tests::RawClient;
    use tonic::client::Grpc;
    use tonic::codec::Codec;
    use tonic::codec::DecodeBuf;
    use tonic::codec::Decoder;
    use tonic::codec::EncodeBuf;
    use tonic::codec::Encoder;
    use tonic::codegen::http::uri::PathAndQuery;

    use super::Status;

    #[derive(Default)]
    struct Bytes;

    impl Codec for Bytes {
        type Encode = Vec<u8>;
        type Decode = Vec<u8>;
        type Encoder = Self;
        type Decoder = Self;

        fn encoder(&mut self) -> Self {
            Self
        }

        fn decoder(&mut self) -> Self {
            Self
        }
    }

    impl Encoder for Bytes {
        type Item = Vec<u8>;
        type Error = Status;

        fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
            buffer.put_slice(&item);
            Ok(())
        }
    }

    impl Decoder for Bytes {
        type Item = Vec<u8>;
        type Error = Status;

        fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
            let mut item = vec![0; buffer.remaining()];
            buffer.copy_to_slice(&mut item);
            Ok(Some(item))
        }
    }

    pub(super) async fn call(client: &RawClient, method: &str, body: &[u8]) -> Result<(), Status> {
        let mut grpc = Grpc::new(client.channel());
        grpc.ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let path: PathAndQuery = format!("/TaskHubSidecarService/{method}").parse().unwrap();
        grpc.unary(tonic::Request::new(body.to_vec()), path, Bytes)
            .await
            .map(drop)
    }
}
