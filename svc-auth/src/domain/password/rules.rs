//! Which passwords are taken: NIST SP 800-63B-4, section 3.1.1.2, except for the least length,
//! which is a setting. There are no rules about the kinds of characters, as it asks.

use secrecy::{ExposeSecret as _, SecretString};

use super::common::is_common;
use super::opaque;

/// The most characters of a password.
pub const MOST: usize = 256;
/// The name of the shop, which everybody knows.
const SHOP: &str = "tradewind";
/// The shortest word of an account that is looked for.
const SHORTEST_WORD: usize = 3;
/// A password must have so many letters and digits beside the account's own words: more than a
/// year has.
const BESIDE_OWN_WORDS: usize = 5;

/// Why a password is not taken, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// RFC 8265 refuses a character.
    #[error(
        "has characters that a password cannot hold, such as control characters: leave them out"
    )]
    Characters,
    /// It is nothing but spaces.
    #[error("is blank: choose more than spaces")]
    Blank,
    /// It is too short.
    #[error("must have at least {0} characters: add a word or two")]
    Short(usize),
    /// It is too long.
    #[error("must have at most {MOST} characters")]
    Long,
    /// It is a common one, or a run of one character or of neighbours.
    #[error(
        "is one of the passwords that are tried first: choose another, such as several words \
         that do not belong together"
    )]
    Common,
    /// It is what everybody who knows the account would try.
    #[error(
        "is little more than the account's e-mail address, its name or the name of the shop: \
         choose something that has nothing to do with them"
    )]
    OwnWords,
}

/// The words of an account, which its password must not be made of.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Name shown to others; empty if it is not known.
    pub display_name: &'a str,
}

/// The form in which a new password is hashed, if it is taken.
///
/// # Errors
/// [`Refusal`].
pub fn admit(typed: &str, owner: Owner<'_>, least: usize) -> Result<SecretString, Refusal> {
    if typed.trim().is_empty() {
        return Err(Refusal::Blank);
    }
    let password = opaque(typed).ok_or(Refusal::Characters)?;
    let text = password.expose_secret();
    let length = text.chars().count();
    if length < least {
        return Err(Refusal::Short(least));
    }
    if length > MOST {
        return Err(Refusal::Long);
    }
    let lower = text.to_lowercase();
    if is_common(lower.trim()) || is_run(&lower) {
        return Err(Refusal::Common);
    }
    if is_of_own_words(&lower, owner) {
        return Err(Refusal::OwnWords);
    }
    Ok(password)
}

/// Whether each character is the one before, or each its successor, or each its predecessor.
fn is_run(text: &str) -> bool {
    let codes = || {
        text.chars()
            .map(|character| i64::from(u32::from(character)))
    };
    let mut steps = codes().zip(codes().skip(1)).map(|(one, next)| next - one);
    let Some(first) = steps.next() else {
        return true;
    };
    (-1..=1).contains(&first) && steps.all(|step| step == first)
}

/// Whether little is left of the password without the account's own words.
fn is_of_own_words(lower: &str, owner: Owner<'_>) -> bool {
    let mut words: Vec<String> = [owner.email, owner.display_name, SHOP]
        .into_iter()
        .flat_map(|text| std::iter::once(text).chain(text.split(is_no_letter)))
        .map(letters)
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .collect();
    // The whole before its parts.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let all = letters(lower);
    let beside = words
        .iter()
        .fold(all.clone(), |left, word| left.replace(word, ""));
    beside != all && beside.chars().count() < BESIDE_OWN_WORDS
}

/// The letters and digits of a text, in lower case.
fn letters(text: &str) -> String {
    let lower = text.to_lowercase();
    lower
        .chars()
        .filter(|letter| !is_no_letter(*letter))
        .collect()
}

fn is_no_letter(character: char) -> bool {
    !character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Owner<'_> = Owner {
        email: "Ada.Lovelace@engine.example.com",
        display_name: "Countess \u{c9}mile",
    };

    fn refusal(password: &str) -> Option<Refusal> {
        admit(password, ADA, 8).err()
    }

    #[test]
    fn common_passwords_and_runs_are_refused_in_any_case() {
        for password in [
            "password",
            "PassWord",
            "12345678",
            " password1 ",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abcdefghijklmnopqrstuvwx",
            "zyxwvutsrq",
            "--------",
        ] {
            assert_eq!(refusal(password), Some(Refusal::Common), "{password}");
        }
    }

    #[test]
    fn the_accounts_own_words_are_refused_whatever_stands_between_them() {
        for password in [
            "ada.lovelace@engine.example.com",
            "ADA LOVELACE",
            "adalovelace1815",
            "Lovelace, 1815",
            "engine.example.com",
            "countess e\u{301}mile!!!",
            "TradeWind",
            "tradewind2026",
            "tradewind-ada",
        ] {
            assert_eq!(refusal(password), Some(Refusal::OwnWords), "{password}");
        }
    }

    #[test]
    fn blank_short_and_long_ones_and_controls_are_refused() {
        assert_eq!(refusal("        "), Some(Refusal::Blank));
        assert_eq!(
            refusal("\u{a0}\u{3000}\u{a0}\u{3000}\u{a0}\u{3000}\u{a0}\u{3000}"),
            Some(Refusal::Blank)
        );
        assert_eq!(refusal("horse 7"), Some(Refusal::Short(8)));
        // Seven letters, composed.
        assert_eq!(refusal("cafe\u{301}s 7"), Some(Refusal::Short(8)));
        assert_eq!(refusal(&"horse 7".repeat(37)), Some(Refusal::Long));
        assert_eq!(refusal("correct\0horse"), Some(Refusal::Characters));
        assert_eq!(refusal("correct\u{200b}horse"), Some(Refusal::Characters));
        assert_eq!(
            admit("correct horse", ADA, 15).err(),
            Some(Refusal::Short(15))
        );
    }

    #[test]
    fn anything_else_is_taken_without_rules_of_composition() {
        for password in [
            "correct horse",
            "correct horse battery staple",
            "a long enough password",
            "grapefruit",
            "90210467",
            "\u{99ac}\u{306f}\u{6b63}\u{3057}\u{3044}\u{96fb}\u{6c60}\u{3067}\u{3059}",
            "ada prefers long walks",
            &"horse 7".repeat(36),
        ] {
            assert_eq!(refusal(password), None, "{password}");
        }
    }

    #[test]
    fn what_is_hashed_is_the_opaque_string() {
        let password = admit("caf\u{65}\u{301}\u{a0}au lait", ADA, 8).unwrap();
        assert_eq!(password.expose_secret(), "caf\u{e9} au lait");
    }
}
