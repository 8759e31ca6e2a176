//! Calls of any rpc with bytes of one's own instead of messages.

use std::time::Duration;

use bytes::Buf;
use bytes::BufMut;
use durascope_tests::RawClient;
use tonic::Request;
use tonic::Status;
use tonic::Streaming;
use tonic::client::Grpc;
use tonic::codec::Codec;
use tonic::codec::DecodeBuf;
use tonic::codec::Decoder;
use tonic::codec::EncodeBuf;
use tonic::codec::Encoder;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::Ascii;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

/// One call as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) rpc: String,
    /// The bytes of the `taskhub` metadata; `None` sends none.
    pub(super) hub: Option<Vec<u8>>,
    pub(super) deadline: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// What a stream must have said to be believed that it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Unary,
    /// A stream that ends by itself.
    Stream,
    /// A stream that stays open: its first message counts.
    Open,
}

impl Shape {
    pub(super) fn of(rpc: &str) -> Self {
        match rpc {
            "GetWorkItems" => Self::Open,
            "StreamInstanceHistory" => Self::Stream,
            _ => Self::Unary,
        }
    }
}

/// Makes the call: the messages of its answer.
pub(super) async fn call(client: &RawClient, call: &Call) -> Result<Vec<Vec<u8>>, Status> {
    let mut grpc = Grpc::new(client.channel());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let path: PathAndQuery = format!("/TaskHubSidecarService/{}", call.rpc)
        .parse()
        .unwrap();
    let mut request = Request::new(call.body.clone());
    if let Some(hub) = &call.hub {
        let hub: MetadataValue<Ascii> = hub.as_slice().try_into().unwrap();
        request.metadata_mut().insert("taskhub", hub);
    }
    if let Some(deadline) = call.deadline {
        request.set_timeout(deadline);
    }
    match Shape::of(&call.rpc) {
        Shape::Unary => {
            let answer = grpc.unary(request, path, Bytes).await?;
            Ok(vec![answer.into_inner()])
        }
        Shape::Stream => messages(stream(grpc, request, path).await?, usize::MAX).await,
        Shape::Open => messages(stream(grpc, request, path).await?, 1).await,
    }
}

async fn stream(
    mut grpc: Grpc<Channel>,
    request: Request<Vec<u8>>,
    path: PathAndQuery,
) -> Result<Streaming<Vec<u8>>, Status> {
    let answer = grpc.server_streaming(request, path, Bytes).await?;
    Ok(answer.into_inner())
}

async fn messages(mut stream: Streaming<Vec<u8>>, most: usize) -> Result<Vec<Vec<u8>>, Status> {
    let mut messages = Vec::new();
    while messages.len() < most {
        match stream.message().await? {
            Some(message) => messages.push(message),
            None => break,
        }
    }
    Ok(messages)
}

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
