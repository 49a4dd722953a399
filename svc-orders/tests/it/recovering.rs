//! What a crash, or a callee that is away, leaves behind.

use std::time::Duration;

use contracts::tradewind::orders::v1::OrderState;
use contracts::tradewind::payments::v1::PaymentState;
use runtime::status::{Reason, reason};
use store::testing::eventually;
use svc_orders::domain;
use tonic::Code;

use crate::neighbours::{Fault, Gate, Reservation};
use crate::shop::Shop;

store::on_both! {
    async fn wherever_placing_breaks_off_recovery_brings_the_order_to_one_end(
        database: TestDatabase
    ) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 100);
        let ada = shop.buyer().await;
        let plan = domain::plan(domain::State::Pending).unwrap();
        let mut confirmed = 0;
        for (ask, _) in plan.asks {
            let (_, method) = ask.method();
            for fault in [Fault::Away, Fault::ReplyLost] {
                shop.neighbours.fault(method, [fault.clone(), fault]);
                let failed = ada.order(&[("A", 1)]).await.unwrap_err();
                assert_eq!(failed.code(), Code::Unavailable, "{failed}");
                let order = ada.list().await.remove(0).order_id;
                // Recovery has no payment token: it goes on with a payment that was begun.
                let ended = ada.ends(&order).await.state();
                assert_eq!(ada.history(&order).await.last().unwrap().actor, "workload:svc-orders");
                let is_held = shop.neighbours.payment(&order) == Some(PaymentState::Authorized);
                if is_held {
                    confirmed += 1;
                    assert_eq!(ended, OrderState::Confirmed, "{ask}");
                    assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Allocated));
                } else {
                    assert_eq!(ended, OrderState::Rejected, "{ask}");
                    assert_eq!(shop.neighbours.payment(&order), Some(PaymentState::Closed));
                }
                assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, i64::from(is_held));
                assert_eq!(shop.neighbours.available("A"), 100 - confirmed);
            }
        }
        assert_eq!(confirmed, 3, "a reply of AuthorizePayment lost, and CommitReservation");
    }

    async fn a_reservation_that_expired_meanwhile_rejects_the_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 1);
        let ada = shop.buyer().await;
        let gate = Gate::default();
        shop.neighbours.fault("CommitReservation", [Fault::Held(gate.clone())]);
        let call = tokio::spawn({
            let ada = ada.clone();
            async move { ada.order(&[("A", 1)]).await }
        });
        gate.came().await;
        let order = ada.list().await.remove(0).order_id;
        shop.neighbours.expire(&order);
        gate.open();
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::FailedPrecondition);
        let rejected = ada.reaches(&order, OrderState::Rejected).await;
        assert_eq!(rejected.rejection_reason, "the reservation has expired or was released");
        assert_eq!(shop.neighbours.available("A"), 1);
        assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, 0);
    }

    async fn a_deadline_that_passes_leaves_the_order_to_recovery(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 100);
        let ada = shop.buyer().await;
        shop.neighbours.fault("CommitReservation", [Fault::Held(Gate::default())]);
        let late = ada.order_within(Duration::from_secs(2), &[("A", 1)]).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
        let order = ada.list().await.remove(0).order_id;
        ada.reaches(&order, OrderState::Confirmed).await;
        assert_eq!(shop.neighbours.available("A"), 99);
        assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, 1);
    }

    async fn another_replica_takes_up_what_one_does_not_finish(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        let other = shop.replica(&database).await;
        shop.neighbours.sell("A", 100, 100);
        let ada = shop.buyer().await;
        let gate = Gate::default();
        shop.neighbours.fault("CommitReservation", [Fault::Held(gate.clone())]);
        let call = tokio::spawn({
            let ada = ada.clone();
            async move { ada.order(&[("A", 1)]).await }
        });
        gate.came().await;
        let order = ada.list().await.remove(0).order_id;
        ada.at(&other).reaches(&order, OrderState::Confirmed).await;
        // The first one comes late, and answers with what was done.
        gate.open();
        assert_eq!(call.await.unwrap().unwrap().order_id, order);
        assert_eq!(shop.neighbours.available("A"), 99);
        assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, 1);
    }

    async fn units_that_come_too_late_are_not_for_a_rejected_order(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 0);
        let ada = shop.buyer().await;
        let gate = Gate::default();
        shop.neighbours.fault("ReserveStock", [Fault::Held(gate.clone())]);
        let call = tokio::spawn({
            let ada = ada.clone();
            async move { ada.order(&[("A", 1)]).await }
        });
        gate.came().await;
        let order = ada.list().await.remove(0).order_id;
        // Recovery is refused, which is final; then units come, and the first call asks for them.
        ada.reaches(&order, OrderState::Rejected).await;
        shop.neighbours.sell("A", 100, 1);
        gate.open();
        let refused = call.await.unwrap().unwrap_err();
        assert_eq!(reason(&refused), Some(Reason::InsufficientStock));
        assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Released));
        assert_eq!(shop.neighbours.available("A"), 1);
    }

    async fn a_repetition_hears_how_recovery_ended_the_order(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 1);
        let ada = shop.buyer().await;
        shop.neighbours.fault("CommitReservation", [Fault::ReplyLost]);
        ada.order_with_key("first", &[("A", 1)]).await.unwrap_err();
        let confirmed = ada.list().await.remove(0).order_id;
        let confirmed = ada.reaches(&confirmed, OrderState::Confirmed).await;
        assert_eq!(ada.order_with_key("first", &[("A", 1)]).await.unwrap(), confirmed);

        // A refusal that was not heard, for want of units that come now.
        shop.neighbours.fault("ReserveStock", [Fault::ReplyLost]);
        let lost = ada.order_with_key("second", &[("A", 1)]).await.unwrap_err();
        assert_eq!(lost.code(), Code::Unavailable);
        shop.neighbours.sell("A", 100, 1);
        let rejected = ada.list().await.remove(0).order_id;
        let rejected = ada.reaches(&rejected, OrderState::Rejected).await;
        assert_eq!(rejected.rejection_reason, "there are 0 of A");
        let refused = ada.order_with_key("second", &[("A", 1)]).await.unwrap_err();
        assert_eq!(reason(&refused), Some(Reason::InsufficientStock));
        assert_eq!(refused.message(), rejected.rejection_reason);
        assert_eq!(shop.neighbours.available("A"), 1);
        assert_eq!(shop.count("orders").await, 2);
    }

    async fn a_callee_that_hangs_keeps_recovery_from_nothing_else(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 100);
        let ada = shop.buyer().await;
        // The calls of the buyers fail; the first ones of recovery are never answered.
        let hangs = (0..4).map(|_| Fault::Held(Gate::default()));
        shop.neighbours.fault("CommitReservation", vec![Fault::Away; 8].into_iter().chain(hangs));
        let failed = futures::future::join_all((0..8).map(|_| ada.order(&[("A", 1)]))).await;
        assert!(failed.iter().any(Result::is_err));
        eventually("every order is confirmed", async || {
            ada.list().await.iter().all(|order| order.state() == OrderState::Confirmed)
        })
        .await;
        assert_eq!(shop.neighbours.available("A"), 92);
    }

    async fn replicas_share_the_recovery_of_many_orders(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        let _other = shop.replica(&database).await;
        shop.neighbours.sell("A", 100, 100);
        let ada = shop.buyer().await;
        shop.neighbours.fault("CommitReservation", vec![Fault::Away; 40]);
        let calls = (0..40).map(|_| ada.order(&[("A", 1)]));
        let failed = futures::future::join_all(calls).await;
        assert!(failed.iter().any(Result::is_err));
        eventually("every order is confirmed", async || {
            ada.list().await.iter().all(|order| order.state() == OrderState::Confirmed)
        })
        .await;
        assert_eq!(ada.list().await.len(), 40);
        assert_eq!(shop.neighbours.available("A"), 60);
        assert_eq!(shop.count("outbox WHERE subject = 'orders.v1.OrderConfirmed'").await, 40);
    }

    async fn a_repetition_goes_on_from_the_order_that_was_written(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        shop.neighbours.fault("CommitReservation", [Fault::Away]);
        let failed = ada.order_with_key("k", &[("A", 1)]).await.unwrap_err();
        assert_eq!(failed.code(), Code::Unavailable);
        let order = ada.order_with_key("k", &[("A", 1)]).await.unwrap();
        assert_eq!(order.state(), OrderState::Confirmed);
        assert_eq!(shop.count("orders").await, 1);
        assert_eq!(shop.neighbours.available("A"), 9);
    }

    async fn wherever_cancelling_breaks_off_recovery_finishes_it(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let plan = domain::plan(domain::State::Cancelling).unwrap();
        for (ask, _) in plan.asks {
            let (_, method) = ask.method();
            for fault in [Fault::Away, Fault::ReplyLost] {
                let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
                shop.neighbours.fault(method, [fault.clone(), fault]);
                let failed = ada.cancel(&order).await.unwrap_err();
                assert_eq!(failed.code(), Code::Unavailable, "{failed}");
                ada.reaches(&order, OrderState::Cancelled).await;
                assert!(shop.neighbours.is_shipment_cancelled(&order));
                assert_eq!(shop.neighbours.payment(&order), Some(PaymentState::Closed));
                assert_eq!(shop.neighbours.available("A"), 10);
            }
        }
    }

    async fn an_order_that_never_got_units_is_cancelled_by_recovery(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        let _other = shop.replica(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let gate = Gate::default();
        let away = vec![Fault::Away; 50];
        shop.neighbours.fault("ReserveStock", [Fault::Held(gate.clone())].into_iter().chain(away));
        let placing = tokio::spawn({
            let ada = ada.clone();
            async move { ada.order(&[("A", 1)]).await }
        });
        gate.came().await;
        let order = ada.list().await.remove(0).order_id;
        shop.neighbours.fault("ReleaseReservation", [Fault::Away, Fault::ReplyLost]);
        assert_eq!(ada.cancel(&order).await.unwrap_err().code(), Code::Unavailable);
        let cancelled = ada.reaches(&order, OrderState::Cancelled).await;
        // The call that places it comes now.
        gate.open();
        placing.await.unwrap().unwrap_err();
        assert_eq!(ada.get(&order).await.unwrap(), cancelled);
        assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Released));
        assert_eq!(shop.neighbours.available("A"), 10);
        assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, 0);
    }

    async fn recovery_confirms_again_what_shipping_does_not_let_go(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        shop.neighbours.dispatch(&order);
        shop.neighbours.fault("CancelShipment", [Fault::Away]);
        ada.cancel(&order).await.unwrap_err();
        ada.reaches(&order, OrderState::Confirmed).await;
        assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Allocated));
        // It was promised once, and is not promised again.
        assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, 1);
    }
}
