//! Accounts as entities, and a transfer that nobody sees half done: two locks, one guard.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Duration;

use durascope_sdk::Client;
use durascope_sdk::Entity;
use durascope_sdk::EntityContext;
use durascope_sdk::EntityState;
use durascope_sdk::Operation;
use durascope_sdk::OperationError;
use durascope_sdk::Operations;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::Worker;
use serde::Deserialize;
use serde::Serialize;

const ACCOUNT: Entity = Entity::named("Account");
const DEPOSIT: Operation<u64, u64> = Operation::named("Deposit");
const WITHDRAW: Operation<u64, u64> = Operation::named("Withdraw");
const TRANSFER: Orchestration<u64, (u64, u64)> = Orchestration::named("Transfer");

#[derive(Default, Serialize, Deserialize)]
struct Account {
    balance: u64,
}

impl EntityState for Account {
    fn operations(operations: &mut Operations<Self>) {
        operations
            .on(&DEPOSIT, Self::deposit)
            .on(&WITHDRAW, Self::withdraw);
    }
}

impl Account {
    fn deposit(&mut self, _ctx: &EntityContext, amount: u64) -> Result<u64, OperationError> {
        self.balance += amount;
        Ok(self.balance)
    }

    fn withdraw(&mut self, _ctx: &EntityContext, amount: u64) -> Result<u64, OperationError> {
        let rest = self.balance.checked_sub(amount);
        let overdrawn = || OperationError::new("Overdrawn", format!("only {} left", self.balance));
        self.balance = rest.ok_or_else(overdrawn)?;
        Ok(self.balance)
    }
}

async fn transfer(
    ctx: OrchestrationContext,
    amount: u64,
) -> Result<(u64, u64), OrchestrationError> {
    let (from, to) = (ACCOUNT.id("alice"), ACCOUNT.id("bob"));
    // Unlocked when the guard goes, also if a call fails.
    let _guard = ctx.lock([&from, &to]).await?;
    let alice = ctx.call_entity(&from, &WITHDRAW, amount).await?;
    let bob = ctx.call_entity(&to, &DEPOSIT, amount).await?;
    Ok((alice, bob))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::from_env()?;
    let worker = Worker::builder(&client)
        .entity::<Account>(&ACCOUNT)
        .orchestration(&TRANSFER, transfer)
        .build()?
        .start();

    client
        .signal_entity(&ACCOUNT.id("alice"), &DEPOSIT, 100)
        .await?;
    let id = client.start(&TRANSFER, 30).await?;
    let state = client
        .wait_for_completion(&id, Duration::from_secs(30))
        .await?;
    let (alice, bob) = state.output::<(u64, u64)>()?;
    println!("alice has {alice}, bob has {bob}");
    worker.stop().await?;
    Ok(())
}
