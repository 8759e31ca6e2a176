//! What callers say about themselves in metadata.

use durascope_proto::sticky;
use tonic::Request;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::metadata::MetadataValue;

use crate::service::status;

/// Longest label that is kept of a worker: it only names it to people.
const LABEL_BYTES_MAX: usize = 256;

/// Executions of one worker that are remembered at most.
const STICKY_MAX: u32 = 100_000;

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
    label(request.metadata(), "workerid").unwrap_or_else(|| peer(request))
}

/// The address that a caller comes from.
pub(crate) fn peer<T>(request: &Request<T>) -> String {
    let address = request.remote_addr();
    address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
}

/// The SDK of the caller, as far as it says.
pub(crate) fn user_agent(metadata: &MetadataMap) -> String {
    label(metadata, "x-user-agent")
        .or_else(|| label(metadata, "user-agent"))
        .unwrap_or_default()
}

/// How many orchestrations a worker keeps in memory between their turns; 0 if it does not say so.
pub(crate) fn sticky(metadata: &MetadataMap) -> u32 {
    let value = metadata.get(sticky::METADATA);
    let number = value.and_then(|value| value.to_str().ok()?.parse().ok());
    number.map_or(0, |number: u32| number.min(STICKY_MAX))
}

/// Tells such a worker how many of them this server remembers.
pub(crate) fn say_sticky(metadata: &mut MetadataMap, number: u32) {
    if number > 0 {
        metadata.insert(sticky::METADATA, MetadataValue::from(number));
    }
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
    fn number_of_kept_executions_is_read_within_its_bound_and_nonsense_is_none() {
        assert_eq!(sticky(&MetadataMap::new()), 0);
        for (value, number) in [
            ("1000", 1_000),
            ("0", 0),
            ("4000000000", STICKY_MAX),
            ("-1", 0),
            ("many", 0),
        ] {
            assert_eq!(
                sticky(&metadata(sticky::METADATA, value.as_bytes())),
                number
            );
        }
        let mut answer = MetadataMap::new();
        say_sticky(&mut answer, 0);
        assert!(answer.is_empty());
        say_sticky(&mut answer, 7);
        assert_eq!(sticky(&answer), 7);
    }

    #[test]
    fn endless_labels_are_cut() {
        let long = metadata("x-user-agent", &[b'x'; 5_000]);
        assert_eq!(user_agent(&long).len(), LABEL_BYTES_MAX);
    }
}
