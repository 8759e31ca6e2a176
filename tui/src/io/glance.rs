//! One look at the feed, for who does not stay to watch.

use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchUpdate;

use crate::config::Server;
use crate::io::wire::Address;

/// The feed's first update for `request`.
///
/// # Errors
/// Words for the screen.
pub async fn glance(server: &Server, request: WatchRequest) -> Result<WatchUpdate, String> {
    let address = Address::new(server).map_err(|error| error.to_string())?;
    let hub = address.connect().await?;
    let opened = hub.monitor().watch(tokio_stream::iter([request])).await;
    let mut updates = opened.map_err(|status| hub.words(&status))?.into_inner();
    let update = updates
        .message()
        .await
        .map_err(|status| hub.words(&status))?;
    update.ok_or_else(|| "the server ended the feed".to_owned())
}
