//! Placing orders.

use std::collections::HashSet;

use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1::ProductState;
use contracts::tradewind::orders::v1::{Address, OrderState};
use contracts::tradewind::users::v1::UserState;
use runtime::status::{Problem, Reason, reason};
use store::testing::eventually;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::neighbours::{Fault, Gate, Reservation};
use crate::shop::{Shop, basket};

store::on_both! {
    async fn an_order_is_confirmed_at_the_catalogues_prices(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("85123A", 255, 10);
        shop.neighbours.sell("a mug ", 5, 1000);
        let ada = shop.buyer().await;

        let order = ada.order(&[("85123A", 2), ("a mug ", 600), ("85123A", 1)]).await.unwrap();

        assert_eq!(order.state(), OrderState::Confirmed);
        assert_eq!(order.user_id, ada.id.to_string());
        let lines: Vec<_> =
            order.items.iter().map(|item| (item.sku.as_str(), item.quantity)).collect();
        assert_eq!(lines, [("85123A", 3), ("a mug ", 600)]);
        assert_eq!(order.items[0].title, "The 85123A");
        let gbp = |units, nanos| {
            Some(Money { currency_code: "GBP".to_owned(), units, nanos })
        };
        assert_eq!(order.items[0].unit_price, gbp(2, 550_000_000));
        assert_eq!(order.items[0].total, gbp(7, 650_000_000));
        assert_eq!(order.total, gbp(37, 650_000_000));
        assert_eq!(shop.neighbours.available("85123A"), 7);
        assert_eq!(shop.neighbours.reservation(&order.order_id), Some(Reservation::Allocated));
        assert_eq!(shop.events("orders.v1.OrderConfirmed", &order.order_id).await, 1);

        let history = ada.history(&order.order_id).await;
        let states: Vec<_> = history.iter().map(|event| (event.sequence, event.new_state())).collect();
        assert_eq!(states, [(1, OrderState::Pending), (2, OrderState::Confirmed)]);
        assert_eq!(history[1].actor, format!("user:{}", ada.id));
        assert_eq!(ada.get(&order.order_id).await.unwrap(), order);
    }

    async fn an_order_of_a_thousand_lines_keeps_all_of_them_in_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let skus: Vec<String> = (0..1000).map(|number| format!("sku \"{number}\" \\ ö")).collect();
        for sku in &skus {
            shop.neighbours.sell(sku, 1, 10_000);
        }
        let ada = shop.buyer().await;
        let asked: Vec<(&str, i32)> = skus.iter().map(|sku| (sku.as_str(), 10_000)).collect();
        let order = ada.order(&asked).await.unwrap();
        let read = ada.get(&order.order_id).await.unwrap();
        assert_eq!(read, order);
        assert!(read.items.iter().map(|item| &item.sku).eq(&skus));
        assert_eq!(read.total.unwrap().units, 100_000);
    }

    async fn what_cannot_be_priced_is_refused_before_anything_is_written(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        shop.neighbours.offer("OLD", "GBP", 100, ProductState::Archived);
        shop.neighbours.offer("EURO", "EUR", 100, ProductState::Active);
        let ada = shop.buyer().await;
        for (sku, expected) in [
            ("?", Reason::UnknownProduct),
            ("OLD", Reason::ProductArchived),
            ("EURO", Reason::CurrencyMismatch),
        ] {
            let refused = ada.order(&[("A", 1), (sku, 1)]).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert_eq!(reason(&refused), Some(expected));
            let details = refused.get_error_details();
            assert_eq!(details.bad_request().unwrap().field_violations[0].field, "items[1].sku");
            assert_eq!(details.error_info().unwrap().metadata["sku"], sku);
        }
        assert_eq!(shop.count("orders").await, 0);
        assert_eq!(shop.neighbours.calls("ReserveStock"), 0);
    }

    async fn a_thousand_unknown_products_are_refused_in_a_reply_that_arrives(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let ada = shop.buyer().await;
        let skus: Vec<String> = (0..1000).map(|number| format!("{number:064}")).collect();
        let asked: Vec<(&str, i32)> = skus.iter().map(|sku| (sku.as_str(), 1)).collect();
        let refused = ada.order(&asked).await.unwrap_err();
        assert_eq!(reason(&refused), Some(Reason::UnknownProduct));
    }

    async fn a_text_that_not_every_database_stores_is_refused(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 1);
        let ada = shop.buyer().await;
        let mut request = basket(&[("A", 1)]);
        request.ship_to.as_mut().unwrap().city = "Lon\0don".to_owned();
        let refused = ada.place(request, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().contains("shipTo.city"), "{refused}");
        assert_eq!(shop.count("orders").await, 0);
    }

    async fn an_address_says_where_an_order_goes(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        type Change = fn(&mut Address);
        let to = |change: Change| {
            let mut request = basket(&[("A", 1)]);
            change(request.ship_to.as_mut().unwrap());
            ada.place(request, None)
        };
        let cases: [(&str, Change); 9] = [
            ("shipTo.name", |to| to.name = " ".into()),
            ("shipTo.name", |to| to.name = "Ada\u{200B}".into()),
            ("shipTo.lines[1]", |to| to.lines.push("\u{3000}".into())),
            ("shipTo.lines[0]", |to| to.lines[0] = "12 \u{202E}St".into()),
            ("shipTo.city", |to| to.city = "\u{A0}".into()),
            ("shipTo.postalCode", |to| to.postal_code = "SW1\nY".into()),
            ("shipTo.country", |to| to.country = "XX".into()),
            ("shipTo.country", |to| to.country = "ZZ".into()),
            ("shipTo.country", |to| to.country = "gb".into()),
        ];
        for (field, change) in cases {
            let refused = to(change).await.expect_err(field);
            assert_eq!(reason(&refused), Some(Reason::InvalidField), "{refused}");
            let details = refused.get_error_details();
            assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
        }
        assert_eq!(shop.count("orders").await, 0);

        // Names and streets of the world, kept in composed characters.
        let order = to(|to| {
            to.name = "A\u{30A}sa 李小龙".into();
            to.city = "Zu\u{308}rich".into();
            to.postal_code = String::new();
            to.country = "CH".into();
        });
        let sent_to = order.await.unwrap().ship_to.unwrap();
        assert_eq!((sent_to.name.as_str(), sent_to.city.as_str()), ("Åsa 李小龙", "Zürich"));
    }

    async fn too_little_stock_rejects_the_order_and_says_what_is_available(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;

        let refused = ada.order_with_key("first", &[("A", 4)]).await.unwrap_err();

        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::InsufficientStock));
        assert_eq!(refused.get_error_details().error_info().unwrap().metadata["available"], "3");
        let orders = ada.list().await;
        assert_eq!(orders[0].state(), OrderState::Rejected);
        assert_eq!(orders[0].rejection_reason, refused.message());
        // The same again gets the same, whatever is in stock by then.
        shop.neighbours.sell("A", 100, 10);
        let again = ada.order_with_key("first", &[("A", 4)]).await.unwrap_err();
        assert_eq!((again.code(), again.message()), (refused.code(), refused.message()));
        assert_eq!(again.details(), refused.details());
        assert_eq!(shop.count("orders").await, 1);
    }

    async fn a_refusal_at_a_later_step_gives_back_what_was_reserved_before(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 1);
        let ada = shop.buyer().await;
        let refusal = Status::failed_precondition("it is not to be had");
        shop.neighbours.fault("CommitReservation", [Fault::Refused(refusal)]);

        let refused = ada.order(&[("A", 1)]).await.unwrap_err();

        assert_eq!(refused.message(), "it is not to be had");
        assert_eq!(ada.list().await[0].state(), OrderState::Rejected);
        assert_eq!(shop.neighbours.available("A"), 1);
    }

    async fn a_buyer_whose_token_ends_on_the_way_hears_so_and_orders_with_the_next_one(
        database: TestDatabase
    ) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        for (method, reason_) in [
            ("BatchGetProducts", Reason::TokenExpired),
            ("ReserveStock", Reason::SessionRevoked),
        ] {
            let refusal = Problem::new(reason_, Code::Unauthenticated, "no longer");
            shop.neighbours.fault(method, [Fault::Refused(refusal.into())]);
            let refused = ada.order_with_key("one", &[("A", 1)]).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, Some(reason_)));
        }
        let order = ada.order_with_key("one", &[("A", 1)]).await.unwrap();
        assert_eq!(order.state(), OrderState::Confirmed);
        assert_eq!(shop.count("orders").await, 1);

        // Whatever else is not believed of the mesh's is no matter of the buyer's.
        let refusal = Problem::new(Reason::TokenMissing, Code::Unauthenticated, "a token is needed");
        shop.neighbours.fault("ReserveStock", [Fault::Refused(refusal.into())]);
        let broken = ada.order(&[("A", 1)]).await.unwrap_err();
        assert_eq!(broken.code(), Code::Internal, "{broken}");
    }

    async fn only_active_accounts_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        shop.neighbours.account(ada.id, UserState::Deactivated);
        let refused = ada.order(&[("A", 1)]).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::AccountInactive));

        let mut request = basket(&[("A", 1)]);
        request.user_id = Uuid::from_u128(7).to_string();
        let refused = shop.administrator().await.place(request, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(shop.count("orders").await, 0);
    }

    async fn where_addresses_are_proved_first_who_has_not_done_so_does_not_order(
        database: TestDatabase
    ) {
        let shop = Shop::of_the_proved(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let refused = ada.order(&[("A", 1)]).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::EmailNotVerified));
        assert_eq!(shop.count("orders").await, 0);

        // An administrator answers for those whose orders are taken over.
        let mut request = basket(&[("A", 1)]);
        request.user_id = ada.id.to_string();
        request.external_reference = "536365".to_owned();
        shop.administrator().await.place(request, None).await.unwrap();

        shop.neighbours.prove_address(ada.id);
        ada.order(&[("A", 1)]).await.unwrap();
    }

    async fn administrators_take_orders_over_once_for_each_reference(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let (ada, bob) = (shop.buyer().await, shop.buyer().await);
        let administrator = shop.administrator().await;
        let taken_over = |user: Uuid| {
            let mut request = basket(&[("A", 1)]);
            request.user_id = user.to_string();
            request.external_reference = "536365".to_owned();
            request
        };
        let order = administrator.place(taken_over(ada.id), None).await.unwrap();
        assert_eq!((order.user_id, order.external_reference), (ada.id.to_string(), "536365".into()));
        let refused = administrator.place(taken_over(ada.id), None).await.unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyExists);
        administrator.place(taken_over(bob.id), None).await.unwrap();
        assert_eq!(shop.neighbours.available("A"), 8);

        let mut own_reference = taken_over(ada.id);
        own_reference.user_id.clear();
        let mut for_bob = taken_over(bob.id);
        for_bob.external_reference.clear();
        for request in [own_reference, for_bob] {
            let refused = ada.place(request, None).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied);
        }
    }

    async fn a_refused_order_leaves_its_reference_to_the_next(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 0);
        let (ada, administrator) = (shop.buyer().await, shop.administrator().await);
        let mut request = basket(&[("A", 1)]);
        request.user_id = ada.id.to_string();
        request.external_reference = "536365".to_owned();
        for _ in 0..2 {
            let refused = administrator.place(request.clone(), None).await.unwrap_err();
            assert_eq!(reason(&refused), Some(Reason::InsufficientStock));
        }
        shop.neighbours.sell("A", 100, 1);
        administrator.place(request.clone(), None).await.unwrap();
        let refused = administrator.place(request, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyExists);
        let states: Vec<_> = ada.list().await.iter().map(|order| order.state()).collect();
        assert_eq!(states, [OrderState::Confirmed, OrderState::Rejected, OrderState::Rejected]);
    }

    async fn the_same_key_a_hundred_times_at_once_is_one_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 1000);
        let ada = shop.buyer().await;
        let calls = (0..100).map(|_| ada.order_with_key("the key", &[("A", 1)]));
        let replies = futures::future::join_all(calls).await;
        let orders: HashSet<String> =
            replies.into_iter().map(|reply| reply.unwrap().order_id).collect();
        assert_eq!(orders.len(), 1);
        assert_eq!(shop.count("orders").await, 1);
        assert_eq!(shop.neighbours.available("A"), 999);
    }

    async fn a_caller_who_hangs_up_leaves_no_half_an_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let gate = Gate::default();
        shop.neighbours.fault("ReserveStock", [Fault::Held(gate.clone())]);
        let call = tokio::spawn({
            let ada = ada.clone();
            async move { ada.order(&[("A", 1)]).await }
        });
        gate.came().await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        gate.open();
        eventually("the order is confirmed", async || {
            ada.list().await.first().is_some_and(|order| order.state() == OrderState::Confirmed)
        })
        .await;
        assert_eq!(shop.neighbours.calls("ReserveStock"), 1);
    }
}
