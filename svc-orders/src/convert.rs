//! Between the contract and the domain.

use contracts::tradewind::orders::v1::{
    Address as AddressMessage, CreateOrderResponse, GetOrderSummaryResponse, Order as OrderMessage,
    OrderEvent as EventMessage, OrderItem as ItemMessage, OrderPayment, OrderState,
};
use money::{Currency, Money};
use net::clock::timestamp;
use uuid::Uuid;

use crate::domain::{Address, Event, Item, Order, Payment, State};

/// The order as the contract shows it.
pub(crate) fn order(order: &Order) -> OrderMessage {
    let currency = order.total.currency;
    OrderMessage {
        order_id: order.id.to_string(),
        user_id: order.user_id.to_string(),
        external_reference: order.external_reference.clone().unwrap_or_default(),
        state: state(order.state).into(),
        items: order
            .items
            .iter()
            .map(|line| item(line, currency))
            .collect(),
        total: Some(order.total.into()),
        ship_to: Some(address(&order.ship_to)),
        rejection_reason: order
            .rejection
            .as_ref()
            .map(|rejection| rejection.reason.clone())
            .unwrap_or_default(),
        create_time: Some(timestamp(order.create_time)),
        update_time: Some(timestamp(order.update_time)),
        etag: order.version.to_string(),
        payment: payment(order).into(),
    }
}

fn payment(order: &Order) -> OrderPayment {
    let payment = order.funds.map(|funds| funds.payment(order.total.minor));
    match payment.unwrap_or(Payment::None) {
        Payment::None => OrderPayment::None,
        Payment::Authorized => OrderPayment::Authorized,
        Payment::PartlyCaptured => OrderPayment::PartlyCaptured,
        Payment::Captured => OrderPayment::Captured,
        Payment::PartlyRefunded => OrderPayment::PartlyRefunded,
        Payment::Refunded => OrderPayment::Refunded,
        Payment::CaptureFailed => OrderPayment::CaptureFailed,
        Payment::Disputed => OrderPayment::Disputed,
    }
}

/// The reply to whoever placed it.
pub(crate) fn create_reply(placed: &Order) -> CreateOrderResponse {
    CreateOrderResponse {
        order: Some(order(placed)),
    }
}

/// What a mail says of it.
pub(crate) fn summary(order: &Order) -> GetOrderSummaryResponse {
    let currency = order.total.currency;
    GetOrderSummaryResponse {
        user_id: order.user_id.to_string(),
        state: state(order.state).into(),
        items: order
            .items
            .iter()
            .map(|line| item(line, currency))
            .collect(),
        total: Some(order.total.into()),
        city: order.ship_to.city.clone(),
        taken_over: order.external_reference.is_some(),
    }
}

/// A line as the contract shows it.
pub(crate) fn item(item: &Item, currency: Currency) -> ItemMessage {
    let of = |minor| Some(Money { currency, minor }.into());
    ItemMessage {
        sku: item.sku.clone(),
        title: item.title.clone(),
        quantity: item.quantity,
        unit_price: of(item.unit_price),
        total: of(item.total().unwrap_or(i64::MAX)),
    }
}

/// An address as the contract shows it.
pub(crate) fn address(address: &Address) -> AddressMessage {
    AddressMessage {
        name: address.name.clone(),
        lines: address.lines.clone(),
        city: address.city.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
    }
}

/// An address of a request.
pub(crate) fn to_address(message: AddressMessage) -> Address {
    let AddressMessage {
        name,
        lines,
        city,
        postal_code,
        country,
    } = message;
    Address {
        name,
        lines,
        city,
        postal_code,
        country,
    }
}

/// An event as the contract shows it.
pub(crate) fn event(order: Uuid, event: &Event) -> EventMessage {
    EventMessage {
        sequence: event.sequence,
        order_id: order.to_string(),
        old_state: event
            .old_state
            .map_or(OrderState::Unspecified, state)
            .into(),
        new_state: state(event.new_state).into(),
        actor: event.actor.clone(),
        reason: event.reason.clone(),
        create_time: Some(timestamp(event.time)),
    }
}

/// A state as the contract names it.
pub(crate) fn state(state: State) -> OrderState {
    match state {
        State::Pending => OrderState::Pending,
        State::AwaitingPayment => OrderState::AwaitingPayment,
        State::Confirmed => OrderState::Confirmed,
        State::Shipped => OrderState::Shipped,
        State::Delivered => OrderState::Delivered,
        State::Rejecting => OrderState::Rejecting,
        State::Rejected => OrderState::Rejected,
        State::Cancelling => OrderState::Cancelling,
        State::Cancelled => OrderState::Cancelled,
        State::Returned => OrderState::Returned,
    }
}

/// The state that a filter names, if it names one.
pub(crate) fn to_state(message: OrderState) -> Option<State> {
    State::ALL
        .into_iter()
        .find(|candidate| state(*candidate) == message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_name_in_the_contract() {
        for one in State::ALL {
            let message = state(one);
            assert_eq!(message.as_str_name(), format!("ORDER_STATE_{one}"));
            assert_eq!(to_state(message), Some(one));
        }
        assert_eq!(to_state(OrderState::Unspecified), None);
    }
}
