//! What a crash leaves behind, wherever it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use contracts::tradewind::payments::v1::PaymentState;
use store::testing::{TestDatabase, eventually};
use svc_payments::{Crash, Point};

use crate::till::{Till, minor};

const POINTS: [Point; 3] = [Point::Planned, Point::Sent, Point::Answered];

/// Dies at this point, when it is passed for the nth time, and from then on wherever it may; and says
/// whether it has.
fn dies(point: Point, nth: i64) -> (Crash, Arc<AtomicBool>) {
    let (passed, dead) = (AtomicI64::new(0), Arc::new(AtomicBool::new(false)));
    let is_dead = dead.clone();
    let crash = Crash::when(move |at| {
        if at == point && passed.fetch_add(1, Ordering::SeqCst) == nth {
            dead.store(true, Ordering::SeqCst);
        }
        dead.load(Ordering::SeqCst)
    });
    (crash, is_dead)
}

/// Waits until it has died, where it does without a caller.
async fn died(point: Point, dead: &AtomicBool) {
    if point != Point::Planned {
        eventually("it dies", async || dead.load(Ordering::SeqCst)).await;
    }
}

/// A payment that is held, taken and given back, with a crash at each of these points in turn.
async fn survives(database: &TestDatabase, token: &str) {
    let mut till = Till::open(database).await;
    for point in POINTS {
        // Creating and confirming are two things that are sent.
        for nth in 0..2 {
            till = till.again(database, dies(point, nth).0).await;
            let order = till.new_id();
            let _ = till.authorize(order, token).await;
            till = till.again(database, Crash::default()).await;
            // The lease of whoever died runs out.
            let payment = till
                .of_order(order)
                .await
                .expect("it was written")
                .payment_id;
            till.comes_to(&payment, PaymentState::Authorized).await;

            till = till.again(database, dies(point, 0).0).await;
            let shipment = till.new_id();
            let _ = till.capture(order, shipment, 10_000).await;
            till = till.again(database, Crash::default()).await;
            till.comes_to(&payment, PaymentState::Captured).await;

            let (crash, dead) = dies(point, 0);
            till = till.again(database, crash).await;
            let refund = till.new_id();
            till.refund(&payment, refund, 2_500).await.unwrap();
            died(point, &dead).await;
            till = till.again(database, Crash::default()).await;
            eventually("it is given back", async || {
                till.hands.advance(Duration::from_secs(60));
                minor(&till.get(&payment).await.refunded) == 2_500
            })
            .await;

            let (crash, dead) = dies(point, 0);
            till = till.again(database, crash).await;
            till.settle(order, 5_000).await.unwrap();
            died(point, &dead).await;
            till = till.again(database, Crash::default()).await;
            let closed = till.comes_to(&payment, PaymentState::Closed).await;
            assert_eq!(
                (minor(&closed.captured), minor(&closed.refunded)),
                (10_000, 5_000)
            );
            for (event, times) in [
                ("PaymentAuthorized", 1),
                ("PaymentCaptured", 1),
                ("PaymentRefunded", 2),
                ("PaymentClosed", 1),
            ] {
                assert_eq!(
                    till.told(&payment, event).await,
                    times,
                    "{point:?} {nth} {event}"
                );
            }
        }
    }
    // Each payment has its object, whose money moved once.
    assert_eq!(till.at_provider("CAPTURED").await, 6);
    assert_eq!(
        till.count("sandbox_intents WHERE status NOT IN ('CAPTURED', 'UNCONFIRMED')")
            .await,
        0
    );
    assert_eq!(till.count("sandbox_refunds").await, 12);
}

store::on_both! {
    async fn money_moves_once_wherever_a_crash_happens(database: TestDatabase) {
        survives(&database, "tok_ok").await;
    }

    async fn money_moves_once_where_replies_are_lost_too(database: TestDatabase) {
        survives(&database, "tok_timeout_then_ok").await;
    }

    async fn a_hold_is_given_back_wherever_a_crash_happens(database: TestDatabase) {
        let mut till = Till::open(&database).await;
        for point in POINTS {
            let order = till.new_id();
            let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
            let (crash, dead) = dies(point, 0);
            till = till.again(&database, crash).await;
            till.settle(order, 0).await.unwrap();
            died(point, &dead).await;
            till = till.again(&database, Crash::default()).await;
            till.comes_to(&payment, PaymentState::Closed).await;
        }
        assert_eq!(till.at_provider("CANCELED").await, 3);
    }
}
