//! Small stand-ins for the services that mails are filled by, by their contracts, behind one address.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::post;
use contracts::tradewind::auth::v1::{GetAccountMailRequest, GetAccountMailResponse};
use contracts::tradewind::orders::v1::{GetOrderSummaryRequest, GetOrderSummaryResponse};
use contracts::tradewind::shipping::v1::{GetTrackingRequest, GetTrackingResponse};
use contracts::tradewind::users::v1::{GetContactRequest, GetContactResponse};
use prost::Message;
use runtime::status::Problem;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// What the neighbours know.
#[derive(Clone, Default)]
pub(crate) struct Neighbours(Arc<Mutex<Known>>);

#[derive(Default)]
pub(crate) struct Known {
    pub(crate) account_mails: HashMap<String, GetAccountMailResponse>,
    pub(crate) contacts: HashMap<String, GetContactResponse>,
    pub(crate) orders: HashMap<String, GetOrderSummaryResponse>,
    pub(crate) parcels: HashMap<String, GetTrackingResponse>,
    /// All of them are.
    pub(crate) away: bool,
}

impl Neighbours {
    /// What they know from now on.
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves auth, users, orders and shipping until the test ends.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let router = Router::new();
        let auth = "/tradewind.auth.v1.AuthService/GetAccountMail";
        let router = self.method(router, auth, |known, request: &GetAccountMailRequest| {
            known.account_mails.get(&request.mail_id).cloned()
        });
        let users = "/tradewind.users.v1.UsersService/GetContact";
        let router = self.method(router, users, |known, request: &GetContactRequest| {
            known.contacts.get(&request.user_id).cloned()
        });
        let orders = "/tradewind.orders.v1.OrdersService/GetOrderSummary";
        let router = self.method(router, orders, |known, request: &GetOrderSummaryRequest| {
            known.orders.get(&request.order_id).cloned()
        });
        let shipping = "/tradewind.shipping.v1.ShippingService/GetTracking";
        let router = self.method(router, shipping, |known, request: &GetTrackingRequest| {
            known.parcels.get(&request.shipment_id).cloned()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    fn method<Q, R>(&self, router: Router, path: &str, find: fn(&Known, &Q) -> Option<R>) -> Router
    where
        Q: Message + Default + 'static,
        R: Message + Default + 'static,
    {
        let neighbours = self.clone();
        let handler = move |request: axum::extract::Request| {
            let neighbours = neighbours.clone();
            async move {
                let method = tower::service_fn(move |request: Request<Q>| {
                    let found = neighbours.find(&request.into_inner(), find);
                    async move { found.map(Response::new) }
                });
                let mut server = tonic::server::Grpc::new(ProstCodec::<R, Q>::default());
                server.unary(method, request).await
            }
        };
        router.route(path, post(handler))
    }

    fn find<Q, R>(&self, request: &Q, find: fn(&Known, &Q) -> Option<R>) -> Result<R, Status> {
        let known = self.known();
        if known.away {
            return Err(Problem::unavailable("a service").into());
        }
        let found = find(&known, request);
        found.ok_or_else(|| Problem::not_found("thing", "asked for").into())
    }
}
