//! On what terms the shop takes orders: of whom, whether for money, and whereto buyers may come back.

use std::str::FromStr;

use money::{Money, is_card_number};
use runtime::email_verification::EmailVerification;

use crate::callees::{Account, Means};
use crate::error::Error;

/// On what terms the shop takes orders.
#[derive(clap::Args, Clone, Debug)]
pub struct Terms {
    /// Whether orders are paid here: without, whoever runs the shop bills them otherwise.
    #[arg(long, env = "PAYMENTS", default_value = "on")]
    pub payments: Payments,
    /// Origins that buyers may come back to after an action for their payment, such as
    /// `https://shop.example`, with commas in between.
    #[arg(long, env = "RETURN_URL_ORIGINS", value_delimiter = ',')]
    pub return_url_origins: Vec<Origin>,
    /// When an account has to prove its e-mail address: unless it is off, before it orders.
    #[arg(long, env = "EMAIL_VERIFICATION", value_enum, default_value_t)]
    pub email_verification: EmailVerification,
}

/// Whether orders are paid here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Payments {
    /// Each order needs a payment token.
    On,
    /// No order takes one.
    Off,
}

/// Scheme, host and port (RFC 6454): `https`, or `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        match origin(text) {
            Some(origin) if origin == text.trim_end_matches('/').to_ascii_lowercase() => {
                Ok(Origin(origin))
            }
            _ => {
                Err("it must be an origin such as https://shop.example, and nothing behind".into())
            }
        }
    }
}

/// What the buyer brings for an order.
pub(crate) struct Offer {
    pub(crate) means: Means,
    /// The buyer orders, and not an administrator for the buyer.
    pub(crate) is_own: bool,
    /// An administrator takes the order over from another system.
    pub(crate) is_taken_over: bool,
    /// What the buyer was shown.
    pub(crate) expected: Option<Money>,
}

impl Terms {
    /// Whether an account has proved its address, if it has to before it orders.
    pub(crate) fn is_verified(&self, offer: &Offer, account: Account) -> bool {
        let has_to = self.email_verification != EmailVerification::Off && offer.is_own;
        account.is_verified || !has_to
    }

    /// Whether an order of this total is paid here.
    ///
    /// # Errors
    /// When the offer does not fit: what is wrong with which field.
    pub(crate) fn is_paid(&self, offer: &Offer, total: Money) -> Result<bool, Error> {
        if let Some(expected) = offer.expected {
            if expected.currency != total.currency {
                return Err(Error::Means(
                    "expectedTotal.currencyCode",
                    "must be the currency that the products are priced in",
                ));
            }
            if total.minor > expected.minor {
                return Err(Error::PriceChanged { total });
            }
        }
        let Means { token, return_url } = &offer.means;
        if is_card_number(token) {
            return Err(Error::Means(
                "paymentToken",
                "must be a token of the payment provider, never the number of a card: have the \
                 provider's form or library in the browser make one",
            ));
        }
        if !return_url.is_empty() && !self.is_allowed(return_url) {
            return Err(Error::Means(
                "returnUrl",
                "must be an https address of an origin that the shop allows (RETURN_URL_ORIGINS)",
            ));
        }
        match self.payments {
            Payments::Off if token.is_empty() => Ok(false),
            Payments::Off => Err(Error::Means(
                "paymentToken",
                "must be left out: this shop takes no payments here",
            )),
            Payments::On if total.minor == 0 => Ok(false),
            Payments::On if token.is_empty() && offer.is_taken_over => Ok(false),
            Payments::On if token.is_empty() => Err(Error::Means(
                "paymentToken",
                "is required: a token of the payment provider, such as `tok_ok` of the sandbox",
            )),
            Payments::On => Ok(true),
        }
    }

    fn is_allowed(&self, url: &str) -> bool {
        origin(url).is_some_and(|origin| {
            let mut allowed = self.return_url_origins.iter();
            allowed.any(|Origin(one)| *one == origin)
        })
    }
}

/// The origin of an address that a browser may be sent to with a payment on its way: encrypted, or on
/// this machine.
fn origin(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    let authority = uri.authority()?.as_str().to_ascii_lowercase();
    let is_local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match uri.scheme_str()? {
        _ if authority.contains('@') => None,
        "https" => Some(format!("https://{authority}")),
        "http" if is_local => Some(format!("http://{authority}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use money::Currency;

    use super::*;

    fn terms(payments: Payments) -> Terms {
        Terms {
            payments,
            return_url_origins: vec!["https://shop.example".parse().unwrap()],
            email_verification: EmailVerification::Off,
        }
    }

    fn offer(token: &str, return_url: &str) -> Offer {
        Offer {
            means: Means {
                token: token.to_owned(),
                return_url: return_url.to_owned(),
            },
            is_own: true,
            is_taken_over: false,
            expected: None,
        }
    }

    fn pounds(minor: i64) -> Money {
        let currency = Currency::of("GBP").unwrap();
        Money { currency, minor }
    }

    fn refused(result: Result<bool, Error>) -> Option<&'static str> {
        match result.err()? {
            Error::Means(field, _) => Some(field),
            Error::PriceChanged { .. } => Some("price"),
            _ => None,
        }
    }

    #[test]
    fn an_order_is_paid_by_a_token_and_nothing_else() {
        let terms = terms(Payments::On);
        let field = |token| refused(terms.is_paid(&offer(token, ""), pounds(5)));
        assert!(terms.is_paid(&offer("tok_ok", ""), pounds(5)).unwrap());
        assert_eq!(field(""), Some("paymentToken"));
        assert_eq!(field("4242 4242 4242 4242"), Some("paymentToken"));
        assert!(!terms.is_paid(&offer("", ""), pounds(0)).unwrap());
        let taken_over = Offer {
            is_taken_over: true,
            ..offer("", "")
        };
        assert!(!terms.is_paid(&taken_over, pounds(5)).unwrap());
    }

    #[test]
    fn who_orders_has_a_proved_address_where_that_is_asked_for_and_who_is_ordered_for_need_not() {
        let verified = |email_verification, is_own, is_verified| {
            let terms = Terms {
                email_verification,
                ..terms(Payments::On)
            };
            let offer = Offer {
                is_own,
                ..offer("tok_ok", "")
            };
            let account = Account {
                is_active: true,
                is_verified,
            };
            terms.is_verified(&offer, account)
        };
        assert!(verified(EmailVerification::Off, true, false));
        for setting in [
            EmailVerification::BeforeOrder,
            EmailVerification::BeforeLogin,
        ] {
            assert!(!verified(setting, true, false));
            assert!(verified(setting, true, true));
            assert!(verified(setting, false, false));
        }
    }

    #[test]
    fn a_shop_that_bills_otherwise_takes_no_token() {
        let terms = terms(Payments::Off);
        assert!(!terms.is_paid(&offer("", ""), pounds(5)).unwrap());
        let refusal = refused(terms.is_paid(&offer("tok_ok", ""), pounds(5)));
        assert_eq!(refusal, Some("paymentToken"));
    }

    #[test]
    fn buyers_come_back_to_origins_of_the_shop_only() {
        let terms = terms(Payments::On);
        let field = |url| refused(terms.is_paid(&offer("tok_ok", url), pounds(5)));
        assert_eq!(field("https://shop.example/thanks?order=1"), None);
        assert_eq!(field("https://SHOP.example/"), None);
        for url in [
            "http://shop.example/",
            "https://shop.example.evil/",
            "https://shop.example@evil/",
            "https://shop.example:8443/",
            "javascript:alert(1)",
            "/thanks",
            "no address",
        ] {
            assert_eq!(field(url), Some("returnUrl"), "{url}");
        }
        assert!("http://localhost:3000".parse::<Origin>().is_ok());
        for text in ["http://shop.example", "https://shop.example/thanks", ""] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_above_what_the_buyer_was_shown_is_refused_and_one_below_taken() {
        let terms = terms(Payments::On);
        let at = |expected| Offer {
            expected: Some(pounds(expected)),
            ..offer("tok_ok", "")
        };
        assert_eq!(refused(terms.is_paid(&at(4), pounds(5))), Some("price"));
        assert_eq!(refused(terms.is_paid(&at(5), pounds(5))), None);
        assert_eq!(refused(terms.is_paid(&at(6), pounds(5))), None);
    }
}
