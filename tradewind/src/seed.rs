//! `tradewind seed`: fills a running shop with a small assortment of our own. Safe to run again.

use anyhow::{Context as _, Result};
use clap::Args;
use money::{Currency, Money};
use serde::Deserialize;
use serde_json::json;

use crate::{
    client::{Client, Door},
    shop::{self, Made, NewProduct, Order},
};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    door: Door,
}

/// The demo shop, `data/shop.json`.
#[derive(Deserialize)]
struct Shop {
    /// ISO 4217.
    currency: String,
    products: Vec<Product>,
    customers: Vec<Customer>,
}

#[derive(Deserialize)]
struct Product {
    sku: String,
    title: String,
    description: String,
    /// A decimal, such as `24.50`.
    price: String,
    /// Units on hand at the start.
    stock: i64,
}

#[derive(Deserialize)]
struct Customer {
    id: String,
    name: String,
    lines: Vec<String>,
    city: String,
    postal_code: String,
    country: String,
    /// Each order is a list of SKUs and quantities.
    orders: Vec<Vec<(String, u32)>>,
}

#[derive(Default)]
struct Count {
    new: u64,
    before: u64,
}

impl Count {
    fn add(&mut self, made: Made) {
        match made {
            Made::New => self.new += 1,
            Made::Before => self.before += 1,
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let shop: Shop =
        serde_json::from_str(include_str!("../data/shop.json")).context("data/shop.json")?;
    let client = Client::new(&arguments.door)?;
    let products = products(&client, &shop).await?;
    let (customers, orders) = customers(&client, &shop).await?;
    let mut text = String::new();
    for (what, count) in [
        ("products", products),
        ("customers", customers),
        ("orders", orders),
    ] {
        text += &format!(
            "{what:<10} {:>3} new, {:>3} were there\n",
            count.new, count.before
        );
    }
    let edge = client.edge();
    text += &format!(
        "\nLook around: {edge}v1/products, {edge}v1/products:search?query=tea, {edge}docs\n"
    );
    crate::print(&text)?;
    Ok(())
}

async fn products(client: &Client, shop: &Shop) -> Result<Count> {
    let currency = Currency::of(&shop.currency)?;
    let mut count = Count::default();
    for product in &shop.products {
        let new = NewProduct {
            sku: &product.sku,
            title: &product.title,
            description: &product.description,
            price: Money::parse(currency, &product.price).with_context(|| product.sku.clone())?,
        };
        count.add(
            shop::add_product(client, &new)
                .await
                .with_context(|| product.sku.clone())?,
        );
        let key = format!("seed-stock-{}", product.sku);
        shop::add_stock(
            client,
            &product.sku,
            product.stock,
            "opening stock of the demo shop",
            key,
        )
        .await
        .with_context(|| format!("stock of {}", product.sku))?;
    }
    Ok(count)
}

async fn customers(client: &Client, shop: &Shop) -> Result<(Count, Count)> {
    let (mut customers, mut orders) = (Count::default(), Count::default());
    let known: Vec<Order> = shop::orders(client).await?;
    for customer in &shop.customers {
        let (made, account) = shop::add_user(client, &customer.id, &customer.name).await?;
        customers.add(made);
        for (number, order) in customer.orders.iter().enumerate() {
            let reference = format!("{}-{}", customer.id, number + 1);
            if known
                .iter()
                .any(|known| known.user == account && known.reference == reference)
            {
                orders.add(Made::Before);
                continue;
            }
            let items: Vec<_> = order
                .iter()
                .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
                .collect();
            let order = json!({
                "userId": account,
                "externalReference": reference,
                "items": items,
                "shipTo": {
                    "name": customer.name,
                    "lines": customer.lines,
                    "city": customer.city,
                    "postalCode": customer.postal_code,
                    "country": customer.country,
                },
                "paymentToken": "tok_ok",
            });
            let placed = shop::place_order(client, order, format!("seed-order-{reference}")).await;
            orders.add(placed.with_context(|| format!("order {reference}"))?);
        }
    }
    Ok((customers, orders))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_shop_orders_only_what_it_sells_and_has() {
        let shop: Shop =
            serde_json::from_str(include_str!("../data/shop.json")).expect("it is a shop");
        let currency = Currency::of(&shop.currency).expect("a currency");
        for product in &shop.products {
            let price = Money::parse(currency, &product.price).expect("a price");
            assert!(price.minor > 0, "{}", product.sku);
        }
        for (sku, quantity) in shop
            .customers
            .iter()
            .flat_map(|customer| &customer.orders)
            .flatten()
        {
            let product = shop.products.iter().find(|product| product.sku == *sku);
            assert!(
                product.is_some_and(|product| product.stock > i64::from(*quantity)),
                "{sku}"
            );
        }
    }
}
