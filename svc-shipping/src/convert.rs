//! Between the contracts and the domain.

use contracts::tradewind::orders::v1::Address as OrderAddress;
use contracts::tradewind::shipping::v1::{
    GetTrackingResponse, Shipment as ShipmentMessage, ShipmentItem, ShipmentState, ShippingAddress,
};
use net::clock::timestamp;

use crate::domain::{Address, Item, Shipment, State};

/// The shipment as the contract shows it.
pub(crate) fn shipment(shipment: &Shipment) -> ShipmentMessage {
    let transport = shipment.transport.as_ref();
    ShipmentMessage {
        shipment_id: shipment.id.to_string(),
        order_id: shipment.order_id.to_string(),
        user_id: shipment.user_id.to_string(),
        state: state(shipment.state).into(),
        items: shipment.items.iter().map(item).collect(),
        ship_to: Some(address(&shipment.ship_to)),
        carrier: transport.map(|by| by.carrier.clone()).unwrap_or_default(),
        tracking_number: transport
            .map(|by| by.tracking_number.clone())
            .unwrap_or_default(),
        create_time: Some(timestamp(shipment.create_time)),
        update_time: Some(timestamp(shipment.update_time)),
    }
}

/// What a mail says of it.
pub(crate) fn tracking(shipment: &Shipment) -> GetTrackingResponse {
    let transport = shipment.transport.clone();
    let (carrier, tracking_number) = transport
        .map(|by| (by.carrier, by.tracking_number))
        .unwrap_or_default();
    GetTrackingResponse {
        items: shipment.items.iter().map(item).collect(),
        carrier,
        tracking_number,
    }
}

/// The address of an order.
pub(crate) fn to_address(message: OrderAddress) -> Address {
    let OrderAddress {
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

fn item(item: &Item) -> ShipmentItem {
    let Item {
        sku,
        title,
        quantity,
    } = item.clone();
    ShipmentItem {
        sku,
        title,
        quantity,
    }
}

fn address(address: &Address) -> ShippingAddress {
    let Address {
        name,
        lines,
        city,
        postal_code,
        country,
    } = address.clone();
    ShippingAddress {
        name,
        lines,
        city,
        postal_code,
        country,
    }
}

fn state(state: State) -> ShipmentState {
    match state {
        State::Preparing => ShipmentState::Preparing,
        State::Dispatched => ShipmentState::Dispatched,
        State::Delivered => ShipmentState::Delivered,
        State::Cancelled => ShipmentState::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_name_in_the_contract() {
        for one in State::ALL {
            assert_eq!(state(one).as_str_name(), format!("SHIPMENT_STATE_{one}"));
        }
    }
}
