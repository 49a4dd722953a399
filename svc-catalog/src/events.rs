//! What the catalogue tells the others.

use contracts::tradewind::catalog::v1::ProductChanged;
use store::{NewEvent, Tx};

use crate::Catalog;
use crate::domain::product::Product;
use crate::error::Error;

/// A product was added, changed or archived (`tradewind.catalog.v1.ProductChanged`).
pub(crate) const PRODUCT_CHANGED: &str = "catalog.v1.ProductChanged";

impl Catalog {
    /// Tells of a change, in the transaction that makes it.
    pub(crate) async fn tell_of(&self, tx: &mut Tx, product: &Product) -> Result<(), Error> {
        let message = ProductChanged {
            sku: product.sku.clone(),
            version: product.version,
        };
        let event = NewEvent::new(PRODUCT_CHANGED, &product.sku, product.version, &message);
        self.outbox.append(tx, event).await?;
        Ok(())
    }
}
