//! What must hold always, and what once nothing moves any more.

use svc_inventory::domain::reservation::State as Reserved;
use svc_orders::domain::State;
use svc_shipping::domain::State as Shipped;

use super::Budget;
use super::provider::Stands;
use super::world::World;

/// What does not hold in this state.
pub(super) fn always(world: &World, budget: Budget) -> Option<&'static str> {
    let is_dispatched = world.shipment == Some(Shipped::Dispatched);
    let has_stock = matches!(
        world.reserved(),
        Some(Reserved::Allocated | Reserved::Dispatched)
    );
    let stands = world.object.stands;
    let is_paid = matches!(stands, Stands::Held | Stands::Captured);
    let has_lapsed = world.lapses < budget.lapses;
    let level = world.level;
    let rules = [
        ("two holds for one order", world.object.others > 0),
        (
            "captured without a dispatch",
            stands == Stands::Captured && !is_dispatched,
        ),
        ("dispatched without stock", is_dispatched && !has_stock),
        (
            "dispatched without a hold",
            !has_lapsed && is_dispatched && !is_paid,
        ),
        (
            "confirmed without stock",
            world.order == Some(State::Confirmed) && !has_stock,
        ),
        (
            "confirmed without a hold",
            !has_lapsed && world.order == Some(State::Confirmed) && !is_paid,
        ),
        (
            "more promised than there is",
            level.reserved + level.allocated > level.on_hand
                || level.on_hand.min(level.reserved).min(level.allocated) < 0,
        ),
        ("money is wrong", !is_money_right(world)),
    ];
    rules
        .into_iter()
        .find_map(|(what, is_broken)| is_broken.then_some(what))
}

/// The ledger sums to zero and says what the payment says, and no more is taken than was held, nor given
/// back than was taken.
fn is_money_right(world: &World) -> bool {
    let [customer, hold, captured, refunded] = world.ledger;
    let is_balanced = !world.is_unbalanced && customer + hold + captured + refunded == 0;
    let as_booked = world.payment.as_ref().is_none_or(|it| {
        (it.held, it.captured, it.refunded) == (hold, captured, -refunded)
            && it.captured + it.capturing <= it.authorized
            && it.refunded + it.refunding <= it.captured
            && it.held >= 0
    });
    is_balanced && as_booked
}

/// What is not as it has to be where nothing moves any more.
pub(super) fn finally(world: &World) -> Option<&'static str> {
    let stands = world.object.stands;
    let is_kept = matches!(stands, Stands::Held | Stands::Captured) && world.object.refunded == 0;
    let reserved = world.reserved();
    let holds_stock = matches!(
        reserved,
        Some(Reserved::Reserved | Reserved::Allocated | Reserved::Dispatched)
    );
    match world.order {
        Some(State::Rejected | State::Cancelled) if is_kept => {
            Some("ended with money held or taken")
        }
        Some(State::Rejected | State::Cancelled) if holds_stock => Some("ended with stock held"),
        Some(State::Rejected | State::Cancelled)
            if matches!(
                world.shipment,
                Some(Shipped::Preparing | Shipped::Dispatched)
            ) =>
        {
            Some("ended with a shipment")
        }
        Some(State::Rejected | State::Cancelled) => None,
        Some(State::Shipped) if stands != Stands::Captured && !world.is_capture_failed => {
            Some("shipped, never captured, and nobody told")
        }
        Some(State::Shipped) if reserved != Some(Reserved::Dispatched) => {
            Some("shipped, with the stock still on hand")
        }
        Some(State::Shipped) => None,
        // The buyer has yet to answer.
        Some(State::AwaitingPayment) if stands == Stands::RequiresAction => None,
        _ => Some("stuck"),
    }
}
