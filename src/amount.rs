//! Amounts of money on their way.

use money::{Currency, Money};

use crate::google::r#type::Money as Message;

impl From<Money> for Message {
    fn from(amount: Money) -> Message {
        let (units, nanos) = amount.units();
        Message {
            currency_code: amount.currency.code().to_owned(),
            units,
            nanos,
        }
    }
}

/// Fails where the message is no amount.
impl TryFrom<&Message> for Money {
    type Error = money::Error;

    fn try_from(message: &Message) -> Result<Money, money::Error> {
        let currency = Currency::of(&message.currency_code)?;
        Money::from_units(currency, message.units, message.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_comes_back_as_it_went() {
        let currency = Currency::of("GBP").expect("it is one");
        for minor in [0, 1, 99, 100, 255, -255, i64::MAX, i64::MIN] {
            let amount = Money { currency, minor };
            assert_eq!(Money::try_from(&Message::from(amount)), Ok(amount));
        }
        let nothing = Money::try_from(&Message::default());
        assert!(matches!(nothing, Err(money::Error::UnknownCurrency(_))));
    }
}
