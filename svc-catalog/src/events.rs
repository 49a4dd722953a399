//! What the catalogue tells the others.

use contracts::tradewind::catalog::v1::ProductChanged;
use store::NewEvent;

use crate::domain::product::Product;

/// A product was added, changed or archived (`tradewind.catalog.v1.ProductChanged`).
pub(crate) const PRODUCT_CHANGED: &str = "catalog.v1.ProductChanged";

/// The event for a product that changed.
pub(crate) fn changed(product: &Product) -> NewEvent {
    let message = ProductChanged {
        sku: product.sku.clone(),
        version: product.version,
    };
    NewEvent::new(PRODUCT_CHANGED, &product.sku, product.version, &message)
}
