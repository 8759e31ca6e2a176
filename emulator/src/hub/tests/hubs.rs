//! Task hubs that come and go.

use super::fresh;
use super::start;
use crate::hub::HubError;

#[tokio::test]
async fn the_key_of_a_deleted_task_hub_belongs_to_no_later_one() {
    let (_folder, _path, hub, _) = fresh().await;
    let deleted = hub.resolve("deleted").await.unwrap();
    hub.delete_task_hub("deleted").await.unwrap();
    let later = hub.resolve("later").await.unwrap();
    assert_ne!(deleted, later);
    let refused = hub.start(deleted, start("order")).await;
    assert!(
        matches!(refused, Err(HubError::UnknownTaskHub { .. })),
        "{refused:?}"
    );
}
