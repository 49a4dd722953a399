//! An inventory for one test, on a database and a clock of its own.

use std::ops::Deref;
use std::time::Duration;

use bus::{Bus, Delivery, Event};
use contracts::tradewind::inventory::v1::inventory_service_client::InventoryServiceClient;
use contracts::tradewind::inventory::v1::{
    AdjustStockRequest, CommitReservationRequest, GetStockRequest, ListReservationsRequest,
    ListStockAdjustmentsRequest, ListStockRequest, ReleaseReservationRequest, Reservation,
    ReservationLine, ReservationState, ReserveStockRequest, StockAdjustment, StockItem,
};
use contracts::tradewind::shipping::v1::ShipmentDispatched;
use net::clock::ManualClock;
use runtime::status::{Reason, reason};
use runtime::testbed::Bearer;
use store::CacheConfig;
use store::testing::{self, Common, TestDatabase};
use svc_inventory::Config;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

/// The administrator of the tests.
pub(crate) const ADMIN: Uuid = Uuid::from_u128(7);

pub(crate) type Client = InventoryServiceClient<Bearer>;

/// An inventory, and its clients.
pub(crate) struct Warehouse {
    bed: testing::Bed<Config>,
    /// Of its clock, which stands still otherwise.
    pub(crate) hands: ManualClock,
}

impl Deref for Warehouse {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.bed
    }
}

impl Warehouse {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        Self::open_on(database, &Bus::in_process(), |_| {}).await
    }

    /// A replica of the inventory, beside others on the same database and bus.
    pub(crate) async fn open_on(
        database: &TestDatabase,
        bus: &Bus,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let (common, hands) = Common::still();
        let bus = bus.clone();
        let mesh = Common { bus, ..common }.testbed();
        let tables = database.tables(|| store::migrations!());
        let mut config = Config::new(database.config(), CacheConfig::default());
        // So that nothing expires by itself unless the test wants it to.
        config.expiry.expiry_sweep_interval = Duration::from_secs(3600);
        // Connections are dear to make, and tests run beside each other.
        config.database.database_max_connections = 5;
        configure(&mut config);
        let bed = testing::Bed::start(mesh, "svc-inventory", tables, config, svc_inventory::build);
        let bed = bed.await.expect("the inventory is built");
        Self { bed, hands }
    }

    pub(crate) fn anyone(&self) -> Client {
        InventoryServiceClient::new(self.anybody())
    }

    pub(crate) fn admin(&self) -> Client {
        InventoryServiceClient::new(self.as_user(ADMIN, &["user", "admin"]))
    }

    pub(crate) fn orders(&self) -> Client {
        InventoryServiceClient::new(self.as_workload("svc-orders"))
    }

    pub(crate) async fn adjust(&self, sku: &str, delta: i64) -> Result<StockItem, Status> {
        let request = AdjustStockRequest {
            sku: sku.into(),
            delta,
            reason: "counted".into(),
        };
        let reply = self.admin().adjust_stock(request).await?.into_inner();
        Ok(reply.stock_item.expect("a reply has its stock"))
    }

    pub(crate) async fn stock(&self, sku: &str) -> Result<StockItem, Status> {
        let reply = self
            .anyone()
            .get_stock(GetStockRequest { sku: sku.into() })
            .await?;
        Ok(reply
            .into_inner()
            .stock_item
            .expect("a reply has its stock"))
    }

    /// On hand, reserved, allocated, available.
    pub(crate) async fn level(&self, sku: &str) -> [i64; 4] {
        let stock = self.stock(sku).await.expect("the SKU is known");
        [
            stock.on_hand,
            stock.reserved,
            stock.allocated,
            stock.available,
        ]
    }

    pub(crate) async fn list_all(&self, page_size: i32) -> Vec<StockItem> {
        let mut request = ListStockRequest {
            page_size,
            page_token: String::new(),
        };
        let mut stock = Vec::new();
        loop {
            let page = self
                .anyone()
                .list_stock(request.clone())
                .await
                .expect("a page");
            let page = page.into_inner();
            stock.extend(page.stock);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return stock;
            }
        }
    }

    pub(crate) async fn history(&self, sku: &str, page_size: i32) -> Vec<StockAdjustment> {
        let sku = sku.to_owned();
        let mut request = ListStockAdjustmentsRequest {
            sku,
            page_size,
            page_token: String::new(),
        };
        let mut history = Vec::new();
        loop {
            let page = self.admin().list_stock_adjustments(request.clone()).await;
            let page = page.expect("a page").into_inner();
            history.extend(page.adjustments);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return history;
            }
        }
    }

    pub(crate) async fn reserve(
        &self,
        order_id: Uuid,
        lines: &[(&str, i64)],
    ) -> Result<Reservation, Status> {
        let line = |(sku, quantity): &(&str, i64)| ReservationLine {
            sku: sku.to_string(),
            quantity: *quantity,
        };
        let lines = lines.iter().map(line).collect();
        let request = ReserveStockRequest {
            order_id: order_id.to_string(),
            lines,
        };
        let reply = self.orders().reserve_stock(request).await?.into_inner();
        Ok(reply.reservation.expect("a reply has its reservation"))
    }

    /// All reservations, or those in a state, two a page.
    pub(crate) async fn reservations(&self, state: ReservationState) -> Vec<Reservation> {
        let mut request = ListReservationsRequest {
            page_size: 2,
            state: state.into(),
            ..ListReservationsRequest::default()
        };
        let mut all = Vec::new();
        loop {
            let page = self.admin().list_reservations(request.clone()).await;
            let page = page.expect("administrators may").into_inner();
            all.extend(page.reservations);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return all;
            }
        }
    }

    pub(crate) async fn commit(&self, order_id: Uuid) -> Result<Reservation, Status> {
        let request = CommitReservationRequest {
            order_id: order_id.to_string(),
        };
        let reply = self
            .orders()
            .commit_reservation(request)
            .await?
            .into_inner();
        Ok(reply.reservation.expect("a reply has its reservation"))
    }

    pub(crate) async fn release(&self, order_id: Uuid) -> Result<(), Status> {
        let request = ReleaseReservationRequest {
            order_id: order_id.to_string(),
        };
        self.orders().release_reservation(request).await.map(drop)
    }

    /// Puts units on hand without a history.
    pub(crate) async fn fill(&self, skus: &[String], units: i64) {
        let mut tx = self.write().await;
        for sku in skus {
            let sql = "INSERT INTO stock (sku, on_hand, reserved, allocated, version, update_time) \
                       VALUES ($1, $2, 0, 0, 1, $3)";
            store::execute!(tx, sql, sku, units, self.node.clock.now()).expect("a new SKU");
        }
        tx.commit().await.expect("the database is there");
    }

    /// svc-shipping tells that the units of an order are with the carrier.
    pub(crate) async fn dispatch(&self, order_id: Uuid) -> Delivery {
        self.publish(&self.dispatched(order_id)).await
    }

    pub(crate) fn dispatched(&self, order_id: Uuid) -> Event {
        let shipment_id = self.new_id().to_string();
        let message = ShipmentDispatched {
            shipment_id: shipment_id.clone(),
            order_id: order_id.to_string(),
            version: 2,
        };
        self.event("shipping.v1.ShipmentDispatched", &shipment_id, &message)
    }
}

pub(crate) fn order() -> Uuid {
    Uuid::new_v4()
}

/// The refusal is INSUFFICIENT_STOCK of this SKU.
pub(crate) fn assert_short(refused: &Status, sku: &str, requested: i64, available: i64) {
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    assert_eq!(reason(refused), Some(Reason::InsufficientStock));
    let metadata = refused
        .get_details_error_info()
        .expect("it has a reason")
        .metadata;
    assert_eq!(metadata["sku"], sku);
    assert_eq!(metadata["requested"], requested.to_string());
    assert_eq!(metadata["available"], available.to_string());
}
