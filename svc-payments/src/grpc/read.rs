//! Looking at payments.

use contracts::tradewind::payments::v1::{
    GetPaymentActionRequest, GetPaymentActionResponse, GetPaymentRequest, GetPaymentResponse,
    ListPaymentOperationsRequest, ListPaymentOperationsResponse, ListPaymentsRequest,
    ListPaymentsResponse, PaymentAction,
};
use runtime::call::CallContext;
use runtime::id;
use secrecy::ExposeSecret as _;
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::domain::State;
use crate::error::Error;
use crate::service::Payments;
use crate::store::{operations, payments as stored};

pub(super) async fn get(
    payments: &Payments,
    call: &CallContext,
    request: GetPaymentRequest,
) -> Result<GetPaymentResponse, Error> {
    let payment = payments.visible(&call.caller, &request.payment_id).await?;
    Ok(GetPaymentResponse {
        payment: Some(convert::payment(&payment)),
    })
}

pub(super) async fn list(
    payments: &Payments,
    call: &CallContext,
    request: ListPaymentsRequest,
) -> Result<ListPaymentsResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("payments", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let filter = stored::Filter {
        user_id: match call.caller.is_admin() {
            true => None,
            false => Some(call.caller.user()?.id),
        },
        order_id: id::parse_if_set("orderId", &request.order_id)?,
    };
    let mut tx = payments.db.read().await?;
    let mut found = stored::list(&mut tx, &filter, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    Ok(ListPaymentsResponse {
        payments: found.iter().map(convert::payment).collect(),
        next_page_token,
    })
}

pub(super) async fn list_operations(
    payments: &Payments,
    call: &CallContext,
    request: ListPaymentOperationsRequest,
) -> Result<ListPaymentOperationsResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("payment-operations", request);
    let after: Option<i64> = list.after(&request.page_token)?;
    let payment = payments.visible(&call.caller, &request.payment_id).await?;
    let mut tx = payments.db.read().await?;
    let mut found = operations::list(&mut tx, payment.id, after.unwrap_or(0), size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.number);
    let of_payment = |it| convert::operation(payment.id, payment.currency, it);
    Ok(ListPaymentOperationsResponse {
        operations: found.into_iter().map(of_payment).collect(),
        next_page_token,
    })
}

/// Asked of the provider at this moment.
pub(super) async fn action(
    payments: &Payments,
    call: &CallContext,
    request: GetPaymentActionRequest,
) -> Result<GetPaymentActionResponse, Error> {
    let payment = payments.visible(&call.caller, &request.payment_id).await?;
    let (State::RequiresAction, Some(object)) = (payment.state, &payment.provider_ref) else {
        return Err(Error::NoAction(payment.id));
    };
    if !payments.is_own(&payment) {
        return Err(Error::OtherProvider {
            payment: payment.id,
            provider: payment.provider,
        });
    }
    let action = payments.within(payments.provider.action(object)).await?;
    let action = action.ok_or(Error::NoAction(payment.id))?;
    Ok(GetPaymentActionResponse {
        action: Some(PaymentAction {
            redirect_url: action.redirect_url.expose_secret().to_owned(),
            client_secret: action.client_secret.expose_secret().to_owned(),
        }),
    })
}
