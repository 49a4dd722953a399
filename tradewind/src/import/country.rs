//! The table's names of countries as ISO 3166-1 alpha-2 codes.

/// Code of a country; `ZZ` (ISO 3166-1, user-assigned) where the table names none.
pub(crate) fn code(name: &str) -> &'static str {
    CODES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("ZZ", |(_, code)| code)
}

const CODES: [(&str, &str); 40] = [
    ("Australia", "AU"),
    ("Austria", "AT"),
    ("Bahrain", "BH"),
    ("Belgium", "BE"),
    ("Bermuda", "BM"),
    ("Brazil", "BR"),
    ("Canada", "CA"),
    // The Channel Islands share no code: Jersey is the larger.
    ("Channel Islands", "JE"),
    ("Cyprus", "CY"),
    ("Czech Republic", "CZ"),
    ("Denmark", "DK"),
    ("EIRE", "IE"),
    ("Finland", "FI"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("Greece", "GR"),
    ("Hong Kong", "HK"),
    ("Iceland", "IS"),
    ("Israel", "IL"),
    ("Italy", "IT"),
    ("Japan", "JP"),
    ("Korea", "KR"),
    ("Lebanon", "LB"),
    ("Lithuania", "LT"),
    ("Malta", "MT"),
    ("Netherlands", "NL"),
    ("Nigeria", "NG"),
    ("Norway", "NO"),
    ("Poland", "PL"),
    ("Portugal", "PT"),
    ("RSA", "ZA"),
    ("Saudi Arabia", "SA"),
    ("Singapore", "SG"),
    ("Spain", "ES"),
    ("Sweden", "SE"),
    ("Switzerland", "CH"),
    ("Thailand", "TH"),
    ("USA", "US"),
    ("United Arab Emirates", "AE"),
    ("United Kingdom", "GB"),
];
