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
use money::{Currency, Money};
use runtime::client::Channel;
use runtime::node::Node;
use runtime::status;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::{Item, Line, Product};

/// Clients of the services that an order needs.
#[derive(Clone)]
pub(crate) struct Callees {
    users: UsersServiceClient<Channel>,
    catalog: CatalogServiceClient<Channel>,
    inventory: InventoryServiceClient<Channel>,
    shipping: ShippingServiceClient<Channel>,
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

impl CalleeError {
    /// What must be tried again, whatever the callee said.
    pub(crate) fn undecided(self) -> CalleeError {
        let (CalleeError::Refused(status) | CalleeError::Undecided(status)) = self;
        CalleeError::Undecided(status)
    }
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
        }
    }

    /// Whether the account may order; `None` if there is no such account.
    pub(crate) async fn is_active(&self, user: Uuid) -> Result<Option<bool>, CalleeError> {
        let request = GetAccountRequest {
            user_id: user.to_string(),
        };
        match self.users.clone().get_account(request).await {
            Ok(reply) => Ok(Some(reply.get_ref().state() == UserState::Active)),
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
            let price = Currency::of(&price.currency_code)
                .and_then(|currency| Money::from_units(currency, price.units, price.nanos));
            match price {
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

    /// Holds the items back for the order.
    pub(crate) async fn reserve(&self, order: Uuid, items: &[Item]) -> Result<(), CalleeError> {
        let lines = items
            .iter()
            .map(|item| ReservationLine {
                sku: item.sku.clone(),
                quantity: item.quantity.into(),
            })
            .collect();
        let request = ReserveStockRequest {
            order_id: order.to_string(),
            lines,
        };
        self.inventory.clone().reserve_stock(request).await?;
        Ok(())
    }

    /// Makes what is held back for the order its own: it does not expire any more.
    pub(crate) async fn commit(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = CommitReservationRequest {
            order_id: order.to_string(),
        };
        self.inventory.clone().commit_reservation(request).await?;
        Ok(())
    }

    /// Gives back what the order holds of the stock.
    pub(crate) async fn release(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = ReleaseReservationRequest {
            order_id: order.to_string(),
        };
        self.inventory.clone().release_reservation(request).await?;
        Ok(())
    }

    /// Asks shipping never to dispatch the order.
    pub(crate) async fn cancel_shipment(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = CancelShipmentRequest {
            order_id: order.to_string(),
        };
        self.shipping.clone().cancel_shipment(request).await?;
        Ok(())
    }
}
