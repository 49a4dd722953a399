//! What a payment makes of certain things.

use chrono::TimeDelta;
use uuid::Uuid;

use super::world::{AMOUNT, World};
use crate::domain::snapshot::{IntentStatus, ProviderRefund, RefundStatus};
use crate::domain::{Kind, News, Operation, OperationState, Payment, State};

/// Makes the provider hold money, or do otherwise.
const HOLDS: u8 = 3;
const DECLINES: u8 = 2;

fn held() -> World {
    let mut world = World::new();
    while world.drive(HOLDS, None) {}
    assert_eq!(world.payment.state, State::Authorized);
    world
}

fn captured() -> World {
    let mut world = held();
    let captured = world.change(|it, book| it.capture(Uuid::from_u128(9), AMOUNT, book));
    assert_eq!(captured, Ok(()));
    while world.drive(HOLDS, None) {}
    assert_eq!(world.payment.state, State::Captured);
    world
}

fn of(payment: &Payment, kind: Kind) -> Vec<&Operation> {
    let operations = payment.operations.iter();
    operations.filter(|it| it.kind == kind).collect()
}

#[test]
fn how_it_stood_before_money_was_taken_is_not_heard() {
    let mut world = held();
    let before = world.snapshot().expect("it has an object");
    let captured = world.change(|it, book| it.capture(Uuid::from_u128(9), AMOUNT, book));
    assert_eq!(captured, Ok(()));
    while world.drive(HOLDS, None) {}
    let taken = world.payment.clone();
    world.change(|payment, book| payment.hear(&before, book));
    assert_eq!(world.payment, taken);
}

#[test]
fn a_buyer_who_was_declined_and_tries_once_more_holds_nothing() {
    let mut world = World::new();
    while world.drive(DECLINES, None) {}
    assert_eq!(world.payment.state, State::Declined);
    let intent = world.intent.as_mut().expect("it has an object");
    (intent.status, intent.held) = (IntentStatus::Held, AMOUNT);
    world.look();
    while world.drive(HOLDS, None) {}
    assert_eq!(world.payment.state, State::Declined);
    assert_eq!(
        world.intent.expect("it has an object").status,
        IntentStatus::Canceled
    );
}

#[test]
fn what_the_providers_console_gave_back_is_written_down_and_not_given_back_again() {
    let mut world = captured();
    let refund = world.change(|it, book| {
        it.begin_refund(Uuid::from_u128(5), 60, String::new(), book)
            .map(|_| ())
    });
    assert_eq!(refund, Ok(()));
    world.refunds.push(ProviderRefund {
        provider_ref: "console".to_owned(),
        refund_id: None,
        amount: 50,
        status: RefundStatus::Succeeded,
    });
    world.look();
    let payment = &world.payment;
    assert_eq!((payment.refunded, payment.refunding), (50, 0));
    assert_eq!(of(payment, Kind::Adjustment)[0].amount, 50);
    assert_eq!(of(payment, Kind::Refund)[0].state, OperationState::Refused);
    assert!(world.told(|it| *it == News::RefundFailed(Uuid::from_u128(5))));
}

#[test]
fn a_refund_that_arrived_and_came_back_is_no_refund() {
    let mut world = captured();
    let id = Uuid::from_u128(5);
    let refund = world.change(|it, book| it.begin_refund(id, 60, String::new(), book).map(|_| ()));
    assert_eq!(refund, Ok(()));
    while world.drive(HOLDS, None) {}
    assert_eq!(world.payment.refunded, 60);
    world.refunds[0].status = RefundStatus::Failed {
        code: "bank".to_owned(),
    };
    world.look();
    assert_eq!(
        (world.payment.refunded, world.payment.refundable()),
        (0, AMOUNT)
    );
    assert!(world.told(|it| *it == News::RefundFailed(id)));
}

#[test]
fn a_settled_payment_closes_though_what_is_to_be_given_back_never_is() {
    let mut world = captured();
    let settled = world.change(|it, book| it.settle(40, "cancelled".to_owned(), book));
    assert_eq!(settled, Ok(()));
    // By this whim the provider refuses.
    while world.payment.state == State::Closing {
        assert!(world.drive(0, None) || world.payment.due(world.now).is_some());
        world.now += TimeDelta::minutes(1);
        world.is_fresh = false;
    }
    let refund = of(&world.payment, Kind::Refund)[0];
    assert_eq!((refund.attempt, refund.state), (4, OperationState::Refused));
    assert_eq!(refund.reason, "cancelled");
    assert!(world.told(|it| *it == News::RefundFailed(refund.id)));
    assert!(world.told(|it| *it == News::Closed));
}

#[test]
fn the_pause_before_a_further_attempt_grows() {
    let mut world = captured();
    let settled = world.change(|it, book| it.settle(0, String::new(), book));
    assert_eq!(settled, Ok(()));
    let mut pauses = Vec::new();
    for _ in 0..3 {
        assert!(world.drive(0, None));
        let due = world.payment.due(world.now).expect("it is tried anew");
        pauses.push((due - world.now).num_minutes());
        world.now = due;
    }
    assert_eq!(pauses, [1, 5, 25]);
}

#[test]
fn nothing_is_asked_for_a_payment_that_never_was() {
    let now = chrono::DateTime::UNIX_EPOCH;
    let (id, order) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let tombstone = Payment::tombstone(id, order, 0, now);
    assert_eq!(tombstone.due(now), None);
    assert_eq!(tombstone.next(false, now), crate::domain::Ask::Nothing);
}
