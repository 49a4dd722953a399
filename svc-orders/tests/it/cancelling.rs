//! Cancelling orders.

use contracts::tradewind::orders::v1::OrderState;
use runtime::status::{Reason, reason};
use tonic::Code;
use uuid::Uuid;

use crate::neighbours::{Fault, Gate, Reservation};
use crate::shop::Shop;

store::on_both! {
    async fn a_cancelled_order_gives_its_stock_back_and_is_never_shipped(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 4)]).await.unwrap().order_id;

        let cancelled = ada.cancel(&order).await.unwrap();

        assert_eq!(cancelled.state(), OrderState::Cancelled);
        assert_eq!(shop.neighbours.available("A"), 10);
        assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Released));
        assert!(shop.neighbours.is_shipment_cancelled(&order));
        let history = ada.history(&order).await;
        let states: Vec<_> = history.iter().map(|event| event.new_state()).collect();
        use OrderState::{Cancelled, Cancelling, Confirmed, Pending};
        assert_eq!(states, [Pending, Confirmed, Cancelling, Cancelled]);
        assert_eq!(history[2].reason, "changed my mind");
        // Once more changes nothing.
        assert_eq!(ada.cancel(&order).await.unwrap(), cancelled);
        assert_eq!(ada.get(&order).await.unwrap(), cancelled);
    }

    async fn an_order_is_cancelled_on_a_condition_that_holds(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 4)]).await.unwrap();

        let refused = ada.cancel_if(&order.order_id, "\"1\"").await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::EtagMismatch));
        assert_eq!(ada.get(&order.order_id).await.unwrap(), order);

        let condition = format!("\"{}\"", order.etag);
        let (one, other) = futures::join!(
            ada.cancel_if(&order.order_id, &condition),
            ada.cancel_if(&order.order_id, &condition),
        );
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(won.unwrap().state(), OrderState::Cancelled);
        assert_eq!(reason(&lost.unwrap_err()), Some(Reason::EtagMismatch));
    }

    async fn a_dispatched_order_is_not_cancelled(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 4)]).await.unwrap().order_id;
        shop.neighbours.dispatch(&order);

        let refused = ada.cancel(&order).await.unwrap_err();

        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::InvalidState));
        assert_eq!(ada.get(&order).await.unwrap().state(), OrderState::Confirmed);
        assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Allocated));
        shop.dispatched(&order).await;
        ada.reaches(&order, OrderState::Shipped).await;
        let refused = ada.cancel(&order).await.unwrap_err();
        assert_eq!(refused.message(), "an order that is SHIPPED cannot be cancelled");
    }

    async fn a_dispatch_that_overtakes_a_cancellation_ships_the_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 4)]).await.unwrap().order_id;
        let gate = Gate::default();
        shop.neighbours.fault("CancelShipment", [Fault::Held(gate.clone())]);
        let cancelling = tokio::spawn({
            let (ada, order) = (ada.clone(), order.clone());
            async move { ada.cancel(&order).await }
        });
        gate.came().await;
        shop.neighbours.dispatch(&order);
        shop.dispatched(&order).await;
        ada.reaches(&order, OrderState::Shipped).await;
        gate.open();
        let refused = cancelling.await.unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(ada.get(&order).await.unwrap().state(), OrderState::Shipped);
        assert_eq!(shop.neighbours.reservation(&order), Some(Reservation::Allocated));
    }

    async fn an_order_can_be_cancelled_while_it_is_placed(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        for method in ["ReserveStock", "CommitReservation"] {
            let gate = Gate::default();
            shop.neighbours.fault(method, [Fault::Held(gate.clone())]);
            let placing = tokio::spawn({
                let ada = ada.clone();
                async move { ada.order(&[("A", 1)]).await }
            });
            gate.came().await;
            let order = ada.list().await.remove(0).order_id;
            let cancelled = ada.cancel(&order).await.unwrap();
            assert_eq!(cancelled.state(), OrderState::Cancelled);
            gate.open();
            let refused = placing.await.unwrap().unwrap_err();
            assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
            assert_eq!(ada.get(&order).await.unwrap(), cancelled);
            assert_eq!(shop.neighbours.available("A"), 10);
            assert_eq!(shop.events("orders.v1.OrderConfirmed", &order).await, 0);
        }
    }

    async fn nobody_cancels_somebody_elses_order_but_administrators(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let (ada, bob) = (shop.buyer().await, shop.buyer().await);
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        assert_eq!(bob.cancel(&order).await.unwrap_err().code(), Code::NotFound);
        let nowhere = Uuid::from_u128(1).to_string();
        assert_eq!(ada.cancel(&nowhere).await.unwrap_err().code(), Code::NotFound);
        let cancelled = shop.administrator().await.cancel(&order).await.unwrap();
        assert_eq!(cancelled.state(), OrderState::Cancelled);
    }
}
