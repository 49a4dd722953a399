//! Why a line of a file is not imported.

/// The most units that an order may have of a product (the contract of CreateOrder).
pub(super) const MOST_UNITS: i64 = 10_000;
/// Lengths by the contracts of CreateOrder and CreateProduct, in characters.
pub(super) const LONGEST_INVOICE: usize = 100;
pub(super) const LONGEST_SKU: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Skip {
    // These are no sales: a table has them by its nature.
    Empty,
    QuantityBelowOne,
    PriceOfZero,
    // These should have been sales: somebody has to look at them.
    QuantityTooLarge,
    TooPrecise,
    NoInvoice,
    NoStockCode,
    NoDate,
    NoQuantity,
    NoPrice,
    OtherCustomer,
    NumberOfFields,
    Quote,
    Undecodable,
}

impl Skip {
    /// Whether nothing is missing without the line.
    pub(crate) fn is_no_sale(self) -> bool {
        matches!(
            self,
            Skip::Empty | Skip::QuantityBelowOne | Skip::PriceOfZero
        )
    }

    pub(crate) fn why(self) -> String {
        match self {
            Skip::Empty => "empty line".to_owned(),
            Skip::QuantityBelowOne => "quantity below 1".to_owned(),
            Skip::PriceOfZero => "price of 0 or below".to_owned(),
            Skip::QuantityTooLarge => format!("quantity above {MOST_UNITS}"),
            Skip::TooPrecise => {
                "price with more digits after the point than its currency has".to_owned()
            }
            Skip::NoInvoice => {
                format!("no invoice number, or one of more than {LONGEST_INVOICE} characters")
            }
            Skip::NoStockCode => {
                format!("no stock code, or one of more than {LONGEST_SKU} characters")
            }
            Skip::NoDate => "date that is none, or not M/D/YYYY H:MM or ISO 8601".to_owned(),
            Skip::NoQuantity => "quantity that is no whole number".to_owned(),
            Skip::NoPrice => "price that is no amount".to_owned(),
            Skip::OtherCustomer => "customer of another number than its invoice has".to_owned(),
            Skip::NumberOfFields => "more or fewer fields than the header".to_owned(),
            Skip::Quote => "quote that is not closed, or not at the end of its field".to_owned(),
            Skip::Undecodable => "bytes that are no text in the file's encoding".to_owned(),
        }
    }
}
