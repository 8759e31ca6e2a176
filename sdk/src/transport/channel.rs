//! A channel to one task hub that sends with every call what it must carry: hub, who asks, token.

use std::fmt;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use futures_util::future::BoxFuture;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::HeaderMap;
use tonic::codegen::http::Request;
use tonic::codegen::http::Response;
use tonic::codegen::http::StatusCode;
use tonic::codegen::http::header::AUTHORIZATION;
use tonic::transport::Channel;

use super::token::TokenCache;
use crate::failure::BoxError;

/// A channel to one task hub, for any service that its server offers; from
/// [`HubEndpoint`](super::HubEndpoint). Clones share its connection.
///
/// A token that the server refuses is forgotten: the next call asks for another.
#[derive(Clone)]
pub struct HubChannel {
    channel: Channel,
    metadata: Arc<HeaderMap>,
    tokens: Option<TokenCache>,
}

impl HubChannel {
    pub(super) fn new(
        channel: Channel,
        metadata: Arc<HeaderMap>,
        tokens: Option<TokenCache>,
    ) -> Self {
        Self {
            channel,
            metadata,
            tokens,
        }
    }
}

impl fmt::Debug for HubChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubChannel")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for HubChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.channel.poll_ready(context).map_err(BoxError::from)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The one that is ready makes this call.
        let next = self.channel.clone();
        let mut ready = std::mem::replace(&mut self.channel, next);
        for (name, value) in self.metadata.iter() {
            request.headers_mut().insert(name, value.clone());
        }
        let tokens = self.tokens.clone();
        Box::pin(async move {
            let Some(tokens) = tokens else {
                return Ok(ready.call(request).await?);
            };
            let token = tokens.header().await?;
            request.headers_mut().insert(AUTHORIZATION, token.clone());
            let response = ready.call(request).await?;
            if refuses(&response) {
                tokens.forget(&token);
            }
            Ok(response)
        })
    }
}

/// Whether the server, or something before it, does not accept the token.
fn refuses(response: &Response<Body>) -> bool {
    let status = response.headers().get("grpc-status");
    response.status() == StatusCode::UNAUTHORIZED || status.is_some_and(|it| it == "16")
}
