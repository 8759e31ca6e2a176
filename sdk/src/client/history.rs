//! Histories of instances, as they stream in.

use durascope_proto as proto;
use durascope_proto::HistoryEvent;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;

use super::Client;
use super::ClientError;
use crate::payloads::all_texts;
use crate::transport::Repeat;

impl Client {
    /// The committed history of an instance's current execution, as it streams in.
    ///
    /// Empty for an instance that has made no turn or does not exist.
    ///
    /// # Errors
    /// The call failed; later failures come through the stream.
    pub async fn history(
        &self,
        instance_id: &str,
    ) -> Result<
        impl Stream<Item = Result<HistoryEvent, ClientError>> + Send + Unpin + 'static,
        ClientError,
    > {
        let request = proto::StreamInstanceHistoryRequest {
            instance_id: instance_id.to_owned(),
            execution_id: None,
            for_work_item_processing: false,
        };
        let chunks = self
            .connection
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.stream_instance_history(request).await
            })
            .await?;
        let client = self.clone();
        Ok(chunks
            .map_err(ClientError::from)
            .and_then(move |chunk| client.clone().with_payloads(chunk.events))
            .map_ok(|events| stream::iter(events.into_iter().map(Ok)))
            .try_flatten()
            .boxed())
    }

    /// Takes what a history refers to out of the payload store, if there is one.
    async fn with_payloads(
        self,
        mut events: Vec<HistoryEvent>,
    ) -> Result<Vec<HistoryEvent>, ClientError> {
        if let Some(large) = &self.options().large_payloads {
            let mut texts = Vec::new();
            for event in &mut events {
                all_texts(event, &mut texts);
            }
            let loaded = large.load_texts(texts).await;
            loaded.map_err(|error| ClientError::PayloadStore {
                message: error.to_string(),
            })?;
        }
        Ok(events)
    }
}
