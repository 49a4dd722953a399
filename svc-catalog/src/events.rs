//! What the catalogue tells the others.

use contracts::tradewind::catalog::v1::ProductChanged;
use store::NewEvent;

use crate::domain::product::Product;

/// The event for a product that changed.
pub(crate) fn changed(product: &Product) -> NewEvent {
    let message = ProductChanged {
        sku: product.sku.clone(),
        version: product.version,
    };
    NewEvent::new(&product.sku, product.version, &message)
}
