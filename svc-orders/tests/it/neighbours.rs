//! Small stand-ins for the other services, by their contracts, all behind one address.

mod payments;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::routing::post;
use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1::{
    BatchGetProductsRequest, BatchGetProductsResponse, Product, ProductState,
};
use contracts::tradewind::inventory::v1::{
    CommitReservationRequest, CommitReservationResponse, ReleaseReservationRequest,
    ReleaseReservationResponse, ReserveStockRequest, ReserveStockResponse,
};
use contracts::tradewind::payments::v1::PaymentState;
use contracts::tradewind::shipping::v1::{CancelShipmentRequest, CancelShipmentResponse};
use contracts::tradewind::users::v1::{GetAccountRequest, GetAccountResponse, UserState};
use prost::Message;
use runtime::status::{Problem, Reason};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

/// What happens to the next call of a method.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Nothing is done, and the caller hears that nobody is there.
    Away,
    /// All is done, but the caller hears that nobody is there.
    ReplyLost,
    /// Nothing is done, and the caller hears this.
    Refused(Status),
    /// Nothing is done before the gate is opened.
    Held(Gate),
}

/// Holds a call until it is opened, and knows whether it came.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    came: Arc<Notify>,
    open: Arc<Notify>,
}

impl Gate {
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }

    pub(crate) fn open(&self) {
        self.open.notify_one();
    }
}

/// What becomes of the units that an order asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    Reserved,
    Allocated,
    Released,
    Expired,
}

#[derive(Clone, Default)]
pub(crate) struct Neighbours(Arc<State>);

#[derive(Default)]
struct State {
    accounts: Mutex<HashMap<String, UserState>>,
    /// Whose addresses are proved.
    proved: Mutex<HashSet<String>>,
    products: Mutex<BTreeMap<String, Product>>,
    stock: Mutex<HashMap<String, i64>>,
    reservations: Mutex<HashMap<String, (Reservation, ReserveStockRequest)>>,
    refusals: Mutex<HashMap<String, Status>>,
    dispatched: Mutex<Vec<String>>,
    cancelled: Mutex<Vec<String>>,
    payments: Mutex<HashMap<String, PaymentState>>,
    captures: Mutex<Vec<(String, String, i64)>>,
    faults: Mutex<HashMap<&'static str, VecDeque<Fault>>>,
    calls: Mutex<HashMap<&'static str, usize>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no test panics while it holds the lock")
}

impl Neighbours {
    /// Serves users, catalogue, inventory, shipping and payments until the test ends.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let router = Router::new();
        let router = self.method(
            router,
            "users.v1.UsersService",
            "GetAccount",
            Self::get_account,
        );
        let router = self.method(
            router,
            "catalog.v1.CatalogService",
            "BatchGetProducts",
            Self::batch_get_products,
        );
        let inventory = "inventory.v1.InventoryService";
        let router = self.method(router, inventory, "ReserveStock", Self::reserve);
        let router = self.method(router, inventory, "CommitReservation", Self::commit);
        let router = self.method(router, inventory, "ReleaseReservation", Self::release);
        let router = self.method(
            router,
            "shipping.v1.ShippingService",
            "CancelShipment",
            Self::cancel_shipment,
        );
        let payments = "payments.v1.PaymentsService";
        let router = self.method(router, payments, "AuthorizePayment", Self::authorize);
        let router = self.method(router, payments, "CapturePayment", Self::capture);
        let router = self.method(router, payments, "SettlePayment", Self::settle);
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    fn method<Q, R>(
        &self,
        router: Router,
        service: &str,
        name: &'static str,
        effect: fn(&Neighbours, &Q) -> Result<R, Status>,
    ) -> Router
    where
        Q: Message + Default + 'static,
        R: Message + Default + 'static,
    {
        let neighbours = self.clone();
        let handler = move |request: axum::extract::Request| {
            let neighbours = neighbours.clone();
            async move {
                let method = tower::service_fn(move |request: Request<Q>| {
                    let neighbours = neighbours.clone();
                    async move {
                        neighbours
                            .answer(name, request.into_inner(), effect)
                            .await
                            .map(Response::new)
                    }
                });
                tonic::server::Grpc::new(ProstCodec::<R, Q>::default())
                    .unary(method, request)
                    .await
            }
        };
        router.route(&format!("/tradewind.{service}/{name}"), post(handler))
    }

    async fn answer<Q, R>(
        &self,
        name: &'static str,
        request: Q,
        effect: fn(&Neighbours, &Q) -> Result<R, Status>,
    ) -> Result<R, Status> {
        *lock(&self.0.calls).entry(name).or_default() += 1;
        let fault = lock(&self.0.faults)
            .get_mut(name)
            .and_then(VecDeque::pop_front);
        match fault {
            None => effect(self, &request),
            Some(Fault::Away) => Err(Status::unavailable("nobody is there")),
            Some(Fault::ReplyLost) => {
                // Neither is a refusal heard.
                let _ = effect(self, &request);
                Err(Status::unavailable("the connection broke"))
            }
            Some(Fault::Refused(status)) => Err(status),
            Some(Fault::Held(gate)) => {
                gate.came.notify_one();
                gate.open.notified().await;
                effect(self, &request)
            }
        }
    }

    /// Has the next calls of a method go wrong, one fault for each.
    pub(crate) fn fault(&self, method: &'static str, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.0.faults)
            .entry(method)
            .or_default()
            .extend(faults);
    }

    pub(crate) fn calls(&self, method: &'static str) -> usize {
        lock(&self.0.calls).get(method).copied().unwrap_or_default()
    }

    pub(crate) fn account(&self, user: uuid::Uuid, state: UserState) {
        lock(&self.0.accounts).insert(user.to_string(), state);
    }

    /// The owner has proved the account's e-mail address.
    pub(crate) fn prove_address(&self, user: uuid::Uuid) {
        lock(&self.0.proved).insert(user.to_string());
    }

    /// Sells a product at a price in pence, with this many units in stock.
    pub(crate) fn sell(&self, sku: &str, pence: i64, units: i64) {
        self.offer(sku, "GBP", pence, ProductState::Active);
        lock(&self.0.stock).insert(sku.to_owned(), units);
    }

    pub(crate) fn offer(&self, sku: &str, currency: &str, cents: i64, state: ProductState) {
        let nanos = i32::try_from(cents % 100).expect("below 100") * 10_000_000;
        let price = Money {
            currency_code: currency.to_owned(),
            units: cents / 100,
            nanos,
        };
        let product = Product {
            sku: sku.to_owned(),
            title: format!("The {sku}"),
            price: Some(price),
            state: state.into(),
            ..Product::default()
        };
        lock(&self.0.products).insert(sku.to_owned(), product);
    }

    pub(crate) fn available(&self, sku: &str) -> i64 {
        lock(&self.0.stock)[sku]
    }

    pub(crate) fn reservation(&self, order: &str) -> Option<Reservation> {
        lock(&self.0.reservations)
            .get(order)
            .map(|(reservation, _)| *reservation)
    }

    /// The order's time to commit its reservation is over.
    pub(crate) fn expire(&self, order: &str) {
        self.give_back(order, Reservation::Expired);
    }

    /// The order's shipment goes to the carrier.
    pub(crate) fn dispatch(&self, order: &str) {
        lock(&self.0.dispatched).push(order.to_owned());
    }

    pub(crate) fn is_shipment_cancelled(&self, order: &str) -> bool {
        lock(&self.0.cancelled)
            .iter()
            .any(|cancelled| cancelled == order)
    }

    fn get_account(&self, request: &GetAccountRequest) -> Result<GetAccountResponse, Status> {
        match lock(&self.0.accounts).get(&request.user_id) {
            Some(state) => Ok(GetAccountResponse {
                state: (*state).into(),
                email_verified: lock(&self.0.proved).contains(&request.user_id),
                ..GetAccountResponse::default()
            }),
            None => Err(Problem::not_found("user", &request.user_id).into()),
        }
    }

    fn batch_get_products(
        &self,
        request: &BatchGetProductsRequest,
    ) -> Result<BatchGetProductsResponse, Status> {
        let products = lock(&self.0.products);
        let known = request
            .skus
            .iter()
            .filter_map(|sku| products.get(sku).cloned());
        Ok(BatchGetProductsResponse {
            products: known.collect(),
        })
    }

    fn reserve(&self, request: &ReserveStockRequest) -> Result<ReserveStockResponse, Status> {
        if let Some(refusal) = lock(&self.0.refusals).get(&request.order_id) {
            return Err(refusal.clone());
        }
        let mut reservations = lock(&self.0.reservations);
        match reservations.get(&request.order_id) {
            Some((Reservation::Reserved | Reservation::Allocated, _)) => {
                return Ok(ReserveStockResponse::default());
            }
            Some(_) => return Err(gone()),
            None => {}
        }
        let mut stock = lock(&self.0.stock);
        for line in &request.lines {
            let available = stock.get(&line.sku).copied().unwrap_or_default();
            if available < line.quantity {
                let refused = (Reservation::Released, ReserveStockRequest::default());
                reservations.insert(request.order_id.clone(), refused);
                let message = format!("there are {available} of {}", line.sku);
                let refusal: Status =
                    Problem::new(Reason::InsufficientStock, Code::FailedPrecondition, message)
                        .metadata("sku", &line.sku)
                        .metadata("requested", line.quantity)
                        .metadata("available", available)
                        .into();
                lock(&self.0.refusals).insert(request.order_id.clone(), refusal.clone());
                return Err(refusal);
            }
        }
        for line in &request.lines {
            *stock.entry(line.sku.clone()).or_default() -= line.quantity;
        }
        reservations.insert(
            request.order_id.clone(),
            (Reservation::Reserved, request.clone()),
        );
        Ok(ReserveStockResponse::default())
    }

    fn commit(
        &self,
        request: &CommitReservationRequest,
    ) -> Result<CommitReservationResponse, Status> {
        match lock(&self.0.reservations).get_mut(&request.order_id) {
            Some((reservation @ (Reservation::Reserved | Reservation::Allocated), _)) => {
                *reservation = Reservation::Allocated;
                Ok(CommitReservationResponse::default())
            }
            _ => Err(gone()),
        }
    }

    fn release(
        &self,
        request: &ReleaseReservationRequest,
    ) -> Result<ReleaseReservationResponse, Status> {
        self.give_back(&request.order_id, Reservation::Released);
        Ok(ReleaseReservationResponse {})
    }

    fn give_back(&self, order: &str, end: Reservation) {
        let mut reservations = lock(&self.0.reservations);
        let entry = reservations.entry(order.to_owned());
        let (reservation, request) = entry.or_insert((end, ReserveStockRequest::default()));
        if matches!(reservation, Reservation::Reserved | Reservation::Allocated) {
            let mut stock = lock(&self.0.stock);
            for line in &request.lines {
                *stock.entry(line.sku.clone()).or_default() += line.quantity;
            }
        }
        *reservation = end;
    }

    fn cancel_shipment(
        &self,
        request: &CancelShipmentRequest,
    ) -> Result<CancelShipmentResponse, Status> {
        if lock(&self.0.dispatched).contains(&request.order_id) {
            let subject = format!("orders/{}", request.order_id);
            return Err(Problem::invalid_state(subject, "the shipment is dispatched").into());
        }
        lock(&self.0.cancelled).push(request.order_id.clone());
        Ok(CancelShipmentResponse {})
    }
}

fn gone() -> Status {
    let message = "the reservation has expired or was released";
    Problem::new(
        Reason::ReservationExpired,
        Code::FailedPrecondition,
        message,
    )
    .into()
}
