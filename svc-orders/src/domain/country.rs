//! Countries (ISO 3166-1 alpha-2).

/// What stands for a country that nobody knows, of the codes that the standard leaves to its users.
const UNKNOWN: &str = "ZZ";

/// Whether orders can go there. One that is taken over from elsewhere may have gone nobody knows where.
pub(crate) fn is_destination(country: &str, taken_over: bool) -> bool {
    celes::Country::from_alpha2(country).is_ok() || (taken_over && country == UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::is_destination;

    #[test]
    fn countries_that_exist_are_destinations() {
        for country in ["GB", "IE", "DE", "SS", "BQ", "TW", "AX"] {
            assert!(is_destination(country, false), "{country}");
        }
        for nowhere in ["XX", "ZZ", "UK", "EU", "AN", "SU", "QQ", ""] {
            assert!(!is_destination(nowhere, false), "{nowhere}");
        }
        assert!(is_destination("ZZ", true));
        assert!(!is_destination("XX", true));
    }
}
