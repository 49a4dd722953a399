//! Reading orders and their histories.

use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{
    GetOrderSummaryRequest, ListOrderEventsRequest, ListOrdersRequest, OrderState,
};
use runtime::status::{Reason, reason};
use tonic::Code;

use crate::shop::{Shop, basket};

store::on_both! {
    async fn orders_are_seen_by_their_owner_and_administrators_only(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let (ada, bob) = (shop.buyer().await, shop.buyer().await);
        let order = ada.order(&[("A", 1)]).await.unwrap();
        // Read by the owner first, so that it is cached when somebody else asks.
        assert_eq!(ada.get(&order.order_id).await.unwrap(), order);
        assert_eq!(bob.get(&order.order_id).await.unwrap_err().code(), Code::NotFound);
        assert!(bob.list().await.is_empty());
        let request = ListOrderEventsRequest { order_id: order.order_id.clone(), ..Default::default() };
        assert_eq!(bob.list_events(request).await.unwrap_err().code(), Code::NotFound);
        let spy = ListOrdersRequest { user_id: ada.id.to_string(), ..Default::default() };
        assert_eq!(bob.list_by(spy.clone()).await.unwrap_err().code(), Code::PermissionDenied);
        let administrator = shop.administrator().await;
        assert_eq!(administrator.get(&order.order_id).await.unwrap(), order);
        assert_eq!(administrator.list().await, std::slice::from_ref(&order));
        assert_eq!(administrator.list_by(spy).await.unwrap().orders, [order]);
    }

    async fn orders_are_listed_newest_first_page_by_page(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let mut placed = Vec::new();
        for _ in 0..5 {
            placed.push(ada.order(&[("A", 1)]).await.unwrap());
        }
        placed.sort_by(|one, two| two.order_id.cmp(&one.order_id));
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListOrdersRequest { page_size: 2, page_token, ..Default::default() };
            let page = ada.list_by(request).await.unwrap();
            assert!(page.orders.len() <= 2);
            listed.extend(page.orders);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(listed, placed);
        let wrong = ListOrdersRequest { page_token: "gibberish".to_owned(), ..Default::default() };
        let refused = ada.list_by(wrong).await.unwrap_err();
        assert_eq!(reason(&refused), Some(Reason::PageTokenInvalid));
    }

    async fn orders_are_found_by_state_and_reference(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let administrator = shop.administrator().await;
        let mut request = basket(&[("A", 1)]);
        request.external_reference = "536365".to_owned();
        let first = administrator.place(request, None).await.unwrap();
        let second = administrator.order(&[("A", 1)]).await.unwrap();
        let second = administrator.cancel(&second.order_id).await.unwrap();

        let state = OrderState::Cancelled.into();
        let by_state = ListOrdersRequest { state, ..Default::default() };
        assert_eq!(administrator.list_by(by_state).await.unwrap().orders, [second]);
        let external_reference = "536365".to_owned();
        let by_reference = ListOrdersRequest { external_reference, ..Default::default() };
        assert_eq!(administrator.list_by(by_reference).await.unwrap().orders, [first]);
    }

    async fn a_cached_order_is_read_anew_after_a_change(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        assert_eq!(ada.get(&order).await.unwrap().state(), OrderState::Confirmed);
        ada.cancel(&order).await.unwrap();
        assert_eq!(ada.get(&order).await.unwrap().state(), OrderState::Cancelled);
    }

    async fn a_history_is_listed_page_by_page(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order_id = ada.order(&[("A", 1)]).await.unwrap().order_id;
        ada.cancel(&order_id).await.unwrap();
        let request = ListOrderEventsRequest { order_id, page_size: 3, ..Default::default() };
        let first = ada.list_events(request.clone()).await.unwrap();
        assert_eq!(first.events.len(), 3);
        let page_token = first.next_page_token;
        let last = ada.list_events(ListOrderEventsRequest { page_token, ..request }).await.unwrap();
        assert_eq!(last.events.len(), 1);
        assert_eq!(last.events[0].sequence, 4);
        assert_eq!(last.next_page_token, "");
    }
    async fn who_sends_mails_learns_what_is_said_of_an_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 2)]).await.unwrap();
        let mut notify = OrdersServiceClient::new(shop.as_workload("svc-notify"));
        let request = GetOrderSummaryRequest { order_id: order.order_id.clone() };
        let summary = notify.get_order_summary(request.clone()).await.unwrap().into_inner();
        assert_eq!(summary.state(), OrderState::Confirmed);
        assert_eq!((summary.user_id, summary.items, summary.total), (ada.id.to_string(), order.items, order.total));
        assert_eq!((summary.city, summary.taken_over), (order.ship_to.unwrap().city, false));

        let mut taken_over = basket(&[("A", 1)]);
        taken_over.external_reference = "C-1".to_owned();
        let order_id = shop.administrator().await.place(taken_over, None).await.unwrap().order_id;
        let summary = notify.get_order_summary(GetOrderSummaryRequest { order_id }).await.unwrap();
        assert!(summary.into_inner().taken_over);
        let mut shipping = OrdersServiceClient::new(shop.as_workload("svc-shipping"));
        let refused = shipping.get_order_summary(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let order_id = shop.new_id().to_string();
        let nothing = notify.get_order_summary(GetOrderSummaryRequest { order_id }).await.unwrap_err();
        assert_eq!(nothing.code(), Code::NotFound);
    }
}
