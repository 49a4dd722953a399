//! Products by words of title and description.

use store::{Dialect, Tx};

use super::products::Row;
use crate::domain::product::Product;
use crate::domain::words::Words;
use crate::error::Error;

/// How well a product matches, and its SKU: the order of the results, the best first.
///
/// The rank depends on the product and the words alone, so that a product added meanwhile moves
/// no other one to another page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Position {
    pub(crate) rank: f64,
    pub(crate) sku: String,
}

impl Position {
    /// Before the best match.
    pub(crate) const START: Self = Self {
        rank: f64::MAX,
        sku: String::new(),
    };
}

/// A product that was found.
pub(crate) struct SearchMatch {
    pub(crate) product: Product,
    pub(crate) rank: f64,
}

/// Products on sale that hold all the words, from the first one after `after`.
pub(crate) async fn search(
    tx: &mut Tx,
    words: &Words,
    after: &Position,
    limit: i64,
) -> Result<Vec<SearchMatch>, Error> {
    let (rank, sku) = (after.rank, after.sku.as_str());
    let rows = match tx.dialect() {
        Dialect::Postgres => {
            // Words of the title weigh more; 1 is for long texts to weigh less.
            let sql = concat!(
                "SELECT * FROM (SELECT ",
                columns!(),
                ", ts_rank(words, query, 1)::float8 AS rank \
                 FROM products, plainto_tsquery('product_words', $1) AS query \
                 WHERE words @@ query AND state = 'ACTIVE' \
             ) AS found \
             WHERE rank < $2 OR (rank = $2 AND sku > $3) \
             ORDER BY rank DESC, sku LIMIT $4"
            );
            store::fetch_all!(tx, MatchRow, sql, words.plain(), rank, sku, limit)?
        }
        Dialect::Sqlite => {
            // All the words in the title first; then short texts before long ones.
            let sql = concat!(
                "SELECT * FROM (SELECT ",
                columns!(),
                ", \
                     (id IN (SELECT rowid FROM product_words \
                         WHERE product_words MATCH '{title_words} : (' || $1 || ')')) \
                     + 1.0 / (1 + length(title) + length(description)) AS rank \
                 FROM products \
                 WHERE id IN (SELECT rowid FROM product_words WHERE product_words MATCH $1) \
                     AND state = 'ACTIVE' \
             ) AS found \
             WHERE rank < $2 OR (rank = $2 AND sku > $3) \
             ORDER BY rank DESC, sku LIMIT $4"
            );
            store::fetch_all!(tx, MatchRow, sql, words.fts5(), rank, sku, limit)?
        }
    };
    rows.into_iter()
        .map(|MatchRow { row, rank }| {
            Ok(SearchMatch {
                product: row.try_into()?,
                rank,
            })
        })
        .collect()
}

#[derive(sqlx::FromRow)]
struct MatchRow {
    #[sqlx(flatten)]
    row: Row,
    rank: f64,
}
