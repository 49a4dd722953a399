//! Between the messages of the contract and the domain.

use contracts::tradewind::inventory::v1 as proto;
use net::clock::timestamp;

use crate::domain::reservation::{Lines, Reservation, State};
use crate::error::Error;
use crate::store::adjustments::Adjustment;
use crate::store::stock::Stock;

pub(crate) fn to_lines(lines: Vec<proto::ReservationLine>) -> Result<Lines, Error> {
    let lines = lines.into_iter().map(|line| (line.sku, line.quantity));
    Lines::new(lines).map_err(|place| Error::SkuTwice { place })
}

pub(crate) fn stock_item(stock: Stock) -> proto::StockItem {
    proto::StockItem {
        sku: stock.sku,
        on_hand: stock.level.on_hand,
        reserved: stock.level.reserved,
        allocated: stock.level.allocated,
        available: stock.level.available(),
        update_time: Some(timestamp(stock.update_time)),
    }
}

pub(crate) fn adjustment(adjustment: Adjustment) -> proto::StockAdjustment {
    proto::StockAdjustment {
        adjustment_id: adjustment.adjustment_id.to_string(),
        delta: adjustment.delta,
        reason: adjustment.reason,
        actor: adjustment.actor,
        create_time: Some(timestamp(adjustment.create_time)),
    }
}

/// The state that a filter names, if it names one.
pub(crate) fn to_state(message: proto::ReservationState) -> Option<State> {
    State::ALL.into_iter().find(|one| state(*one) == message)
}

fn state(state: State) -> proto::ReservationState {
    match state {
        State::Reserved => proto::ReservationState::Reserved,
        State::Allocated => proto::ReservationState::Allocated,
        State::Dispatched => proto::ReservationState::Dispatched,
        State::Released => proto::ReservationState::Released,
        State::Expired => proto::ReservationState::Expired,
    }
}

pub(crate) fn reservation(reservation: &Reservation) -> proto::Reservation {
    let line = |(sku, quantity): (&str, i64)| proto::ReservationLine {
        sku: sku.into(),
        quantity,
    };
    let is_reserved = reservation.state == State::Reserved;
    proto::Reservation {
        order_id: reservation.order_id.to_string(),
        state: state(reservation.state).into(),
        lines: reservation.lines.iter().map(line).collect(),
        expire_time: reservation
            .expire_time
            .filter(|_| is_reserved)
            .map(timestamp),
    }
}
