//! One form for texts that look the same.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Composed, as keyboards of most systems write it (Unicode Standard Annex 15, NFC). Texts that
/// look the same and mean the same are the same then.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_text_is_composed_and_other_text_is_left_alone() {
        assert_eq!(nfc("Mu\u{308}sli"), "Müsli");
        assert_eq!(nfc("\u{1112}\u{1161}\u{11AB}"), "한");
        for text in ["Müsli", "HEART", "李小龙", "👩🏽\u{200D}🚀", "ﬁ"] {
            assert!(matches!(nfc(text), Cow::Borrowed(same) if same == text));
        }
    }
}
