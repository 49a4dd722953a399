//! The fields that an update names (AIP-134, AIP-203).

use contracts::tradewind::catalog::v1::Product;
use prost_types::FieldMask;

use crate::domain::Mistake;

/// Which fields an update changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mask {
    pub(super) title: bool,
    pub(super) description: bool,
    pub(super) price: bool,
}

impl Mask {
    /// Without a path: the fields that are set.
    ///
    /// # Errors
    /// A path that names no field.
    pub(super) fn of(mask: Option<&FieldMask>, product: &Product) -> Result<Self, Mistake> {
        let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
            return Ok(Self {
                title: !product.title.is_empty(),
                description: !product.description.is_empty(),
                price: product.price.is_some(),
            });
        };
        let mut fields = Self::default();
        for path in &mask.paths {
            fields.add(path)?;
        }
        Ok(fields)
    }

    fn add(&mut self, path: &str) -> Result<(), Mistake> {
        match path {
            "*" => {
                *self = Self {
                    title: true,
                    description: true,
                    price: true,
                }
            }
            "title" => self.title = true,
            "description" => self.description = true,
            // An amount is one value: whoever names a part of it sends the whole.
            "price" | "price.currency_code" | "price.units" | "price.nanos" => self.price = true,
            // Says which product and which version of it; or is only ever set by us.
            "sku" | "etag" | "state" | "create_time" | "update_time" => {}
            unknown => {
                let description = format!("a product has no field {unknown:?}");
                return Err(Mistake::new("updateMask", description));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(paths: &[&str]) -> Result<Mask, Mistake> {
        let paths = paths.iter().map(ToString::to_string).collect();
        Mask::of(Some(&FieldMask { paths }), &Product::default())
    }

    #[test]
    fn a_mask_names_what_changes() {
        let title = Mask {
            title: true,
            ..Mask::default()
        };
        assert_eq!(mask(&["title"]), Ok(title));
        assert_eq!(
            mask(&["title", "sku", "etag", "state", "update_time"]),
            Ok(title)
        );
        assert_eq!(
            mask(&["price.units"]),
            Ok(Mask {
                price: true,
                ..Mask::default()
            })
        );
        assert_eq!(
            mask(&["*"]),
            Ok(Mask {
                title: true,
                description: true,
                price: true
            })
        );
    }

    #[test]
    fn without_a_mask_the_fields_that_are_set_change() {
        let product = Product {
            description: "Hangs.".into(),
            ..Product::default()
        };
        let description = Mask {
            description: true,
            ..Mask::default()
        };
        assert_eq!(Mask::of(None, &product), Ok(description));
        assert_eq!(
            Mask::of(Some(&FieldMask::default()), &product),
            Ok(description)
        );
    }

    #[test]
    fn an_unknown_path_is_a_mistake() {
        assert_eq!(
            mask(&["colour"]).expect_err("no such field").field,
            "updateMask"
        );
        assert!(mask(&["price.cents"]).is_err());
    }
}
