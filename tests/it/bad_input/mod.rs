//! Input that must be refused: with the right status, in words that help, and without loss.

mod answers;
mod entities;
mod every;
mod files;
mod hubs;
mod instances;
mod limits;
mod many;
mod raw;
mod rows;
mod work;
mod workers;
mod world;

use std::collections::BTreeSet;

use rows::Table;
use world::Items;
use world::World;

/// The longest instance id that the scheduler takes.
const ID_CHARS_MAX: usize = 100;

/// The least limit that the emulator can be given.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The tables by theme; those of [`every`] have all rpcs, and are not counted here.
fn tables(items: &Items) -> [Table; 5] {
    [
        hubs::table(),
        instances::table(),
        many::table(),
        entities::table(),
        workers::table(items),
    ]
}

#[tokio::test]
async fn calls_that_are_refused_or_mean_nothing_change_nothing() {
    let world = World::new().await;
    let tables = tables(&world.items);
    let rows = tables.into_iter().flat_map(|table| table.0).collect();
    Table(rows).check(&world).await;
    workers::items_still_count(&world).await;
}

#[tokio::test]
async fn every_rpc_refuses_what_no_rpc_takes() {
    let world = World::new().await;
    every::table().check(&world).await;
    workers::items_still_count(&world).await;
}

/// A new rpc without a row fails here.
#[test]
fn every_rpc_of_the_service_has_rows_of_its_own() {
    let tables = tables(&Items::default());
    let rows = tables.iter().flat_map(|table| &table.0);
    let covered: BTreeSet<&str> = rows.map(|row| row.call.rpc.as_str()).collect();
    let methods = every::methods();
    let known: BTreeSet<&str> = methods.iter().map(|it| it.rpc.as_str()).collect();
    assert!(known.len() >= 29, "only {} rpcs are described", known.len());
    assert_eq!(covered, known);
}

/// An id with one character more than there may be.
fn over_long() -> String {
    "x".repeat(ID_CHARS_MAX + 1)
}
