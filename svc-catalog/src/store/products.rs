//! The table of products.

use chrono::{DateTime, Utc};
use money::{Currency, Money};
use sqlx::types::Json;
use store::{Database, Dialect, Tx};

use crate::domain::price::Price;
use crate::domain::product::{Product, State};
use crate::domain::words::found_by;
use crate::error::Error;

/// `SELECT` of all that a [`Row`] holds, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " ", $rest)
    };
}

/// The product with this SKU.
pub(crate) async fn get(tx: &mut Tx, sku: &str) -> Result<Option<Product>, Error> {
    let row = store::fetch_optional!(tx, Row, select!("FROM products WHERE sku = $1"), sku)?;
    row.map(Product::try_from).transpose()
}

/// The product with this SKU, locked until the transaction ends.
pub(crate) async fn get_locked(tx: &mut Tx, sku: &str) -> Result<Option<Product>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select!("FROM products WHERE sku = $1 FOR UPDATE"),
        // A transaction that writes has SQLite for itself.
        Dialect::Sqlite => select!("FROM products WHERE sku = $1"),
    };
    let row = store::fetch_optional!(tx, Row, sql, sku)?;
    row.map(Product::try_from).transpose()
}

/// Those of these products that exist.
pub(crate) async fn get_many(tx: &mut Tx, skus: &[String]) -> Result<Vec<Product>, Error> {
    let skus = Json(skus);
    let sql = match tx.dialect() {
        // An array is looked up in the index; of a subquery Postgres may read the whole table.
        Dialect::Postgres => {
            select!("FROM products WHERE sku = ANY (ARRAY(SELECT jsonb_array_elements_text($1)))")
        }
        Dialect::Sqlite => select!("FROM products WHERE sku IN (SELECT value FROM json_each($1))"),
    };
    let rows = store::fetch_all!(tx, Row, sql, &skus)?;
    rows.into_iter().map(Product::try_from).collect()
}

/// Products in the order of their SKUs, from the first one after `after`.
pub(crate) async fn list(
    tx: &mut Tx,
    after: &str,
    show_archived: bool,
    limit: i64,
) -> Result<Vec<Product>, Error> {
    let sql =
        select!("FROM products WHERE sku > $1 AND ($2 OR state = 'ACTIVE') ORDER BY sku LIMIT $3");
    let rows = store::fetch_all!(tx, Row, sql, after, show_archived, limit)?;
    rows.into_iter().map(Product::try_from).collect()
}

/// Adds a product.
///
/// # Errors
/// `Exists` if there is one with its SKU.
pub(crate) async fn insert(tx: &mut Tx, product: &Product) -> Result<(), Error> {
    let inserted = store::execute!(
        tx,
        concat!(
            "INSERT INTO products (",
            columns!(),
            ", title_words, description_words, words_version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $7) \
             ON CONFLICT (sku) DO NOTHING"
        ),
        &product.sku,
        &product.title,
        &product.description,
        product.price.money().currency.code(),
        product.price.money().minor,
        product.state.as_str(),
        product.version,
        product.create_time,
        product.update_time,
        found_by(&product.title),
        found_by(&product.description)
    )?;
    if inserted == 0 {
        return Err(Error::Exists {
            sku: product.sku.clone(),
        });
    }
    Ok(())
}

/// Writes what can change of a product that is locked.
pub(crate) async fn update(tx: &mut Tx, product: &Product) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE products SET title = $2, description = $3, currency = $4, price = $5, \
         state = $6, version = $7, update_time = $8, title_words = $9, description_words = $10, \
         words_version = $7 WHERE sku = $1",
        &product.sku,
        &product.title,
        &product.description,
        product.price.money().currency.code(),
        product.price.money().minor,
        product.state.as_str(),
        product.version,
        product.update_time,
        found_by(&product.title),
        found_by(&product.description)
    )?;
    Ok(())
}

/// Makes the words of products anew that were made for another version of them: an older service
/// has written it. Some at a time, until there are none.
pub(crate) async fn make_words(db: &Database) -> Result<(), Error> {
    loop {
        let mut tx = db.begin().await?;
        let sql = match tx.dialect() {
            // What another replica has locked, it makes.
            Dialect::Postgres => {
                "SELECT sku, title, description FROM products WHERE words_version <> version \
                 ORDER BY sku LIMIT 500 FOR UPDATE SKIP LOCKED"
            }
            Dialect::Sqlite => {
                "SELECT sku, title, description FROM products WHERE words_version <> version \
                 ORDER BY sku LIMIT 500"
            }
        };
        let products = store::fetch_all!(tx, (String, String, String), sql)?;
        if products.is_empty() {
            return Ok(());
        }
        for (sku, title, description) in products {
            store::execute!(
                tx,
                "UPDATE products SET title_words = $2, description_words = $3, \
                 words_version = version WHERE sku = $1",
                sku.as_str(),
                found_by(&title),
                found_by(&description)
            )?;
        }
        tx.commit().await?;
    }
}

/// A row of the table.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    sku: String,
    title: String,
    description: String,
    currency: String,
    price: i64,
    #[sqlx(try_from = "String")]
    state: State,
    version: i64,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl TryFrom<Row> for Product {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let minor = row.price;
        let money = Currency::recorded(&row.currency).map(|currency| Money { currency, minor });
        let price = money.ok().and_then(Price::of);
        let price = price.ok_or_else(|| store::Error::unreadable("product", &row.sku))?;
        Ok(Self {
            sku: row.sku,
            title: row.title,
            description: row.description,
            price,
            state: row.state,
            version: row.version,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}
