//! Units that come and go, and what is told of them.

use std::time::Duration;

use bus::Bus;
use contracts::tradewind::inventory::v1::AdjustStockRequest;
use runtime::status::{Reason, reason};
use tonic::{Code, Request};

use crate::fixture::{ADMIN, Warehouse, assert_short, order};

store::on_both! {
    async fn units_that_came_are_available(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let refused = warehouse.stock("85123A").await.expect_err("nothing came yet");
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(reason(&refused), Some(Reason::ResourceNotFound));

        let stock = warehouse.adjust("85123A", 10).await.expect("units came");
        assert_eq!((stock.on_hand, stock.available), (10, 10));
        assert_eq!(warehouse.stock("85123A").await.expect("it is known"), stock);
        warehouse.adjust("85123A", -4).await.expect("units went");
        assert_eq!(warehouse.level("85123A").await, [6, 0, 0, 6]);
    }

    async fn what_is_not_there_or_promised_does_not_go(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let refused = warehouse.adjust("a", -1).await.expect_err("nothing ever came");
        assert_short(&refused, "a", 1, 0);
        assert_eq!(warehouse.stock("a").await.expect_err("still").code(), Code::NotFound);

        warehouse.adjust("a", 10).await.expect("units came");
        warehouse.reserve(order(), &[("a", 4)]).await.expect("they suffice");
        let refused = warehouse.adjust("a", -7).await.expect_err("4 are promised");
        assert_short(&refused, "a", 7, 6);
        warehouse.adjust("a", -6).await.expect("6 are not");
        assert_eq!(warehouse.level("a").await, [4, 4, 0, 0]);
    }

    async fn the_history_tells_what_why_who_and_when(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        for (delta, reason) in [(10, "first delivery"), (-3, "broken"), (5, "found")] {
            let request = AdjustStockRequest { sku: "a".into(), delta, reason: reason.into() };
            warehouse.admin().adjust_stock(request).await.expect("it is possible");
            warehouse.hands.advance(Duration::from_secs(60));
        }
        warehouse.adjust("b", 1).await.expect("another SKU");

        let history = warehouse.history("a", 10).await;
        let told: Vec<_> = history.iter().map(|a| (a.delta, a.reason.as_str())).collect();
        assert_eq!(told, [(5, "found"), (-3, "broken"), (10, "first delivery")]);
        assert!(history.iter().all(|adjustment| adjustment.actor == format!("user:{ADMIN}")));
        let times: Vec<_> = history.iter().map(|a| a.create_time.map(|t| t.seconds)).collect();
        assert!(times.is_sorted_by(|later, earlier| later > earlier), "{times:?}");
        assert_eq!(warehouse.history("a", 1).await, history);
        assert_eq!(warehouse.history("a", 2).await, history);

        let request = contracts::tradewind::inventory::v1::ListStockAdjustmentsRequest {
            sku: "c".into(),
            ..Default::default()
        };
        let refused = warehouse.admin().list_stock_adjustments(request).await;
        assert_eq!(refused.expect_err("an unknown SKU").code(), Code::NotFound);
    }

    async fn the_same_idempotency_key_adjusts_once(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let adjust = |delta| {
            let message = AdjustStockRequest { sku: "a".into(), delta, reason: "counted".into() };
            let mut request = Request::new(message);
            request.metadata_mut().insert("idempotency-key", "one".parse().expect("ASCII"));
            let mut client = warehouse.admin();
            async move { client.adjust_stock(request).await.map(|reply| reply.into_inner()) }
        };
        let replies = futures::future::join_all((0..20).map(|_| adjust(10))).await;
        let first = replies[0].as_ref().expect("it is possible");
        assert!(replies.iter().all(|reply| reply.as_ref().ok() == Some(first)), "{replies:?}");
        assert_eq!(warehouse.level("a").await, [10, 0, 0, 10]);
        let refused = adjust(11).await.expect_err("another body");
        assert_eq!(reason(&refused), Some(Reason::IdempotencyKeyReused));
    }

    async fn many_that_bring_the_first_units_at_once_all_do(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let adjusted = (0..16).map(|_| warehouse.adjust("a", 1));
        for adjusted in futures::future::join_all(adjusted).await {
            adjusted.expect("it is possible");
        }
        assert_eq!(warehouse.level("a").await, [16, 0, 0, 16]);
        assert_eq!(warehouse.history("a", 50).await.len(), 16);
    }

    async fn a_warehouse_has_its_limit(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.fill(&["a".to_owned()], 999_999_999_999).await;
        warehouse.adjust("a", 1).await.expect("the last place");
        let refused = warehouse.adjust("a", 1).await.expect_err("it is full");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }

    async fn the_list_follows_the_bytes_of_the_skus(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        for sku in ["b", "a", "B", "Ä", "A B", "10", "9", "a/b"] {
            warehouse.adjust(sku, 1).await.expect("units came");
        }
        let expected = ["10", "9", "A B", "B", "a", "a/b", "b", "Ä"];
        for page_size in [1, 3, 8, 50] {
            let stock = warehouse.list_all(page_size).await;
            let skus: Vec<_> = stock.iter().map(|stock| stock.sku.as_str()).collect();
            assert_eq!(skus, expected, "by {page_size}");
        }
    }

    async fn a_change_at_one_replica_is_soon_seen_at_the_other(database: TestDatabase) {
        let bus = Bus::in_process();
        let here = Warehouse::open_on(&database, &bus, |_| {}).await;
        let there = Warehouse::open_on(&database, &bus, |_| {}).await;
        here.adjust("a", 5).await.expect("units came");
        assert_eq!(there.level("a").await, [5, 0, 0, 5]);
        assert_eq!(there.list_all(10).await.len(), 1);

        here.reserve(order(), &[("a", 2)]).await.expect("they suffice");
        assert_eq!(here.level("a").await, [5, 2, 0, 3]);
        let seen = async {
            while there.level("a").await != [5, 2, 0, 3]
                || there.list_all(10).await[0].available != 3
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // Less than the time to live of what is cached.
        tokio::time::timeout(Duration::from_secs(4), seen).await.expect("told by the broadcast");
    }
}
