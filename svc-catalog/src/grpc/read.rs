//! Get, list, search.

use contracts::tradewind::catalog::v1::{
    BatchGetProductsRequest, BatchGetProductsResponse, GetProductRequest, GetProductResponse,
    ListProductsRequest, ListProductsResponse, SearchProductsRequest, SearchProductsResponse,
};
use runtime::call::CallContext;

use crate::convert;
use crate::domain::words::Words;
use crate::error::Error;
use crate::service::Catalog;
use crate::store::search::Position;
use crate::store::{products, search as found};

pub(super) async fn get(
    catalog: &Catalog,
    request: GetProductRequest,
) -> Result<GetProductResponse, Error> {
    let sku = &request.sku;
    let fill = || async {
        let mut tx = catalog.db.read().await?;
        let product = products::get(&mut tx, sku).await?;
        let product = product.ok_or_else(|| Error::NotFound {
            sku: sku.to_owned(),
        })?;
        let version = product.version;
        Ok((
            version,
            GetProductResponse {
                product: Some(convert::product(product)),
            },
        ))
    };
    Ok(catalog.cached.product(sku, fill).await?)
}

pub(super) async fn list(
    catalog: &Catalog,
    call: &CallContext,
    request: ListProductsRequest,
) -> Result<ListProductsResponse, Error> {
    if request.show_archived && !call.caller.user()?.has_role("admin") {
        return Err(Error::ArchivedHidden);
    }
    let size = store::page::size(&request);
    let list = store::list!("products", request);
    let after: String = list.after(&request.page_token)?.unwrap_or_default();
    let fill = || async {
        let mut tx = catalog.db.read().await?;
        // One more than fits tells whether there is a next page.
        let mut page = products::list(&mut tx, &after, request.show_archived, size + 1).await?;
        let next_page_token = list.cut(&mut page, size, |last| last.sku.clone());
        let products = page.into_iter().map(convert::product).collect();
        Ok(ListProductsResponse {
            products,
            next_page_token,
        })
    };
    let key = format!("{}/{size}/{after}", list.as_str());
    Ok(catalog.cached.page(&key, fill).await?)
}

pub(super) async fn search(
    catalog: &Catalog,
    request: SearchProductsRequest,
) -> Result<SearchProductsResponse, Error> {
    let size = store::page::size(&request);
    // The rank travels by its bits, to stay exact.
    let list = store::list!("products:search", request);
    let after: Option<(u64, String)> = list.after(&request.page_token)?;
    let after = after.map_or(Position::START, |(rank, sku)| Position {
        rank: f64::from_bits(rank),
        sku,
    });
    let Some(words) = Words::of(&request.query) else {
        // Signs and emoji are in no index.
        return Ok(SearchProductsResponse::default());
    };
    let mut tx = catalog.db.read().await?;
    let mut page = found::search(&mut tx, &words, &after, size + 1).await?;
    let next_page_token = list.cut(&mut page, size, |last| {
        (last.rank.to_bits(), last.product.sku.clone())
    });
    let products = page
        .into_iter()
        .map(|found| convert::product(found.product))
        .collect();
    Ok(SearchProductsResponse {
        products,
        next_page_token,
    })
}

/// What orders are priced by: as it is now, never from a cache.
pub(super) async fn batch_get(
    catalog: &Catalog,
    request: BatchGetProductsRequest,
) -> Result<BatchGetProductsResponse, Error> {
    let mut tx = catalog.db.read().await?;
    let products = products::get_many(&mut tx, &request.skus).await?;
    Ok(BatchGetProductsResponse {
        products: products.into_iter().map(convert::product).collect(),
    })
}
