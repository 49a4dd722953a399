//! A product and its changes.

use chrono::{DateTime, Utc};

use super::Mistake;
use super::price::Price;

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) price: Price,
    pub(crate) state: State,
    /// Grows by one with each change; the etag shows it.
    pub(crate) version: i64,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) update_time: DateTime<Utc>,
}

/// Whether a product is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Archived,
}

impl State {
    /// Its name in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Active => "ACTIVE",
            State::Archived => "ARCHIVED",
        }
    }
}

impl TryFrom<String> for State {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        [State::Active, State::Archived]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| format!("`{name}` is not a state of a product"))
    }
}

/// What an administrator says of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProductDetails {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) price: Price,
}

/// Why a product does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no longer sold.
    Archived,
    /// The etag is not that of its version.
    Stale,
}

impl Product {
    /// A new product, on sale.
    pub(crate) fn new(sku: String, details: ProductDetails, now: DateTime<Utc>) -> Self {
        let state = State::Active;
        let ProductDetails {
            title,
            description,
            price,
        } = details;
        Self {
            sku,
            title,
            description,
            price,
            state,
            version: 1,
            create_time: now,
            update_time: now,
        }
    }

    /// What a client sends back with a change, to refuse it if the product has changed since.
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }

    /// Whether it takes a change by somebody who has read its version `etag`, or any if that is empty.
    ///
    /// # Errors
    /// `Stale` if `etag` is neither empty nor the product's, `Archived` if it is not on sale.
    pub(crate) fn expect_changeable(&self, etag: &str) -> Result<(), Refusal> {
        if !etag.is_empty() && etag != self.etag() {
            return Err(Refusal::Stale);
        }
        if self.state == State::Archived {
            return Err(Refusal::Archived);
        }
        Ok(())
    }

    /// Takes new values over. Returns whether anything is different now.
    pub(crate) fn update(&mut self, details: ProductDetails, now: DateTime<Utc>) -> bool {
        let before = self.clone();
        self.title = details.title;
        self.description = details.description;
        self.price = details.price;
        let changed = *self != before;
        if changed {
            self.touch(now);
        }
        changed
    }

    /// Takes the product out of sale. Returns whether it was on sale.
    pub(crate) fn archive(&mut self, now: DateTime<Utc>) -> bool {
        let changed = self.state == State::Active;
        if changed {
            self.state = State::Archived;
            self.touch(now);
        }
        changed
    }

    fn touch(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.update_time = now;
    }
}

/// A title that says something.
///
/// # Errors
/// It is empty or blank.
pub(crate) fn title(text: String) -> Result<String, Mistake> {
    if text.trim().is_empty() {
        return Err(Mistake::new("product.title", "must not be blank"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use money::{Currency, Money};

    use super::*;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn heart() -> Product {
        Product::new("85123A".into(), titled("WHITE HEART"), START)
    }

    fn later() -> DateTime<Utc> {
        START + chrono::TimeDelta::seconds(1)
    }

    fn titled(title: &str) -> ProductDetails {
        let currency = Currency::of("GBP").expect("a code of the table");
        ProductDetails {
            title: title.into(),
            description: String::new(),
            price: Price::of(Money {
                currency,
                minor: 255,
            })
            .expect("within the bounds"),
        }
    }

    #[test]
    fn a_change_gives_a_new_etag() {
        let mut product = heart();
        let etag = product.etag();
        assert!(product.update(titled("RED HEART"), later()));
        assert_eq!(product.title, "RED HEART");
        assert_ne!(product.etag(), etag);
        assert_eq!((product.create_time, product.update_time), (START, later()));
    }

    #[test]
    fn a_change_to_the_same_values_is_none() {
        let mut product = heart();
        assert!(!product.update(titled("WHITE HEART"), later()));
        assert_eq!(product, heart());
    }

    #[test]
    fn a_stale_etag_is_refused() {
        let mut product = heart();
        let etag = product.etag();
        assert_eq!(product.expect_changeable(&etag), Ok(()));
        product.update(titled("RED HEART"), later());
        assert_eq!(product.expect_changeable(&etag), Err(Refusal::Stale));
        assert_eq!(product.expect_changeable(""), Ok(()));
    }

    #[test]
    fn an_archived_product_stays_as_it_is() {
        let mut product = heart();
        assert!(product.archive(later()));
        assert!(!product.archive(later()));
        assert_eq!(product.version, 2);
        assert_eq!(product.expect_changeable(""), Err(Refusal::Archived));
    }

    #[test]
    fn a_blank_title_is_a_mistake() {
        assert!(title(" \t".into()).is_err());
        assert_eq!(title("A".into()), Ok("A".into()));
    }
}
