//! The words of a text as search compares them: without regard to case and accents, and to how a
//! character is composed.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::props::{
    BinaryProperty as _, CanonicalCombiningClass, DefaultIgnorableCodePoint,
    EnumeratedProperty as _, GeneralCategory, GeneralCategoryGroup, Script,
};

use super::normal::nfc;

/// The words of a text by which it is found. Of scripts without spaces between words these are all
/// its characters and all pairs of neighbours, so that a word is found within a longer one.
#[must_use]
pub fn index_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(word) => words.push(word),
            Run::Unspaced(characters) => {
                words.extend(characters.iter().map(char::to_string));
                words.extend(pairs(&characters));
            }
        }
    }
    words
}

/// The words of a query, all of which a text must have; none if there is nothing to look for.
#[must_use]
pub fn query_words(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(query) {
        match run {
            Run::Word(word) => words.push(word),
            Run::Unspaced(characters) if characters.len() == 1 => {
                words.extend(characters.iter().map(char::to_string))
            }
            Run::Unspaced(characters) => words.extend(pairs(&characters)),
        }
    }
    words
}

fn pairs(characters: &[char]) -> impl Iterator<Item = String> + '_ {
    characters.windows(2).map(|pair| pair.iter().collect())
}

/// What stands together between spaces and punctuation, of one kind of script.
enum Run {
    Word(String),
    Unspaced(Vec<char>),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_apart = true;
    for c in fold(text).chars() {
        let is_mark = GeneralCategoryGroup::Mark.contains(GeneralCategory::for_char(c));
        // A mark belongs to the letter before it.
        if !c.is_alphanumeric() && (is_apart || !is_mark) {
            is_apart = true;
            continue;
        }
        match runs.last_mut().filter(|_| !is_apart) {
            Some(Run::Unspaced(characters)) if is_mark || is_unspaced(c) => characters.push(c),
            Some(Run::Word(word)) if is_mark || !is_unspaced(c) => word.push(c),
            _ if is_unspaced(c) => runs.push(Run::Unspaced(vec![c])),
            _ => runs.push(Run::Word(c.into())),
        }
        is_apart = false;
    }
    runs
}

/// Scripts whose words follow each other without spaces, or, in Korean, with endings.
fn is_unspaced(c: char) -> bool {
    // The mark of a long vowel in Katakana is of no script.
    c == 'ー'
        || matches!(
            Script::for_char(c),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Hangul
                | Script::Bopomofo
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
}

/// Without accents, case, widths and other variants of characters.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut folded = String::with_capacity(decomposed.len());
    for c in decomposed
        .chars()
        .filter(|c| !is_accent(*c) && !DefaultIgnorableCodePoint::for_char(*c))
    {
        // By way of capitals, so that `ß` is `ss`, and `ς` is `σ` wherever it stands.
        for lower in c.to_uppercase().flat_map(char::to_lowercase) {
            match stroke(lower) {
                Some(plain) => folded.push_str(plain),
                None => folded.push(lower),
            }
        }
    }
    // What is no accent is composed again: the syllables of Korean, the voiced ones of Japanese.
    nfc(&folded).into_owned()
}

/// Marks that letters of many scripts may have, and the points of Hebrew. Vowels that are written as
/// marks, as in Hindi and Thai, and voiced syllables of Japanese, are other letters, not accents.
fn is_accent(c: char) -> bool {
    matches!(
        GeneralCategory::for_char(c),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    ) && matches!(Script::for_char(c), Script::Inherited | Script::Hebrew)
        && CanonicalCombiningClass::for_char(c) != CanonicalCombiningClass::KanaVoicing
}

/// Latin letters that differ from others by an accent or a ligature (UTS 10, DUCET), though Unicode
/// does not decompose them.
fn stroke(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'đ' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ŧ' => "t",
        'æ' => "ae",
        'œ' => "oe",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        let words = index_words(text);
        let query = query_words(query);
        !query.is_empty() && query.iter().all(|word| words.contains(word))
    }

    #[test]
    fn words_are_letters_and_digits_in_lower_case() {
        let words = ["t", "light", "holder", "3", "5cm", "a", "or", "x"];
        assert_eq!(query_words("  T-light \"HOLDER\" 3.5cm & Ä' OR (x"), words);
        assert_eq!(index_words("T-light \"HOLDER\" 3.5cm & Ä' OR (x"), words);
    }

    #[test]
    fn accents_case_and_composition_make_no_difference() {
        for (query, text) in [
            ("musli", "Müsli"),
            ("Mu\u{308}sli", "Müsli"),
            ("MÜSLI", "Mu\u{308}sli"),
            ("soren", "Søren"),
            ("STRASSE", "Straße"),
            ("istanbul", "İstanbul"),
            ("Οδυσσευς", "ὈΔΥΣΣΕΎΣ"),
            ("cafe", "ｃａｆé"),
            ("m2", "m²"),
            ("שלום", "שָׁלוֹם"),
            ("محمد", "مُحَمَّد"),
        ] {
            assert!(finds(query, text), "{query} in {text}");
            assert!(finds(text, query), "{text} in {query}");
        }
    }

    #[test]
    fn letters_that_are_others_stay_others() {
        for (query, text) in [("か", "が"), ("कि", "कु"), ("ดี", "ดา"), ("mus", "müsli")]
        {
            assert!(!finds(query, text), "{query} in {text}");
        }
    }

    #[test]
    fn a_word_without_spaces_around_it_is_found_within_a_longer_one() {
        for (query, text) in [
            ("茶壶", "宜兴紫砂茶壶礼盒"),
            ("茶", "宜兴紫砂茶壶礼盒"),
            ("ティー", "アイスティーセット"),
            ("ｱｲｽ", "アイスティーセット"),
            ("iphone手机", "新款iPhone手机壳"),
            ("한국", "대한민국 한국어"),
            ("ชาเย็น", "แก้วชาเย็นใหญ่"),
        ] {
            assert!(finds(query, text), "{query} in {text}");
        }
        assert!(!finds("壶茶", "宜兴紫砂茶壶礼盒"));
    }

    #[test]
    fn what_has_no_letter_has_no_words() {
        for text in ["", " -%_*\" ", "🎉", "❤\u{FE0F}", "€ ★", "👩🏽\u{200D}🚀"] {
            assert_eq!(query_words(text), [""; 0], "{text:?}");
        }
    }
}
