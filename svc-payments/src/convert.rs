//! Between the contract and the domain.

use contracts::google::r#type::Money as MoneyMessage;
use contracts::tradewind::payments::v1 as proto;
use money::{Currency, Money};
use net::clock::timestamp;
use uuid::Uuid;

use crate::domain::snapshot::DisputeStatus;
use crate::domain::{Kind, Operation, OperationState, Payment, State};
use crate::error::Error;
use crate::provider::Listed;
use crate::store::disputes::Found;

/// An amount as the contract writes it.
pub(crate) fn amount(currency: Currency, minor: i64) -> Option<MoneyMessage> {
    Some(Money { currency, minor }.into())
}

/// An amount that is to be paid or given back, and hence above zero.
pub(crate) fn to_payable(field: &'static str, money: Option<MoneyMessage>) -> Result<Money, Error> {
    let money = to_amount(field, money)?;
    match money.minor {
        1.. => Ok(money),
        _ => Err(Error::NotPayable(field, "must be above zero".to_owned())),
    }
}

/// An amount of money that is not below zero.
pub(crate) fn to_amount(field: &'static str, money: Option<MoneyMessage>) -> Result<Money, Error> {
    match Money::try_from(&money.unwrap_or_default()) {
        Ok(money) if money.minor >= 0 => Ok(money),
        Ok(_) => Err(Error::NotPayable(
            field,
            "must not be below zero".to_owned(),
        )),
        Err(error) => Err(Error::NotPayable(field, error.to_string())),
    }
}

/// A payment as users see it.
pub(crate) fn payment(payment: &Payment) -> proto::Payment {
    let of = |minor| amount(payment.currency, minor);
    let refunds = payment
        .operations
        .iter()
        .filter(|it| it.kind == Kind::Refund);
    proto::Payment {
        payment_id: payment.id.to_string(),
        order_id: payment.order_id.to_string(),
        user_id: payment.user_id.to_string(),
        provider: payment.provider.clone(),
        state: state(payment.state).into(),
        amount: of(payment.amount),
        authorized: of(payment.authorized),
        captured: of(payment.captured),
        refunded: of(payment.refunded),
        disputed: of(payment.disputed),
        decline_code: payment.decline_code.clone().unwrap_or_default(),
        capture_before: payment.capture_before.map(timestamp),
        refunds: refunds.map(|it| refund(payment, it)).collect(),
        create_time: Some(timestamp(payment.create_time)),
        update_time: Some(timestamp(payment.update_time)),
    }
}

fn state(state: State) -> proto::PaymentState {
    match state {
        State::Authorizing => proto::PaymentState::Authorizing,
        State::RequiresAction => proto::PaymentState::RequiresAction,
        State::Authorized => proto::PaymentState::Authorized,
        State::Captured => proto::PaymentState::Captured,
        State::Closing => proto::PaymentState::Closing,
        State::Closed => proto::PaymentState::Closed,
        State::Declined => proto::PaymentState::Declined,
        State::Lapsed => proto::PaymentState::Lapsed,
    }
}

/// A refund as users see it.
pub(crate) fn refund(payment: &Payment, operation: &Operation) -> proto::Refund {
    let state = match operation.state {
        OperationState::Planned | OperationState::Sent => proto::RefundState::Pending,
        OperationState::Succeeded => proto::RefundState::Succeeded,
        OperationState::Refused => proto::RefundState::Failed,
    };
    proto::Refund {
        refund_id: operation.request_id.unwrap_or(operation.id).to_string(),
        payment_id: payment.id.to_string(),
        amount: amount(payment.currency, operation.amount),
        reason: operation.reason.clone(),
        state: state.into(),
        create_time: Some(timestamp(operation.create_time)),
    }
}

/// An operation as administrators see it.
pub(crate) fn operation(
    payment_id: Uuid,
    currency: Currency,
    operation: Operation,
) -> proto::PaymentOperation {
    let kind = match operation.kind {
        Kind::Create => proto::PaymentOperationKind::Create,
        Kind::Confirm => proto::PaymentOperationKind::Confirm,
        Kind::Capture => proto::PaymentOperationKind::Capture,
        Kind::Cancel => proto::PaymentOperationKind::Cancel,
        Kind::Refund => proto::PaymentOperationKind::Refund,
        Kind::Lapse => proto::PaymentOperationKind::Lapse,
        Kind::Dispute => proto::PaymentOperationKind::Dispute,
        Kind::Adjustment => proto::PaymentOperationKind::Adjustment,
    };
    let state = match operation.state {
        OperationState::Planned => proto::PaymentOperationState::Planned,
        OperationState::Sent => proto::PaymentOperationState::Sent,
        OperationState::Succeeded => proto::PaymentOperationState::Succeeded,
        OperationState::Refused => proto::PaymentOperationState::Refused,
    };
    let is_asked = !matches!(
        operation.kind,
        Kind::Lapse | Kind::Dispute | Kind::Adjustment
    );
    proto::PaymentOperation {
        idempotency_key: if is_asked {
            operation.key()
        } else {
            String::new()
        },
        operation_id: operation.id.to_string(),
        payment_id: payment_id.to_string(),
        kind: kind.into(),
        request_id: operation
            .request_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        amount: amount(currency, operation.amount),
        attempt: operation.attempt,
        state: state.into(),
        provider_ref: operation.provider_ref.unwrap_or_default(),
        provider_code: operation.provider_code.unwrap_or_default(),
        create_time: Some(timestamp(operation.create_time)),
        update_time: Some(timestamp(operation.update_time)),
    }
}

/// A dispute as administrators see it.
pub(crate) fn dispute(found: Found) -> proto::Dispute {
    let Found {
        dispute,
        payment_id,
        order_id,
        currency,
    } = found;
    let state = match dispute.status {
        DisputeStatus::Open => proto::DisputeState::Open,
        DisputeStatus::Won => proto::DisputeState::Won,
        DisputeStatus::Lost => proto::DisputeState::Lost,
    };
    proto::Dispute {
        dispute_id: dispute.id.to_string(),
        payment_id: payment_id.to_string(),
        order_id: order_id.to_string(),
        amount: amount(currency, dispute.amount),
        reason: dispute.reason,
        state: state.into(),
        evidence_due_time: dispute.evidence_due_time.map(timestamp),
        create_time: Some(timestamp(dispute.create_time)),
        update_time: Some(timestamp(dispute.update_time)),
    }
}

/// A balance of the ledger.
pub(crate) fn balance(currency: Currency, account: String, minor: i64) -> proto::AccountBalance {
    proto::AccountBalance {
        account,
        balance: amount(currency, minor),
    }
}

/// A payment as its provider knows it.
pub(crate) fn listed(listed: Listed) -> proto::ProviderPayment {
    let Listed { intent, refunded } = listed;
    let of = |minor| amount(intent.currency, minor);
    proto::ProviderPayment {
        held: of(intent.held),
        captured: of(intent.captured),
        refunded: of(refunded),
        provider_ref: intent.provider_ref,
        payment_id: intent
            .payment_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        create_time: Some(timestamp(intent.create_time)),
    }
}
