//! The services that an order needs, by their contracts.

use contracts::tradewind::catalog::v1::catalog_service_client::CatalogServiceClient;
use contracts::tradewind::catalog::v1::{BatchGetProductsRequest, ProductState};
use contracts::tradewind::inventory::v1::inventory_service_client::InventoryServiceClient;
use contracts::tradewind::inventory::v1::{
    CommitReservationRequest, ReleaseReservationRequest, ReservationLine, ReserveStockRequest,
};
use contracts::tradewind::shipping::v1::CancelShipmentRequest;
use contracts::tradewind::shipping::v1::shipping_service_client::ShippingServiceClient;
use contracts::tradewind::users::v1::users_service_client::UsersServiceClient;
use contracts::tradewind::users::v1::{GetAccountRequest, UserState};
use money::Money;
use runtime::client::Channel;
use runtime::node::Node;
use runtime::status;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::{Ask, Line, Order, Product};

mod payments;

use payments::Payments;
pub(crate) use payments::{Means, unknown as payment_unknown};

/// Clients of the services that an order needs.
#[derive(Clone)]
pub(crate) struct Callees {
    users: UsersServiceClient<Channel>,
    catalog: CatalogServiceClient<Channel>,
    inventory: InventoryServiceClient<Channel>,
    shipping: ShippingServiceClient<Channel>,
    payments: Payments,
}

/// What a callee says that does not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It did its part.
    Done,
    /// It will, once the buyer has done something.
    AwaitsBuyer,
}

/// What decides whether an account may order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    /// It was not closed.
    pub(crate) is_active: bool,
    /// Its owner has proved the e-mail address.
    pub(crate) is_verified: bool,
}

/// Why a callee did not do its part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CalleeError {
    /// It decided against it, and would decide so again.
    #[error("refused: {0}")]
    Refused(Status),
    /// It did not decide: it is away, overloaded, or something is broken.
    #[error("undecided: {0}")]
    Undecided(Status),
}

impl From<Status> for CalleeError {
    fn from(status: Status) -> CalleeError {
        match status::is_final(status.code()) {
            true => CalleeError::Refused(status),
            false => CalleeError::Undecided(status),
        }
    }
}

/// A price of the catalogue that is not money, which its own contract excludes.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue's price of `{sku}`: {error}")]
pub(crate) struct PriceError {
    sku: String,
    error: money::Error,
}

impl Callees {
    /// Clients over the node's channels.
    pub(crate) fn new(node: &Node) -> Callees {
        Callees {
            users: UsersServiceClient::new(node.channel("svc-users")),
            catalog: CatalogServiceClient::new(node.channel("svc-catalog")),
            inventory: InventoryServiceClient::new(node.channel("svc-inventory")),
            shipping: ShippingServiceClient::new(node.channel("svc-shipping")),
            payments: Payments::new(node),
        }
    }

    /// The account that orders; `None` if there is none.
    pub(crate) async fn account(&self, user: Uuid) -> Result<Option<Account>, CalleeError> {
        let request = GetAccountRequest {
            user_id: user.to_string(),
        };
        match self.users.clone().get_account(request).await {
            Ok(reply) => Ok(Some(Account {
                is_active: reply.get_ref().state() == UserState::Active,
                is_verified: reply.get_ref().email_verified,
            })),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status.into()),
        }
    }

    /// What the catalogue knows of the lines' SKUs, at this moment.
    pub(crate) async fn products(
        &self,
        lines: &[Line],
    ) -> Result<Result<Vec<Product>, PriceError>, CalleeError> {
        let skus = lines.iter().map(|line| line.sku.clone()).collect();
        let request = BatchGetProductsRequest { skus };
        let reply = self.catalog.clone().batch_get_products(request).await?;
        let products = reply.into_inner().products.into_iter();
        let known = products.map(|product| {
            let is_active = product.state() == ProductState::Active;
            let price = product.price.unwrap_or_default();
            match Money::try_from(&price) {
                Ok(price) => Ok(Product {
                    sku: product.sku,
                    title: product.title,
                    price,
                    is_active,
                }),
                Err(error) => Err(PriceError {
                    sku: product.sku,
                    error,
                }),
            }
        });
        Ok(known.collect())
    }

    /// Asks one thing for the order. Nothing is asked for the money of an order that is not paid here.
    pub(crate) async fn ask(
        &self,
        ask: Ask,
        order: &Order,
        means: Option<&Means>,
    ) -> Result<Answer, CalleeError> {
        match ask {
            Ask::Reserve => self.reserve(order).await?,
            Ask::Commit => self.commit(order.id).await?,
            Ask::Release => self.release(order.id).await?,
            Ask::CancelShipment => self.cancel_shipment(order.id).await?,
            Ask::Authorize if order.funds.is_some() => {
                return self.payments.authorize(order, means).await;
            }
            Ask::Settle if order.funds.is_some() => self.payments.settle(order.id).await?,
            Ask::Authorize | Ask::Settle => {}
        }
        Ok(Answer::Done)
    }

    /// Has all given back that may be held for an order that nobody knows of.
    pub(crate) async fn forsake(&self, order: Uuid) -> Result<(), CalleeError> {
        self.cancel_shipment(order).await?;
        self.release(order).await?;
        self.payments.settle(order).await
    }

    /// Has the order's money taken for this shipment.
    pub(crate) async fn capture(&self, order: &Order, shipment: Uuid) -> Result<(), CalleeError> {
        self.payments.capture(order, shipment).await
    }

    /// Holds the items back for the order.
    async fn reserve(&self, order: &Order) -> Result<(), CalleeError> {
        let items = order.items.iter();
        let lines = items
            .map(|item| ReservationLine {
                sku: item.sku.clone(),
                quantity: item.quantity.into(),
            })
            .collect();
        let request = ReserveStockRequest {
            order_id: order.id.to_string(),
            lines,
        };
        self.inventory.clone().reserve_stock(request).await?;
        Ok(())
    }

    /// Makes what is held back for the order its own: it does not expire any more.
    async fn commit(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = CommitReservationRequest {
            order_id: order.to_string(),
        };
        self.inventory.clone().commit_reservation(request).await?;
        Ok(())
    }

    /// Gives back what the order holds of the stock.
    async fn release(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = ReleaseReservationRequest {
            order_id: order.to_string(),
        };
        self.inventory.clone().release_reservation(request).await?;
        Ok(())
    }

    /// Asks shipping never to dispatch the order.
    async fn cancel_shipment(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = CancelShipmentRequest {
            order_id: order.to_string(),
        };
        self.shipping.clone().cancel_shipment(request).await?;
        Ok(())
    }
}
