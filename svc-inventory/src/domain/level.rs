//! How many units of a SKU there are, and how many of them are promised.

use serde::{Deserialize, Serialize};

/// Units of one SKU. Nothing is negative, and no more is promised than is on hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Units in the warehouse.
    pub on_hand: i64,
    /// Of these, promised to orders that are not confirmed yet.
    pub reserved: i64,
    /// Of these, sold and not yet dispatched.
    pub allocated: i64,
}

/// The most units of a SKU that fit the warehouse: sums of them stay far from the end of `i64`.
pub const MAX_ON_HAND: i64 = 1_000_000_000_000;

/// How one unit of a reservation changes a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    pub on_hand: i64,
    pub reserved: i64,
    pub allocated: i64,
}

/// Fewer units can be had than are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    pub sku: String,
    pub requested: i64,
    pub available: i64,
}

/// Why a level does not take an adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More would go than is not promised.
    Short {
        /// What is not promised.
        available: i64,
    },
    /// More would come than [`MAX_ON_HAND`].
    Full,
}

impl Level {
    /// What can still be sold.
    pub fn available(self) -> i64 {
        self.on_hand - self.reserved - self.allocated
    }

    /// The level after `delta` units came or went.
    ///
    /// # Errors
    /// Promised units do not go, and there is a limit to what may come.
    pub fn adjusted(self, delta: i64) -> Result<Self, Refusal> {
        let available = self.available();
        if delta < -available {
            return Err(Refusal::Short { available });
        }
        match self.on_hand.checked_add(delta) {
            Some(on_hand) if on_hand <= MAX_ON_HAND => Ok(Self { on_hand, ..self }),
            _ => Err(Refusal::Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level {
        on_hand: 10,
        reserved: 3,
        allocated: 2,
    };

    #[test]
    fn what_is_promised_does_not_go() {
        assert_eq!(LEVEL.available(), 5);
        assert_eq!(
            LEVEL.adjusted(-5),
            Ok(Level {
                on_hand: 5,
                ..LEVEL
            })
        );
        assert_eq!(LEVEL.adjusted(-6), Err(Refusal::Short { available: 5 }));
        assert_eq!(
            LEVEL.adjusted(i64::MIN),
            Err(Refusal::Short { available: 5 })
        );
    }

    #[test]
    fn the_warehouse_is_full_at_its_limit() {
        assert_eq!(LEVEL.adjusted(i64::MAX), Err(Refusal::Full));
        assert_eq!(LEVEL.adjusted(MAX_ON_HAND), Err(Refusal::Full));
        assert!(LEVEL.adjusted(MAX_ON_HAND - 10).is_ok());
    }
}
