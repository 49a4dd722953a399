//! Amounts of money: exact, in the minor unit of their currency, and their way to and from units and
//! nanos (google/type/money.proto) and decimals.

mod amount;
mod card;
mod currency;

pub use amount::Money;
pub use card::is_card_number;
pub use currency::Currency;

/// Why something is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no code of ISO 4217, or that of something that nobody pays with.
    #[error("`{0}` is no currency of ISO 4217")]
    UnknownCurrency(String),
    /// It is not digits with at most one point and one sign.
    #[error("`{0}` is not a decimal number")]
    NotADecimal(String),
    /// The currency has no coin that small.
    #[error("{currency} has at most {digits} digits after the point", currency = .0, digits = .0.minor_digits())]
    TooPrecise(Currency),
    /// It does not fit into 64 bits of minor units.
    #[error("the amount is too large")]
    TooLarge,
    /// The nanos reach a whole unit, or have another sign than the units.
    #[error("nanos lie within one unit and have the sign of the units")]
    InvalidNanos,
}
