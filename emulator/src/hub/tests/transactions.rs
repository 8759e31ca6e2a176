//! One transaction or nothing: failed groups, and deletion that leaves no row.

use super::POISON;
use super::hub;
use super::read;
use super::start;
use crate::hub::HubError;
use crate::hub::queries::Texts;
use crate::store::writer;

#[tokio::test]
async fn a_failed_transaction_is_told_to_everybody_in_it_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let (hub, key) = hub(&path).await;
    hub.start(key, start("before")).await.unwrap();
    read(&path, |db| db.execute_batch(POISON).unwrap());
    let (poisoned, neighbour) = tokio::join!(
        hub.start(key, start("poison")),
        hub.start(key, start("neighbour"))
    );
    assert!(
        matches!(poisoned, Err(HubError::NotCommitted(_))),
        "{poisoned:?}"
    );
    let exists = hub
        .instance(key, "neighbour", Texts::Blank)
        .await
        .unwrap()
        .is_some();
    assert_eq!(
        exists,
        neighbour.is_ok(),
        "what was answered is what is stored"
    );

    // What is in memory agrees with what is stored: the ids are free or taken as they should be.
    assert!(
        hub.instance(key, "poison", Texts::Blank)
            .await
            .unwrap()
            .is_none()
    );
    if !exists {
        hub.start(key, start("neighbour")).await.unwrap();
    }
    let again = hub.start(key, start("before")).await;
    assert!(
        matches!(again, Err(HubError::AlreadyExists(_))),
        "{again:?}"
    );
}

#[tokio::test]
async fn every_table_with_instances_is_emptied_by_a_purge() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let (_hub, _) = hub(&path).await;
    let tables: Vec<String> = read(&path, |db| {
        let mut statement = db
            .prepare(
                "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND c.name = 'instance' ORDER BY m.name",
            )
            .unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.collect::<Result<_, _>>().unwrap()
    });
    let mut deleted: Vec<String> = writer::DELETE_INSTANCE
        .iter()
        .map(|statement| statement.split(' ').nth(2).unwrap().to_owned())
        .collect();
    deleted.sort();
    assert_eq!(deleted, tables);
}
