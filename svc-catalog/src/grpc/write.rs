//! Create, update, archive.

use contracts::tradewind::catalog::v1::{
    ArchiveProductRequest, ArchiveProductResponse, CreateProductRequest, CreateProductResponse,
    UpdateProductRequest, UpdateProductResponse,
};
use runtime::call::CallContext;
use runtime::mask::Mask;
use runtime::precondition;
use store::Tx;

use crate::convert;
use crate::domain::product::Product;
use crate::error::Error;
use crate::service::Catalog;
use crate::store::products;

pub(super) async fn create(
    catalog: &Catalog,
    call: &CallContext,
    request: CreateProductRequest,
) -> Result<CreateProductResponse, Error> {
    let create = |_| async move {
        let new = request.product.unwrap_or_default();
        let sku = new.sku.clone();
        let details = convert::to_details(new).map_err(Error::Invalid)?;
        let product = Product::new(sku, details, catalog.clock.now());

        let mut tx = catalog.db.begin().await?;
        products::insert(&mut tx, &product).await?;
        precondition::check("product", &product.sku, None)?;
        catalog.tell_of(&mut tx, &product).await?;
        let reply = CreateProductResponse {
            product: Some(convert::product(product.clone())),
        };
        tx.answer(&reply).await?;
        catalog.commit(tx, &product).await?;
        Ok(reply)
    };
    Ok(catalog.idempotency.once(call, create).await?)
}

pub(super) async fn update(
    catalog: &Catalog,
    call: &CallContext,
    request: UpdateProductRequest,
) -> Result<UpdateProductResponse, Error> {
    let update = |_| async move {
        let new = request.product.unwrap_or_default();
        let mask = Mask::of(request.update_mask.as_ref())?;

        let mut tx = catalog.db.begin().await?;
        let mut product = locked(&mut tx, &new.sku).await?;
        precondition::check("product", &new.sku, Some(&product.etag()))?;
        product
            .expect_changeable(&new.etag)
            .map_err(|refusal| Error::Refused {
                sku: new.sku.clone(),
                refusal,
            })?;
        let merged = mask.merge(&convert::product(product.clone()), &new)?;
        let details = convert::to_details(merged).map_err(Error::Invalid)?;
        if product.update(details, catalog.clock.now()) {
            products::update(&mut tx, &product).await?;
            catalog.tell_of(&mut tx, &product).await?;
        }
        let reply = UpdateProductResponse {
            product: Some(convert::product(product.clone())),
        };
        tx.answer(&reply).await?;
        catalog.commit(tx, &product).await?;
        Ok(reply)
    };
    Ok(catalog.idempotency.once(call, update).await?)
}

/// Idempotent by itself: a product that is archived stays as it is.
pub(super) async fn archive(
    catalog: &Catalog,
    request: ArchiveProductRequest,
) -> Result<ArchiveProductResponse, Error> {
    let sku = &request.sku;
    let mut tx = catalog.db.begin().await?;
    let mut product = locked(&mut tx, sku).await?;
    precondition::check("product", sku, Some(&product.etag()))?;
    if product.archive(catalog.clock.now()) {
        products::update(&mut tx, &product).await?;
        catalog.tell_of(&mut tx, &product).await?;
        catalog.commit(tx, &product).await?;
    }
    Ok(ArchiveProductResponse {
        product: Some(convert::product(product)),
    })
}

async fn locked(tx: &mut Tx, sku: &str) -> Result<Product, Error> {
    let product = products::get_locked(tx, sku).await?;
    product.ok_or_else(|| Error::NotFound {
        sku: sku.to_owned(),
    })
}
