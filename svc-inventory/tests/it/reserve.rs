//! Reserve, commit, release.

use contracts::tradewind::inventory::v1::ListReservationsRequest;
use contracts::tradewind::inventory::v1::ReservationState::{Allocated, Reserved};
use runtime::status::{Reason, reason};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::fixture::{Warehouse, assert_short, order};

store::on_both! {
    async fn a_reservation_holds_all_lines_back(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        warehouse.adjust("B b", 10).await.expect("units came");
        let order = order();
        let reservation = warehouse.reserve(order, &[("a", 3), ("B b", 10)]).await;
        let reservation = reservation.expect("they suffice");
        assert_eq!(reservation.state(), Reserved);
        assert_eq!(reservation.order_id, order.to_string());
        let lines: Vec<_> = reservation.lines.iter().map(|l| (&*l.sku, l.quantity)).collect();
        assert_eq!(lines, [("B b", 10), ("a", 3)]);
        let expiry = reservation.expire_time.expect("it expires");
        let held = expiry.seconds - warehouse.node.clock.now().timestamp();
        assert_eq!(held, warehouse.config.expiry.reservation_ttl.as_secs() as i64);
        assert_eq!(warehouse.level("a").await, [10, 3, 0, 7]);
        assert_eq!(warehouse.level("B b").await, [10, 10, 0, 0]);
    }

    async fn all_lines_are_held_back_or_none(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        for (sku, units) in [("a", 10), ("b", 2), ("c", 0)] {
            if units > 0 {
                warehouse.adjust(sku, units).await.expect("units came");
            }
        }
        let lines = [("a", 1), ("b", 3), ("c", 1)];
        let refused = warehouse.reserve(order(), &lines).await.expect_err("too little of b and c");
        assert_short(&refused, "b", 3, 2);
        let violations = refused.get_details_precondition_failure().expect("it names the SKUs");
        let subjects: Vec<_> = violations.violations.iter().map(|v| v.subject.as_str()).collect();
        assert_eq!(subjects, ["b", "c"]);
        assert_eq!(warehouse.level("a").await, [10, 0, 0, 10]);
        assert_eq!(warehouse.level("b").await, [2, 0, 0, 2]);
    }

    async fn administrators_see_what_is_held_back_page_by_page(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        warehouse.adjust("b", 10).await.expect("units came");
        let orders = [order(), order(), order()];
        for (order, lines) in orders.iter().zip([[("a", 1), ("b", 1)], [("a", 2), ("b", 2)], [("a", 3), ("b", 3)]]) {
            warehouse.reserve(*order, &lines).await.expect("they suffice");
        }
        warehouse.commit(orders[1]).await.expect("it is in time");
        let all = warehouse.reservations(Default::default()).await;
        let mut newest_first: Vec<_> = orders.iter().map(ToString::to_string).collect();
        newest_first.sort_unstable();
        newest_first.reverse();
        assert_eq!(all.iter().map(|one| one.order_id.clone()).collect::<Vec<_>>(), newest_first);
        assert!(all.iter().all(|one| one.lines.len() == 2));
        let allocated = warehouse.reservations(Allocated).await;
        assert_eq!(allocated.iter().map(|one| &one.order_id).collect::<Vec<_>>(), [&orders[1].to_string()]);

        let request = ListReservationsRequest::default();
        let refused = warehouse.anyone().list_reservations(request).await.expect_err("not for anyone");
        assert_eq!(refused.code(), Code::Unauthenticated);
    }

    async fn an_order_that_was_refused_gets_nothing_later(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (refused, other) = (order(), order());
        let status = warehouse.reserve(refused, &[("a", 1)]).await.expect_err("there is none");
        assert_short(&status, "a", 1, 0);
        warehouse.adjust("a", 1).await.expect("one came");
        // It hears the same: whoever asked first may not have heard it.
        let status = warehouse.reserve(refused, &[("a", 1)]).await.expect_err("it was refused");
        assert_short(&status, "a", 1, 0);
        let status = warehouse.commit(refused).await.expect_err("there is nothing to commit");
        assert_eq!(reason(&status), Some(Reason::ReservationExpired));
        assert_eq!(warehouse.level("a").await, [1, 0, 0, 1]);
        warehouse.reserve(other, &[("a", 1)]).await.expect("it is there for others");
    }

    async fn an_order_gets_its_reservation_again_but_no_other_one(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 5).await.expect("units came");
        let order = order();
        let first = warehouse.reserve(order, &[("a", 5)]).await.expect("they suffice");
        assert_eq!(warehouse.reserve(order, &[("a", 5)]).await.expect("it is there"), first);
        assert_eq!(warehouse.level("a").await, [5, 5, 0, 0]);

        let refused = warehouse.reserve(order, &[("a", 4)]).await.expect_err("other lines");
        assert_eq!(refused.code(), Code::AlreadyExists);
        assert_eq!(reason(&refused), Some(Reason::ResourceExists));

        let allocated = warehouse.commit(order).await.expect("it is reserved");
        assert_eq!(warehouse.reserve(order, &[("a", 5)]).await.expect("it is there"), allocated);
    }

    async fn a_sku_stands_on_one_line_only(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 5).await.expect("units came");
        let refused = warehouse.reserve(order(), &[("a", 1), ("a", 1)]).await;
        let refused = refused.expect_err("the same SKU twice");
        assert_eq!(refused.code(), Code::InvalidArgument);
        let request = refused.get_details_bad_request().expect("it names the field");
        assert_eq!(request.field_violations[0].field, "lines[1].sku");
    }

    async fn a_committed_reservation_is_an_allocation(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 5).await.expect("units came");
        let order = order();
        warehouse.reserve(order, &[("a", 2)]).await.expect("they suffice");
        let allocated = warehouse.commit(order).await.expect("it is reserved");
        assert_eq!((allocated.state(), allocated.expire_time), (Allocated, None));
        assert_eq!(warehouse.commit(order).await.expect("it is there"), allocated);
        assert_eq!(warehouse.level("a").await, [5, 0, 2, 3]);
    }

    async fn what_was_never_reserved_cannot_be_committed(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let refused = warehouse.commit(order()).await.expect_err("there is none");
        assert_eq!(refused.code(), Code::NotFound);
    }

    async fn what_is_released_is_available_again(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 5).await.expect("units came");
        let (reserved, allocated) = (order(), order());
        warehouse.reserve(reserved, &[("a", 2)]).await.expect("they suffice");
        warehouse.reserve(allocated, &[("a", 3)]).await.expect("they suffice");
        warehouse.commit(allocated).await.expect("it is reserved");
        assert_eq!(warehouse.level("a").await, [5, 2, 3, 0]);
        for _ in 0..2 {
            warehouse.release(reserved).await.expect("also again");
            warehouse.release(allocated).await.expect("also again");
            assert_eq!(warehouse.level("a").await, [5, 0, 0, 5]);
        }
        for order in [reserved, allocated] {
            let refused = warehouse.commit(order).await.expect_err("it was released");
            assert_eq!(refused.code(), Code::FailedPrecondition);
            assert_eq!(reason(&refused), Some(Reason::ReservationExpired));
        }
    }

    async fn a_reservation_that_comes_after_its_release_is_refused(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 5).await.expect("units came");
        let (never_reserved, released) = (order(), order());
        warehouse.reserve(released, &[("a", 1)]).await.expect("they suffice");
        for order in [never_reserved, released] {
            warehouse.release(order).await.expect("no error");
            warehouse.release(order).await.expect("also again");
            let refused = warehouse.reserve(order, &[("a", 1)]).await.expect_err("too late");
            assert_eq!(refused.code(), Code::FailedPrecondition);
            assert_eq!(reason(&refused), Some(Reason::ReservationExpired));
        }
        assert_eq!(warehouse.level("a").await, [5, 0, 0, 5]);
    }

    async fn only_orders_reserve_and_only_administrators_adjust(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let reserve = || contracts::tradewind::inventory::v1::ReserveStockRequest {
            order_id: order().to_string(),
            lines: vec![contracts::tradewind::inventory::v1::ReservationLine {
                sku: "a".into(),
                quantity: 1,
            }],
        };
        let refused = warehouse.admin().reserve_stock(reserve()).await.expect_err("a user");
        assert_eq!(refused.code(), Code::PermissionDenied);
        let refused = warehouse.anyone().reserve_stock(reserve()).await.expect_err("nobody");
        assert_eq!(refused.code(), Code::Unauthenticated);
        let adjust = contracts::tradewind::inventory::v1::AdjustStockRequest {
            sku: "a".into(),
            delta: 1,
            reason: "counted".into(),
        };
        let refused = warehouse.orders().adjust_stock(adjust).await.expect_err("no administrator");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    async fn an_invoice_of_593_lines_goes_through(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let skus: Vec<_> = (0..593).map(|number| format!("sku {number}")).collect();
        warehouse.fill(&skus, 10).await;
        let lines: Vec<_> = skus.iter().map(|sku| (sku.as_str(), 3)).collect();
        let order = order();
        let reservation = warehouse.reserve(order, &lines).await.expect("they suffice");
        assert_eq!(reservation.lines.len(), 593);
        assert_eq!(warehouse.commit(order).await.expect("reserved").lines, reservation.lines);
        assert_eq!(warehouse.dispatch(order).await, bus::Delivery::Settled);
        for sku in ["sku 0", "sku 592"] {
            assert_eq!(warehouse.level(sku).await, [7, 0, 0, 7]);
        }
    }

    async fn a_refusal_fits_its_headers_however_many_lines_are_short(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let skus: Vec<_> = (0..1000).map(|number| format!("{number:064}")).collect();
        let lines: Vec<_> = skus.iter().map(|sku| (sku.as_str(), 10_000)).collect();
        let refused = warehouse.reserve(order(), &lines).await.expect_err("there is nothing");
        assert_short(&refused, &skus[0], 10_000, 0);
    }
}
