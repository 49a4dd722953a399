//! Between the messages of the contract and the domain.

use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1 as proto;
use net::clock::timestamp;

use crate::domain::Mistake;
use crate::domain::price::Price;
use crate::domain::product::{self as rules, Product, ProductDetails, State};

/// What a message says of a product. OUTPUT_ONLY fields are not looked at.
///
/// # Errors
/// All mistakes at once.
pub(crate) fn to_details(product: proto::Product) -> Result<ProductDetails, Vec<Mistake>> {
    let (title, price) = both(rules::title(product.title), to_price(product.price))?;
    Ok(ProductDetails {
        title,
        description: product.description,
        price,
    })
}

/// A product as clients see it.
pub(crate) fn product(product: Product) -> proto::Product {
    let etag = product.etag();
    let state = match product.state {
        State::Active => proto::ProductState::Active,
        State::Archived => proto::ProductState::Archived,
    };
    proto::Product {
        sku: product.sku,
        title: product.title,
        description: product.description,
        price: Some(product.price.money().into()),
        state: state.into(),
        create_time: Some(timestamp(product.create_time)),
        update_time: Some(timestamp(product.update_time)),
        etag,
    }
}

fn to_price(money: Option<Money>) -> Result<Price, Mistake> {
    let money = money.ok_or_else(|| Mistake::new("product.price", "must be set"))?;
    Price::from_money(&money.currency_code, money.units, money.nanos)
}

fn both<A, B>(a: Result<A, Mistake>, b: Result<B, Mistake>) -> Result<(A, B), Vec<Mistake>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).collect()),
    }
}
