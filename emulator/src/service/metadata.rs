//! What callers say about themselves in metadata.

use durascope_proto::sticky;
use tonic::Request;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::metadata::MetadataValue;

use crate::service::status;

/// Longest label that is kept of a worker: it only names it to people.
const LABEL_BYTES_MAX: usize = 256;

/// The task hub that the caller names; `None` when it names none.
pub(crate) fn task_hub(metadata: &MetadataMap) -> Result<Option<&str>, Status> {
    match metadata.get("taskhub") {
        None => Ok(None),
        Some(value) => {
            let name = std::str::from_utf8(value.as_bytes())
                .map_err(|_error| status::invalid_metadata("taskhub"))?
                .trim();
            Ok((!name.is_empty()).then_some(name))
        }
    }
}

/// A label for a worker stream: its `workerid`, else its address. Streams may share it.
pub(crate) fn worker_id<T>(request: &Request<T>) -> String {
    label(request.metadata(), "workerid").unwrap_or_else(|| {
        request
            .remote_addr()
            .map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    })
}

/// The SDK of the caller, as far as it says.
pub(crate) fn user_agent(metadata: &MetadataMap) -> String {
    label(metadata, "x-user-agent")
        .or_else(|| label(metadata, "user-agent"))
        .unwrap_or_default()
}

/// Whether a worker keeps orchestrations in memory between their turns.
pub(crate) fn is_sticky(metadata: &MetadataMap) -> bool {
    let value = metadata.get(sticky::METADATA);
    value.is_some_and(|value| value == sticky::METADATA_VALUE)
}

/// Tells such a worker that this server knows what to do with it.
pub(crate) fn say_sticky(metadata: &mut MetadataMap) {
    let value = MetadataValue::from_static(sticky::METADATA_VALUE);
    metadata.insert(sticky::METADATA, value);
}

fn label(metadata: &MetadataMap, key: &str) -> Option<String> {
    let bytes = metadata.get(key)?.as_bytes();
    let text = String::from_utf8_lossy(bytes.get(..LABEL_BYTES_MAX).unwrap_or(bytes));
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use tonic::metadata::AsciiMetadataValue;

    use super::*;

    fn metadata(key: &'static str, value: &[u8]) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert(key, AsciiMetadataValue::try_from(value).unwrap());
        metadata
    }

    #[test]
    fn task_hub_is_read_or_refused() {
        assert_eq!(task_hub(&MetadataMap::new()).unwrap(), None);
        assert_eq!(task_hub(&metadata("taskhub", b" ")).unwrap(), None);
        assert_eq!(
            task_hub(&metadata("taskhub", "büro".as_bytes())).unwrap(),
            Some("büro")
        );
        let refused = task_hub(&metadata("taskhub", b"a\xff")).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }

    #[test]
    fn sdk_names_itself_before_its_transport_does() {
        let mut both = metadata("user-agent", b"grpc-x/1");
        assert_eq!(user_agent(&both), "grpc-x/1");
        both.insert("x-user-agent", AsciiMetadataValue::from_static("sdk/2"));
        assert_eq!(user_agent(&both), "sdk/2");
        assert_eq!(user_agent(&MetadataMap::new()), "");
    }

    #[test]
    fn endless_labels_are_cut() {
        let long = metadata("x-user-agent", &[b'x'; 5_000]);
        assert_eq!(user_agent(&long).len(), LABEL_BYTES_MAX);
    }
}
