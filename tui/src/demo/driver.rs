//! Who starts the demo's orchestrations, and says what should become of each.

use std::time::Duration;

use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::StartOptions;

use super::DemoError;
use super::workload::approvals::APPROVAL;
use super::workload::approvals::APPROVED;
use super::workload::approvals::Decision;
use super::workload::catalog::PRICE_CATALOG;
use super::workload::checkout::CHECKOUT;
use super::workload::checkout::Order;
use super::workload::imports::Import;
use super::workload::imports::NIGHTLY_IMPORT;
use super::workload::monitor::MONITOR;
use super::workload::shipping::SHIP_ORDER;

/// Articles in the first catalog, pages in the first import.
const ARTICLES: u32 = 1_000;
const PAGES: u32 = 2_000;
const BATCH_SIZE: u32 = 250;

/// One checkout in this many is declined.
const DECLINED_ONE_IN: u32 = 8;

/// What should become of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) id: String,
    pub(super) status: OrchestrationStatus,
}

fn id(id: &str) -> StartOptions {
    StartOptions::new().instance_id(id)
}

fn completes(id: String) -> Expected {
    Expected {
        id,
        status: OrchestrationStatus::Completed,
    }
}

/// The large ones, at once. What has no end by itself is not in the list.
pub(super) async fn start_large(client: &Client) -> Result<Vec<Expected>, ClientError> {
    let import = Import {
        pages: PAGES,
        batch_size: BATCH_SIZE,
    };
    let started = [
        client
            .start_with(&NIGHTLY_IMPORT, import, id("import-1"))
            .await?,
        client
            .start_with(&PRICE_CATALOG, ARTICLES, id("catalog-1"))
            .await?,
        client.start_with(&SHIP_ORDER, 6, id("order-1")).await?,
    ];
    client.start_with(&MONITOR, 1, id("monitor-eu")).await?;
    client
        .start_with(&APPROVAL, "the refund".to_owned(), id("approval-you"))
        .await?;
    Ok(started.into_iter().map(completes).collect())
}

/// A small order; some of them fail, as they should.
pub(super) async fn start_checkout(client: &Client, number: u32) -> Result<Expected, ClientError> {
    let declined = number % DECLINED_ONE_IN == 3;
    let order = Order { number, declined };
    let id = client
        .start_with(&CHECKOUT, order, id(&format!("checkout-{number:04}")))
        .await?;
    let status = if declined {
        OrchestrationStatus::Failed
    } else {
        OrchestrationStatus::Completed
    };
    Ok(Expected { id, status })
}

/// An approval that is given at once, before anybody can have asked for it.
pub(super) async fn start_approved(client: &Client, number: u32) -> Result<Expected, ClientError> {
    let what = format!("purchase {number}");
    let id = client
        .start_with(&APPROVAL, what, id(&format!("approval-{number:04}")))
        .await?;
    client
        .raise_event(
            &id,
            &APPROVED,
            Decision {
                by: "the demo".to_owned(),
            },
        )
        .await?;
    Ok(completes(id))
}

/// Keeps the screen alive: small orders all the time, now and then a large one again. Returns
/// only with an error.
pub(super) async fn keep_going(client: &Client) -> Result<(), DemoError> {
    start_large(client).await?;
    for number in 1.. {
        start_checkout(client, number).await?;
        if number % 10 == 0 {
            start_approved(client, number).await?;
        }
        if number % 20 == 0 {
            let again = id(&format!("order-{}", number / 20 + 1));
            client
                .start_with(&SHIP_ORDER, 2 + number / 20 % 5, again)
                .await?;
        }
        if number % 40 == 0 {
            let again = id(&format!("catalog-{}", number / 40 + 1));
            client.start_with(&PRICE_CATALOG, 400, again).await?;
        }
        if number % 80 == 0 {
            let import = Import {
                pages: PAGES,
                batch_size: BATCH_SIZE,
            };
            let again = id(&format!("import-{}", number / 80 + 1));
            client.start_with(&NIGHTLY_IMPORT, import, again).await?;
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    Ok(())
}
