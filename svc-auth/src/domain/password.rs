//! Passwords: the form in which they are hashed and compared, which ones are taken, and their
//! hashes.

pub mod common;
pub mod hash;
pub mod rules;

use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use secrecy::{ExposeSecret as _, SecretString};

/// The form in which a password is hashed: OpaqueString (RFC 8265, section 4.2), which is NFC with
/// every space as U+0020. `None` if it has characters that the profile refuses, such as controls.
#[must_use]
pub fn opaque(typed: &str) -> Option<SecretString> {
    OpaqueString::enforce(typed)
        .ok()
        .map(|text| text.into_owned().into())
}

/// A password as somebody typed it, to be compared with a hash.
#[derive(Clone, Debug)]
pub struct Typed {
    as_typed: SecretString,
    /// Its OpaqueString, where that is another text.
    opaque: Option<SecretString>,
}

/// How a password fitted its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The hash is of the password's OpaqueString, as it should be.
    Opaque,
    /// The hash is of the text as it was typed, from before passwords were normalised.
    AsTyped,
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        let as_typed = SecretString::from(text);
        let opaque = opaque(as_typed.expose_secret())
            .filter(|opaque| opaque.expose_secret() != as_typed.expose_secret());
        Self { as_typed, opaque }
    }
}

impl Typed {
    /// The text to hash: the OpaqueString if there is one.
    #[must_use]
    pub fn normal(&self) -> &SecretString {
        self.opaque.as_ref().unwrap_or(&self.as_typed)
    }

    /// How the password fits the hash, if it does. What a stranger types takes the same time with
    /// every hash of the same form.
    #[must_use]
    pub fn fit(&self, hash: &str) -> Option<Fit> {
        let fits = |text: &SecretString| hash::verify(text.expose_secret(), hash);
        let Some(opaque) = &self.opaque else {
            return fits(&self.as_typed).then_some(Fit::Opaque);
        };
        if fits(&self.as_typed) {
            return Some(Fit::AsTyped);
        }
        fits(opaque).then_some(Fit::Opaque)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_however_its_letters_are_composed_and_its_spaces_encoded() {
        let normal = "caf\u{e9} au lait";
        let hash = hash::hash(normal, [7; 16]);
        for typed in [
            normal,
            "cafe\u{301} au lait",
            "cafe\u{301}\u{a0}au\u{3000}lait",
        ] {
            let typed = Typed::from(typed.to_owned());
            assert_eq!(typed.normal().expose_secret(), normal);
            assert_eq!(typed.fit(&hash), Some(Fit::Opaque));
        }
    }

    #[test]
    fn what_was_hashed_as_typed_fits_as_typed() {
        let typed = "cafe\u{301} au lait";
        let hash = hash::hash(typed, [7; 16]);
        assert_eq!(Typed::from(typed.to_owned()).fit(&hash), Some(Fit::AsTyped));
        assert_eq!(Typed::from("cafe au lait".to_owned()).fit(&hash), None);
        // What cannot be normalised fits as it is.
        let control = "tab\tulator";
        let hash = hash::hash(control, [7; 16]);
        assert_eq!(
            Typed::from(control.to_owned()).fit(&hash),
            Some(Fit::Opaque)
        );
    }

    #[test]
    fn case_is_kept_and_a_password_is_never_printed() {
        let typed = Typed::from("Correct \u{a0}Horse".to_owned());
        assert_eq!(typed.normal().expose_secret(), "Correct  Horse");
        assert!(!format!("{typed:?}").contains("Horse"));
    }
}
