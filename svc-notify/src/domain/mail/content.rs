//! What a mail says.

use std::fmt;

use serde::Serialize;

/// The languages that mails are there in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl Language {
    /// Every language.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::De];

    /// Its tag (BCP 47).
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language of a tag, such as `de` or `de-CH`, if mails are there in it.
    #[must_use]
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        let is_it = |it: &Self| it.as_str().eq_ignore_ascii_case(primary);
        Self::ALL.into_iter().find(is_it)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a template is filled with. What a mail does not speak of is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Content {
    /// The recipient's name; empty if it is not to be said.
    pub(crate) name: String,
    /// The shop's name.
    pub(crate) shop: String,
    /// The order.
    pub(crate) order: Option<OrderContent>,
    /// The shipment.
    pub(crate) parcel: Option<Parcel>,
    /// An amount of money, with its currency.
    pub(crate) amount: Option<String>,
    /// Where the recipient is to go; who has it may have a secret.
    pub(crate) link: Option<String>,
    /// Who caused it.
    pub(crate) cause: Option<Cause>,
}

/// What caused a mail to an account: somebody's client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cause {
    /// When.
    pub(crate) time: String,
    /// What a person would call the client; empty if it is not known.
    pub(crate) device: String,
    /// Its IP address; empty if it is not known.
    pub(crate) ip_address: String,
}

/// What is said of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct OrderContent {
    /// Its id.
    pub(crate) id: String,
    /// What is in it, or in the shipment.
    pub(crate) lines: Vec<Line>,
    /// What it costs; none where that is not the point.
    pub(crate) total: Option<String>,
    /// Where it goes.
    pub(crate) city: String,
}

/// Units of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// How many.
    pub(crate) quantity: i32,
    /// Its title.
    pub(crate) title: String,
    /// What they cost together.
    pub(crate) total: Option<String>,
}

/// How a shipment is found again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Parcel {
    /// Who carries it.
    pub(crate) carrier: String,
    /// The carrier's number for it.
    pub(crate) tracking_number: String,
}

/// The text on one line, whatever it was sent with.
#[must_use]
pub(crate) fn one_line(text: &str) -> String {
    let visible = |it: char| if it.is_control() { ' ' } else { it };
    text.chars()
        .map(visible)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The name of somebody, as a mail may say it: on one line, and empty if mail programs would make a link
/// of it. Whoever opens an account under such a name would have the shop send an advertisement.
#[must_use]
pub(crate) fn salutation(name: &str) -> String {
    let name = one_line(name);
    match name.split_whitespace().any(is_link) {
        true => String::new(),
        false => name,
    }
}

fn is_link(word: &str) -> bool {
    // `eve.example` is one, `J.R.R.` and `St.John` are none.
    let is_part = |part: &&str| part.chars().count() > 2;
    let parts = word.split('.').filter(is_part).count();
    word.contains("://") || word.to_lowercase().starts_with("www.") || parts > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_its_tag_or_by_one_of_a_region() {
        for (tag, language) in [
            ("en", Some(Language::En)),
            ("DE", Some(Language::De)),
            ("de-CH", Some(Language::De)),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(Language::of(tag), language, "{tag}");
        }
    }

    #[test]
    fn a_name_that_is_an_advertisement_is_not_said() {
        assert_eq!(salutation("Ada Łovelace"), "Ada Łovelace");
        assert_eq!(salutation("Ada\r\nLovelace"), "Ada  Lovelace");
        assert_eq!(salutation("Ada\r\nBcc: eve@example.com"), "");
        for name in [
            "win at https://eve.example",
            "WWW.eve.example",
            "eve.example/win",
        ] {
            assert_eq!(salutation(name), "", "{name}");
        }
    }
}
