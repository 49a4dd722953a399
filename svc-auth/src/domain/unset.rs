//! The password of an account that has none yet: a hash that no password fits and that looks up
//! and verifies as others do, so that a login takes as long.

use super::password::hash::Form;

/// Salt and output of zeros, which no hash of a password has.
const NOTHING: &str = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What stands in place of a hash.
#[must_use]
pub fn unset() -> String {
    Form::ours().of_nobody()
}

/// Whether the account has no password yet.
#[must_use]
pub fn is_unset(hash: &str) -> bool {
    hash.ends_with(NOTHING)
}

#[cfg(test)]
mod tests {
    use super::super::password::hash;
    use super::*;

    #[test]
    fn no_password_fits_and_it_is_told_from_others() {
        assert!(is_unset(&unset()));
        assert_eq!(hash::check(&unset()), Ok(()));
        assert!(!hash::verify("", &unset()));
        assert!(!is_unset(&hash::hash("correct horse", [7; 16])));
    }
}
