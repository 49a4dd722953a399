//! Characters that cannot be seen, or that turn the text around them: with them two texts look alike
//! that are not, and words are shown in another order than they are stored in (Unicode Technical
//! Report 36, section 2.5).

use icu_properties::props::{
    BidiControl, BinaryProperty as _, CanonicalCombiningClass, DefaultIgnorableCodePoint,
    EmojiModifier, EnumeratedProperty as _, ExtendedPictographic, JoiningType, VariationSelector,
};

/// Those that break lines, or words in one.
pub(super) const BREAKS: [char; 3] = ['\n', '\r', '\t'];

pub(super) const NON_JOINER: char = '\u{200C}';
pub(super) const JOINER: char = '\u{200D}';

/// The first hidden character that no script needs where it stands, beside those `allowed`.
pub(super) fn first(text: &str, allowed: &[char]) -> Option<char> {
    let mut characters = text.char_indices().filter(|(_, c)| is_hidden(*c));
    let refused = characters.find(|(at, c)| {
        let (before, after) = (&text[..*at], &text[at + c.len_utf8()..]);
        !allowed.contains(c) && !is_needed(before, *c, after)
    });
    refused.map(|(_, c)| c)
}

/// Whether there is nothing to see.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_white)
}

/// U+2800 is a pattern of no dots: a letter to Unicode, nothing to the eye.
pub(super) fn is_white(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Controls, separators of lines and paragraphs, what has no width of its own, and what sets the
/// direction of text. Private agreements between programs, such as U+FFF9, have no place either.
pub(super) fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_control();
    }
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
        || BidiControl::for_char(c)
        || DefaultIgnorableCodePoint::for_char(c)
}

/// Whether a hidden character is a part of how its neighbours are spelled: joiners in scripts
/// that need them (RFC 5892, appendices A.1 and A.2) and in emoji (UTS 51, `emoji_zwj_element`),
/// and selectors of a variant, such as those in Japanese names, after what they select.
fn is_needed(before: &str, c: char, after: &str) -> bool {
    let Some(last) = before.chars().next_back() else {
        return false;
    };
    match c {
        NON_JOINER => is_virama(last) || joins(before, after),
        JOINER => is_virama(last) || is_emoji_sequence(before, after),
        selector if VariationSelector::for_char(selector) => {
            !is_hidden(last) && !last.is_whitespace()
        }
        _ => false,
    }
}

fn is_virama(c: char) -> bool {
    CanonicalCombiningClass::for_char(c) == CanonicalCombiningClass::Virama
}

/// `(Joining_Type:{L,D})(Joining_Type:T)*` before, `(Joining_Type:T)*(Joining_Type:{R,D})` after.
fn joins(before: &str, after: &str) -> bool {
    let joining =
        |c: char| Some(JoiningType::for_char(c)).filter(|t| *t != JoiningType::Transparent);
    let left = before.chars().rev().find_map(joining);
    let right = after.chars().find_map(joining);
    matches!(
        left,
        Some(JoiningType::LeftJoining | JoiningType::DualJoining)
    ) && matches!(
        right,
        Some(JoiningType::RightJoining | JoiningType::DualJoining)
    )
}

fn is_emoji_sequence(before: &str, after: &str) -> bool {
    let modifies = |c: &char| EmojiModifier::for_char(*c) || VariationSelector::for_char(*c);
    let left = before.chars().rev().find(|c| !modifies(c));
    left.is_some_and(ExtendedPictographic::for_char)
        && after
            .chars()
            .next()
            .is_some_and(ExtendedPictographic::for_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_scripts_are_taken_as_they_are() {
        for text in [
            "Ada Lovelace",
            "O'Brien-Åsa Öberg, Jr.",
            "李小龙",
            "محمد",
            "שרה",
            "ศรีสุดา",
            // Joiners that are spelled: Persian, Devanagari, Sinhala.
            "علی\u{200C}رضا",
            "क्\u{200D}ष",
            "ශ්\u{200D}රී",
            // A variant of a character, and emoji of several parts.
            "葛\u{E0100}城",
            "Ada ❤\u{FE0F}",
            "👩🏽\u{200D}🚀 and 👨\u{200D}👩\u{200D}👧",
            "🏳\u{FE0F}\u{200D}🌈",
        ] {
            assert_eq!(first(text, &[]), None, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_or_turns_text_is_found() {
        let directions = ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}');
        let marks = ['\u{200E}', '\u{200F}', '\u{061C}'];
        let invisible = [
            '\u{200B}',
            '\u{2060}',
            '\u{FEFF}',
            '\u{00AD}',
            '\u{3164}',
            '\u{E0041}',
        ];
        let controls = [
            '\0', '\t', '\n', '\r', '\u{1B}', '\u{7F}', '\u{85}', '\u{2028}', '\u{2029}',
        ];
        for c in directions.chain(marks).chain(invisible).chain(controls) {
            for text in [
                format!("Ada{c}Lovelace"),
                format!("{c}Ada"),
                format!("Ada{c}"),
            ] {
                assert_eq!(first(&text, &[]), Some(c), "{text:?}");
                assert_eq!(first(&text, &[c]), None, "{text:?}");
            }
        }
    }

    #[test]
    fn joiners_and_selectors_are_found_where_nothing_is_joined_or_selected() {
        for (text, hidden) in [
            ("Ad\u{200D}a", JOINER),
            ("Ad\u{200C}a", NON_JOINER),
            ("\u{200D}🚀", JOINER),
            ("👩\u{200D}", JOINER),
            ("👩\u{200D}a", JOINER),
            ("علی\u{200C}", NON_JOINER),
            ("\u{FE0F}", '\u{FE0F}'),
            ("Ada \u{FE0F}", '\u{FE0F}'),
            ("❤\u{FE0F}\u{FE0F}", '\u{FE0F}'),
        ] {
            assert_eq!(first(text, &[]), Some(hidden), "{text:?}");
        }
    }

    #[test]
    fn white_space_of_all_kinds_is_nothing_to_see() {
        for text in ["", " ", "\u{3000}\u{A0}", "\u{2800}\u{2800}"] {
            assert!(is_blank(text), "{text:?}");
        }
        assert!(!is_blank(" a"));
    }
}
