//! The lines of an order as they are asked for.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Units of a SKU, each SKU once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Stock keeping unit.
    pub(crate) sku: String,
    /// Units. At most 1,000 lines of 10,000 units are merged into one, so it fits.
    pub(crate) quantity: i32,
    /// Index of the first line of the request that names the SKU.
    pub(crate) index: usize,
}

/// Merges lines of the same SKU, in the order in which the SKUs appear first.
pub(crate) fn merge(asked: impl IntoIterator<Item = (String, i32)>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut position = HashMap::new();
    for (index, (sku, quantity)) in asked.into_iter().enumerate() {
        match position.entry(sku) {
            Entry::Occupied(first) => {
                let line: &mut Line = &mut lines[*first.get()];
                line.quantity = line.quantity.saturating_add(quantity);
            }
            Entry::Vacant(new) => {
                lines.push(Line {
                    sku: new.key().clone(),
                    quantity,
                    index,
                });
                new.insert(lines.len() - 1);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_same_sku_are_merged_where_it_appeared_first() {
        let lines = merge([
            ("B".to_owned(), 1),
            ("A".to_owned(), 2),
            ("B".to_owned(), 3),
            ("b".into(), 4),
        ]);
        let line = |sku: &str, quantity, index| Line {
            sku: sku.to_owned(),
            quantity,
            index,
        };
        assert_eq!(lines, [line("B", 4, 0), line("A", 2, 1), line("b", 4, 3)]);
    }
}
