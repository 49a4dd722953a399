//! Amounts of money in minor units, and their way to and from units and nanos
//! (google/type/money.proto).

use thiserror::Error;

/// Nanos in one unit.
const NANOS: i64 = 1_000_000_000;

/// An amount of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Money {
    /// ISO 4217 code.
    pub(crate) currency: String,
    /// Amount in the currency's minor units: 1.50 GBP is 150, 150 JPY is 150.
    pub(crate) minor: i64,
}

/// An amount that is not money.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum MoneyError {
    /// The currency has no coin that small.
    #[error("{currency} has at most {digits} digits after the point")]
    TooPrecise {
        /// ISO 4217 code.
        currency: String,
        /// Digits that its minor unit has.
        digits: u32,
    },
    /// It does not fit into 64 bits of minor units.
    #[error("the amount is too large")]
    TooLarge,
    /// The nanos reach a whole unit, or have another sign than the units.
    #[error("nanos lie within one unit and have the sign of the units")]
    InvalidNanos,
}

impl Money {
    /// The amount of `units` and `nanos` of `currency`.
    pub(crate) fn from_units(currency: &str, units: i64, nanos: i32) -> Result<Money, MoneyError> {
        let nanos = i64::from(nanos);
        if nanos.abs() >= NANOS || nanos.signum() * units.signum() < 0 {
            return Err(MoneyError::InvalidNanos);
        }
        let digits = minor_digits(currency);
        let scale = 10_i64.pow(digits);
        let nanos_per_minor = NANOS / scale;
        if nanos % nanos_per_minor != 0 {
            return Err(MoneyError::TooPrecise {
                currency: currency.to_owned(),
                digits,
            });
        }
        let minor = units
            .checked_mul(scale)
            .and_then(|minor| minor.checked_add(nanos / nanos_per_minor))
            .ok_or(MoneyError::TooLarge)?;
        Ok(Money {
            currency: currency.to_owned(),
            minor,
        })
    }

    /// Whole units, and the rest in nanos.
    pub(crate) fn units(&self) -> (i64, i32) {
        let scale = 10_i64.pow(minor_digits(&self.currency));
        let nanos = (self.minor % scale) * (NANOS / scale);
        (
            self.minor / scale,
            i32::try_from(nanos).expect("less than one unit is below 2^31 nanos"),
        )
    }
}

/// Digits after the decimal point (ISO 4217, column "minor unit"); 2 unless it says otherwise.
fn minor_digits(currency: &str) -> u32 {
    let known = iso_currency::Currency::from_code(currency);
    known
        .and_then(|known| known.exponent())
        .map_or(2, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_nanos_come_back_as_they_went_in() {
        for (currency, units, nanos, minor) in [
            ("GBP", 1, 500_000_000, 150),
            ("GBP", 0, 10_000_000, 1),
            ("GBP", -1, -250_000_000, -125),
            ("JPY", 150, 0, 150),
            ("KWD", 2, 5_000_000, 2005),
            ("CLF", 0, 100_000, 1),
            ("XCG", 1, 10_000_000, 101),
        ] {
            let money = Money::from_units(currency, units, nanos).unwrap();
            assert_eq!(money.minor, minor, "{currency} {units} {nanos}");
            assert_eq!(money.units(), (units, nanos), "{currency} {units} {nanos}");
        }
    }

    #[test]
    fn a_fraction_of_the_smallest_coin_is_no_amount() {
        let too_precise = |currency, nanos| {
            matches!(
                Money::from_units(currency, 1, nanos),
                Err(MoneyError::TooPrecise { .. })
            )
        };
        assert!(too_precise("GBP", 5_000_000));
        assert!(too_precise("JPY", 10_000_000));
        assert_eq!(
            Money::from_units("GBP", i64::MAX / 10, 0),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(
            Money::from_units("GBP", 1, -10_000_000),
            Err(MoneyError::InvalidNanos)
        );
        assert_eq!(
            Money::from_units("GBP", 1, i32::MAX),
            Err(MoneyError::InvalidNanos)
        );
    }
}
