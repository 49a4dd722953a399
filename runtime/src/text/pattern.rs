//! What a text may be, as a regular expression: for clients, and for what is generated for them.
//!
//! Every engine has to read it. So there is no lookahead (RE2 and Rust have none), no `\p` and no `\u`
//! (Python and RE2), no character of more than 16 bits and none that turns text (C# reads the one as
//! two, Rust's compiler refuses the other), and no group that a long text repeats (Java's stack ends).
//! What is left to say without these is said. A joiner between letters that it does not join passes
//! here, and so does what is hidden beyond U+FFFF or behind such a character; [`Kind::wrong`] refuses it.
//!
//! [`Kind::wrong`]: super::Kind::wrong

use std::sync::LazyLock;

use icu_properties::props::{BinaryProperty as _, VariationSelector};

use super::email::{DOMAIN, fits_ascii};
use super::hidden::{BREAKS, JOINER, NON_JOINER, is_hidden, is_white};

/// A character beyond U+FFFD, for engines to which it is one; to others it is two of [`class`].
const BEYOND: &str = "[^\\x00-\u{FFFD}]";

pub(super) static LINE: LazyLock<String> = LazyLock::new(|| lines(&[]));
pub(super) static LINES: LazyLock<String> = LazyLock::new(|| lines(&BREAKS));
pub(super) static EMAIL: LazyLock<String> = LazyLock::new(|| {
    let local = class(|c| match c.is_ascii() {
        true => fits_ascii(c),
        false => may_follow(c) && !c.is_whitespace(),
    });
    let rest = refusing(|c| c.is_control() || c.is_whitespace() || c == '@');
    let local = format!("(?:{local}+(?:{BEYOND}{rest}*)?|{BEYOND}{rest}*)");
    let in_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let (ascii, world) = (
        class(in_domain),
        refusing(|c| c.is_ascii() && !in_domain(c)),
    );
    // What else a domain of the world may not be is more than a pattern says (UTS 46).
    format!(r"^(?:{local}@(?:{DOMAIN}|{ascii}*[^\x00-\x7F]{world}*))?$")
});

/// White space, something to see, and whatever may follow it; or nothing at all.
fn lines(breaks: &[char]) -> String {
    let is_refused = |c: char| is_hidden(c) && !breaks.contains(&c);
    let white = class(|c| is_white(c) && !is_refused(c));
    let seen = class(|c| !is_hidden(c) && !is_white(c));
    let any = class(|c| may_follow(c) || !is_refused(c));
    let rest = refusing(|c| c.is_control() && is_refused(c));
    format!("^(?:{white}*(?:{seen}{any}*(?:{BEYOND}{rest}*)?|{BEYOND}{rest}*))?$")
}

/// Whether a character may stand behind others.
fn may_follow(c: char) -> bool {
    !is_hidden(c) || [JOINER, NON_JOINER].contains(&c) || VariationSelector::for_char(c)
}

/// The class of those characters up to U+FFFD. Halves of characters that are two are in the range around
/// them.
fn class(has: impl Fn(char) -> bool) -> String {
    format!("[{}]", ranges('\u{FFFD}', has))
}

/// The class of all characters but those up to U+00FF.
fn refusing(refuses: impl Fn(char) -> bool) -> String {
    format!("[^{}]", ranges('\u{FF}', refuses))
}

fn ranges(up_to: char, has: impl Fn(char) -> bool) -> String {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut goes_on = false;
    for c in '\0'..=up_to {
        match (has(c), ranges.last_mut()) {
            (true, Some((_, last))) if goes_on => *last = c,
            (true, _) => ranges.push((c, c)),
            (false, _) => {}
        }
        goes_on = has(c);
    }
    let ranges = ranges.into_iter().map(|(first, last)| match first == last {
        true => escaped(first),
        false => format!("{}-{}", escaped(first), escaped(last)),
    });
    ranges.collect()
}

fn escaped(c: char) -> String {
    match u32::from(c) {
        _ if c.is_ascii_alphanumeric() => c.to_string(),
        code @ 0..=0xFF => format!("\\x{code:02X}"),
        _ => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use crate::text::{Kind, nfc};

    const KINDS: [Kind; 3] = [Kind::Line, Kind::Lines, Kind::Email];

    fn pattern(kind: Kind) -> Regex {
        Regex::new(kind.pattern()).expect("it is a pattern")
    }

    /// Texts with each of the characters that a class can tell apart somewhere in them.
    fn texts(kind: Kind) -> impl Iterator<Item = String> {
        let forms: &[&str] = match kind {
            Kind::Email => &["a?b@example.com", "a@ex?mple.com"],
            Kind::Line => &["?", "क्?ष"],
            Kind::Lines => &[" a?b "],
        };
        let of = |c: char| {
            forms
                .iter()
                .map(move |form| form.replace('?', &c.to_string()))
        };
        ('\0'..='\u{10FFF}').flat_map(of)
    }

    #[test]
    fn what_a_pattern_refuses_is_refused() {
        for kind in KINDS {
            let pattern = pattern(kind);
            for text in texts(kind).filter(|text| !pattern.is_match(text)) {
                assert!(kind.wrong(&nfc(&text)).is_some(), "{kind:?}: {text:?}");
            }
        }
    }

    #[test]
    fn lines_that_a_pattern_takes_are_taken() {
        let is_joiner = |c: char| "\u{200C}\u{200D}\u{180B}\u{180C}\u{180D}\u{180F}".contains(c);
        let is_left =
            |c: char| is_joiner(c) || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{10000}'..);
        for kind in [Kind::Line, Kind::Lines] {
            let pattern = pattern(kind);
            let takes = |text: &String| pattern.is_match(text) && !text.chars().any(is_left);
            for text in texts(kind).filter(takes) {
                assert_eq!(kind.wrong(&text), None, "{kind:?}: {text:?}");
            }
        }
    }

    #[test]
    fn patterns_say_what_people_may_write() {
        for (kind, taken, refused) in [
            (
                Kind::Line,
                ["", "Ada", " \u{3000}李小龙", "👩🏽\u{200D}🚀"].as_slice(),
                [" ", "\u{2800}", "a\nb", "a\u{202E}b", "\u{200B}"].as_slice(),
            ),
            (
                Kind::Lines,
                &["", "a\r\n\tb", "\n\na"],
                &["\n \t", "a\u{85}b", "a\u{2028}b"],
            ),
            (
                Kind::Email,
                &["", "ada@example.com", "用户@例子.广告", "a@bücher.example"],
                &[
                    "ada", "@b", "a@-b", "a@b..c", "a b@c", "a@b c", "a@b@c", "a@ü b",
                ],
            ),
        ] {
            let pattern = pattern(kind);
            for text in taken {
                assert!(pattern.is_match(text), "{kind:?}: {text:?}");
            }
            for text in refused {
                assert!(!pattern.is_match(text), "{kind:?}: {text:?}");
            }
        }
    }

    #[test]
    fn patterns_are_written_in_what_all_engines_read() {
        for kind in KINDS {
            let pattern = kind.pattern();
            assert!(!pattern.contains("(?=") && !pattern.contains("(?!"));
            let mut after_backslash = pattern.split('\\').skip(1);
            assert!(
                after_backslash.all(|rest| rest.starts_with(['x', '.'])),
                "{pattern}"
            );
            for c in pattern.chars() {
                let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
                assert!(
                    !c.is_control() && c <= '\u{FFFD}' && !turns,
                    "{c:?}: {pattern}"
                );
            }
        }
    }
}
