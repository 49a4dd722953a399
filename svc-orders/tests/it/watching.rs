//! Watching orders.

use contracts::tradewind::orders::v1::OrderState;
use futures::{StreamExt as _, TryStreamExt as _};
use tonic::Code;

use crate::shop::Shop;

store::on_both! {
    async fn a_watcher_sees_everything_until_the_order_can_change_no_more(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        let mut events = ada.watch(&order, 0).await.unwrap();
        let mut next = async || events.next().await.unwrap().unwrap().new_state();
        assert_eq!(next().await, OrderState::Pending);
        assert_eq!(next().await, OrderState::Confirmed);
        shop.dispatched(&order).await;
        assert_eq!(next().await, OrderState::Shipped);
        shop.delivered(&order).await;
        assert_eq!(next().await, OrderState::Delivered);
        assert!(events.next().await.is_none());
    }

    async fn a_watch_is_resumed_after_the_last_event_that_was_seen(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let other = shop.replica(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        ada.cancel(&order).await.unwrap();
        let resumed = ada.at(&other).watch(&order, 2).await.unwrap();
        let states: Vec<_> =
            resumed.map_ok(|event| event.new_state()).try_collect().await.unwrap();
        assert_eq!(states, [OrderState::Cancelling, OrderState::Cancelled]);
        assert!(ada.watch(&order, 4).await.unwrap().next().await.is_none());
    }

    async fn a_watcher_hears_of_changes_that_another_replica_makes(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let other = shop.replica(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        let mut events = ada.watch(&order, 2).await.unwrap();
        ada.at(&other).cancel(&order).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap().new_state(), OrderState::Cancelling);
        assert_eq!(events.next().await.unwrap().unwrap().new_state(), OrderState::Cancelled);
        assert!(events.next().await.is_none());
    }

    async fn a_watch_ends_at_a_shutdown_and_says_so(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let other = shop.replica(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        let mut events = ada.at(&other).watch(&order, 1).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap().sequence, 2);
        other.stop().await;
        assert_eq!(events.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
        assert!(events.next().await.is_none());
        let mut resumed = ada.watch(&order, 2).await.unwrap();
        ada.cancel(&order).await.unwrap();
        assert_eq!(resumed.next().await.unwrap().unwrap().sequence, 3);
    }

    async fn nobody_watches_somebody_elses_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let (ada, bob) = (shop.buyer().await, shop.buyer().await);
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        let refused = bob.watch(&order, 0).await.err().map(|status| status.code());
        assert_eq!(refused, Some(Code::NotFound));
    }
}
