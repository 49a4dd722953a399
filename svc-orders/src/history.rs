//! Histories without a call: events of before histories were chained get their hashes, and those of
//! accounts that are deleted lose what is personal of them.

use std::time::Duration;

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::tradewind::users::v1::UserDeleted;
use runtime::node::Node;
use store::Error;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::service::Orders;
use crate::store::{changes, history};

const BATCH: i64 = 100;
/// During a rollout an older version goes on writing events without a hash.
const PAUSE: Duration = Duration::from_secs(600);

/// Chains what is not, after the start and from time to time, until `shutdown`.
pub(crate) async fn run(orders: Orders, shutdown: CancellationToken) {
    let work = async {
        loop {
            match chain(&orders).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "orders' histories got their hashes"),
                Err(error) => tracing::warn!(error = %error, "histories stay without hashes"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    shutdown.run_until_cancelled(work).await;
}

/// Returns of how many orders.
async fn chain(orders: &Orders) -> Result<u64, Error> {
    let (mut count, mut after) = (0, Uuid::nil());
    loop {
        let mut tx = orders.db.read().await?;
        let found = history::without_hash(&mut tx, after, BATCH).await?;
        drop(tx);
        let Some(last) = found.last() else {
            return Ok(count);
        };
        after = *last;
        for order in found {
            chain_one(orders, order).await?;
            count += 1;
        }
    }
}

async fn chain_one(orders: &Orders, order: Uuid) -> Result<(), Error> {
    let mut tx = orders.db.begin().await?;
    changes::lock(&mut tx, order).await?;
    let now = orders.clock.now();
    let signer = &orders.journal.signer;
    history::catch_up(&mut tx, order, i64::MAX, signer, now).await?;
    tx.commit().await
}

/// Erases what is personal of the events of accounts that are deleted.
pub(crate) fn consume(orders: &Orders, node: &Node) {
    let orders = orders.clone();
    store::events::join(node, node.name, &[UserDeleted::SUBJECT], move |event| {
        let orders = orders.clone();
        async move { erase(&orders, &event).await }
    });
}

/// In batches: an administrator may have placed more orders than one transaction should change. It
/// does no harm to do it again.
async fn erase(orders: &Orders, event: &Event) -> Result<(), Failure> {
    let user = store::message::<UserDeleted>(event)?.user_id;
    let actor = format!("user:{}", store::events::id("an account", &user)?);
    loop {
        let mut tx = orders.db.read().await?;
        let found = history::without_hash_of(&mut tx, &actor, BATCH).await?;
        drop(tx);
        if found.is_empty() {
            break;
        }
        for order in found {
            chain_one(orders, order).await?;
        }
    }
    loop {
        let mut tx = orders.db.begin().await?;
        let signer = &orders.journal.signer;
        let erased = history::erase(&mut tx, &actor, BATCH, signer).await?;
        tx.commit().await?;
        if erased == 0 {
            return Ok(());
        }
    }
}
