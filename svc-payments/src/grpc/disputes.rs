//! Looking at what buyers dispute.

use contracts::tradewind::payments::v1::{
    GetDisputeRequest, GetDisputeResponse, ListDisputesRequest, ListDisputesResponse,
};
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::error::Error;
use crate::service::Payments;
use crate::store::disputes;

pub(super) async fn list(
    payments: &Payments,
    request: ListDisputesRequest,
) -> Result<ListDisputesResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("disputes", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let mut tx = payments.db.read().await?;
    let mut found = disputes::list(&mut tx, None, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.dispute.id);
    Ok(ListDisputesResponse {
        disputes: found.into_iter().map(convert::dispute).collect(),
        next_page_token,
    })
}

pub(super) async fn get(
    payments: &Payments,
    request: GetDisputeRequest,
) -> Result<GetDisputeResponse, Error> {
    let id = id::parse("disputeId", &request.dispute_id)?;
    let mut tx = payments.db.read().await?;
    let found = disputes::list(&mut tx, Some(id), None, 1).await?.pop();
    Ok(GetDisputeResponse {
        dispute: Some(convert::dispute(found.ok_or(Error::NoDispute(id))?)),
    })
}
