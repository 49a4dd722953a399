//! Get, list, adjust, history.

use contracts::tradewind::inventory::v1::{
    AdjustStockRequest, AdjustStockResponse, GetStockRequest, GetStockResponse,
    ListStockAdjustmentsRequest, ListStockAdjustmentsResponse, ListStockRequest, ListStockResponse,
};
use runtime::call::CallContext;
use store::page;

use crate::convert;
use crate::domain::level::{Refusal, Shortage};
use crate::error::Error;
use crate::events;
use crate::service::Inventory;
use crate::store::adjustments::{self, Adjustment};
use crate::store::stock;

pub(super) async fn get(
    inventory: &Inventory,
    request: GetStockRequest,
) -> Result<GetStockResponse, Error> {
    let sku = request.sku.as_str();
    let fill = || async {
        let mut tx = inventory.db.read().await?;
        let stock = stock::get(&mut tx, sku).await?;
        let stock = stock.ok_or_else(|| Error::NoStock {
            sku: sku.to_owned(),
        })?;
        Ok(GetStockResponse {
            stock_item: Some(convert::stock_item(stock)),
        })
    };
    Ok(inventory.cached.stock(sku, fill).await?)
}

pub(super) async fn list(
    inventory: &Inventory,
    request: ListStockRequest,
) -> Result<ListStockResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("stock", request);
    let after: String = list.after(&request.page_token)?.unwrap_or_default();
    let fill = || async {
        let mut tx = inventory.db.read().await?;
        // One more than fits tells whether there is a next page.
        let mut page = stock::list(&mut tx, &after, size + 1).await?;
        let next_page_token = list.cut(&mut page, size, |last| last.sku.clone());
        Ok(ListStockResponse {
            stock: page.into_iter().map(convert::stock_item).collect(),
            next_page_token,
        })
    };
    let key = format!("{size}/{after}");
    Ok(inventory.cached.page(&key, fill).await?)
}

pub(super) async fn adjust(
    inventory: &Inventory,
    call: &CallContext,
    request: AdjustStockRequest,
) -> Result<AdjustStockResponse, Error> {
    let adjust = |_| async move {
        let AdjustStockRequest { sku, delta, reason } = request;
        let now = inventory.clock.now();
        let mut tx = inventory.db.begin().await?;
        if delta > 0 {
            stock::ensure(&mut tx, &sku, now).await?;
        }
        let short = |available| {
            Error::Short(vec![Shortage {
                sku: sku.clone(),
                requested: -delta,
                available,
            }])
        };
        let mut stock = stock::get_locked(&mut tx, &sku)
            .await?
            .ok_or_else(|| short(0))?;
        stock.level = stock
            .level
            .adjusted(delta)
            .map_err(|refusal| match refusal {
                Refusal::Short { available } => short(available),
                Refusal::Full => Error::Full,
            })?;
        stock.version += 1;
        stock.update_time = now;
        stock::update_on_hand(&mut tx, &stock).await?;
        let adjustment = Adjustment {
            adjustment_id: inventory.random.uuid7(&inventory.clock),
            version: stock.version,
            delta,
            reason,
            actor: call.caller.actor(),
            create_time: now,
        };
        adjustments::insert(&mut tx, &sku, &adjustment).await?;
        inventory
            .outbox
            .append(&mut tx, events::stock_changed(&stock))
            .await?;
        let reply = AdjustStockResponse {
            stock_item: Some(convert::stock_item(stock)),
        };
        tx.answer(&reply).await?;
        tx.commit().await?;
        inventory.cached.forget([sku.as_str()]);
        Ok(reply)
    };
    Ok(inventory.idempotency.once(call, adjust).await?)
}

pub(super) async fn list_adjustments(
    inventory: &Inventory,
    request: ListStockAdjustmentsRequest,
) -> Result<ListStockAdjustmentsResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("stock-adjustments", request);
    let before = list.after(&request.page_token)?.unwrap_or(i64::MAX);
    let sku = request.sku;

    let mut tx = inventory.db.read().await?;
    if stock::get(&mut tx, &sku).await?.is_none() {
        return Err(Error::NoStock { sku });
    }
    let mut page = adjustments::list(&mut tx, &sku, before, size + 1).await?;
    let next_page_token = list.cut(&mut page, size, |last| last.version);
    let adjustments = page.into_iter().map(convert::adjustment).collect();
    Ok(ListStockAdjustmentsResponse {
        adjustments,
        next_page_token,
    })
}
