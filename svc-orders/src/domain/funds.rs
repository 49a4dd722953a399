//! The money of an order, as svc-payments tells of it.

use serde::{Deserialize, Serialize};

/// What was heard of the money of an order that is paid here; amounts in minor units. Each event adds
/// to it, so it does not matter in which order they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Funds {
    /// It was held back.
    pub authorized: bool,
    /// The hold lapsed, or the payment is at its final amount.
    pub is_over: bool,
    /// Taken.
    pub captured: i64,
    /// It could not be taken.
    pub capture_failed: bool,
    /// Given back.
    pub refunded: i64,
    /// Disputes that were opened, without those that ended.
    pub disputes: i64,
}

/// How the money of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// Nothing is held.
    None,
    /// Held back.
    Authorized,
    /// Part of it was taken.
    PartlyCaptured,
    /// Taken.
    Captured,
    /// Part of it was given back.
    PartlyRefunded,
    /// Given back.
    Refunded,
    /// It could not be taken.
    CaptureFailed,
    /// The buyer disputes it.
    Disputed,
}

impl Funds {
    /// How the money stands of an order with this total.
    #[must_use]
    pub fn payment(self, total: i64) -> Payment {
        if self.disputes > 0 {
            Payment::Disputed
        } else if self.refunded > 0 && self.refunded >= self.captured {
            Payment::Refunded
        } else if self.refunded > 0 {
            Payment::PartlyRefunded
        } else if self.captured >= total && self.captured > 0 {
            Payment::Captured
        } else if self.captured > 0 {
            Payment::PartlyCaptured
        } else if self.capture_failed {
            Payment::CaptureFailed
        } else if self.authorized && !self.is_over {
            Payment::Authorized
        } else {
            Payment::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_stands_where_the_last_that_was_heard_of_it_says() {
        let held = Funds {
            authorized: true,
            ..Funds::default()
        };
        let taken = |captured, refunded| Funds {
            captured,
            refunded,
            ..held
        };
        for (funds, payment) in [
            (Funds::default(), Payment::None),
            (held, Payment::Authorized),
            (
                Funds {
                    is_over: true,
                    ..held
                },
                Payment::None,
            ),
            (
                Funds {
                    capture_failed: true,
                    ..held
                },
                Payment::CaptureFailed,
            ),
            (taken(40, 0), Payment::PartlyCaptured),
            (taken(100, 0), Payment::Captured),
            (taken(100, 40), Payment::PartlyRefunded),
            (taken(100, 100), Payment::Refunded),
            (
                Funds {
                    disputes: 1,
                    ..taken(100, 0)
                },
                Payment::Disputed,
            ),
        ] {
            assert_eq!(funds.payment(100), payment, "{funds:?}");
        }
    }
}
