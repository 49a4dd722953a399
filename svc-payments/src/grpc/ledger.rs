//! What the books say here, and what the provider's say.

use chrono::{DateTime, Utc};
use contracts::tradewind::payments::v1::{
    GetTrialBalanceResponse, ListProviderPaymentsRequest, ListProviderPaymentsResponse,
};
use money::Currency;
use store::page::List;

use crate::convert;
use crate::error::Error;
use crate::service::Payments;
use crate::store::ledger;

pub(super) async fn trial_balance(payments: &Payments) -> Result<GetTrialBalanceResponse, Error> {
    let mut tx = payments.db.read().await?;
    let rows = ledger::balances(&mut tx).await?;
    let balances = rows.into_iter().map(|(currency, account, minor)| {
        let currency = Currency::recorded(&currency)
            .map_err(|_| store::Error::unreadable("currency", &currency))?;
        Ok(convert::balance(currency, account, minor))
    });
    Ok(GetTrialBalanceResponse {
        balances: balances.collect::<Result<_, store::Error>>()?,
    })
}

pub(super) async fn at_provider(
    payments: &Payments,
    request: ListProviderPaymentsRequest,
) -> Result<ListProviderPaymentsResponse, Error> {
    let asked = ListProviderPaymentsRequest {
        page_token: String::new(),
        ..request
    };
    let list = List::of("provider-payments", &asked);
    let page: Option<String> = list.after(&request.page_token)?;
    let after: Option<DateTime<Utc>> = request.create_after.and_then(|time| {
        DateTime::from_timestamp(time.seconds, time.nanos.try_into().unwrap_or_default())
    });
    let (found, next) = payments
        .within(payments.provider.list(page.as_deref(), after))
        .await?;
    Ok(ListProviderPaymentsResponse {
        payments: found.into_iter().map(convert::listed).collect(),
        next_page_token: next.map(|next| list.token(&next)).unwrap_or_default(),
    })
}
