//! What a hash costs to verify.

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;

use super::{OURS, is_bcrypt};

/// Memory that bcrypt works on, in KiB.
const BCRYPT_MEMORY: u32 = 4;

/// A hash without its salt and output: the algorithm and its parameters, which decide what it
/// costs to verify a password against it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form(String);

impl Form {
    /// The form of our own hashes.
    #[must_use]
    pub fn ours() -> Self {
        let (memory, passes, lanes) = OURS;
        Self(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}"))
    }

    /// The form of a hash. All versions of bcrypt are one.
    #[must_use]
    pub fn of(hash: &str) -> Self {
        if is_bcrypt(hash) {
            return Self(format!("$2b${}", hash.get(4..6).unwrap_or_default()));
        }
        let mut parts = hash.rsplitn(3, '$');
        Self(parts.nth(2).unwrap_or_default().to_owned())
    }

    /// A form as [`Self::as_str`] gave it.
    #[must_use]
    pub fn read(text: String) -> Self {
        Self(text)
    }

    /// The form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash of this form that belongs to nobody. Its output is no secret: whoever meets it must
    /// not believe that a password fits.
    #[must_use]
    pub fn of_nobody(&self) -> String {
        let Self(form) = self;
        if is_bcrypt(form) {
            return format!("{form}${}", ".".repeat(22 + 31));
        }
        format!("{form}${}${}", "A".repeat(22), "A".repeat(43))
    }

    /// The memory that it takes to verify a password, in KiB.
    #[must_use]
    pub fn memory(&self) -> u32 {
        if is_bcrypt(&self.0) {
            return BCRYPT_MEMORY;
        }
        let hash = self.of_nobody();
        let params = PasswordHash::new(&hash).map(|parsed| Params::try_from(&parsed));
        params.map_or(OURS.0, |params| {
            params.map_or(OURS.0, |params| params.m_cost())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{check, hash, verify};
    use super::*;

    const FOREIGN: &str = "$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$\
                           CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn a_form_is_all_but_salt_and_output() {
        assert_eq!(Form::of(&hash("x", [7; 16])), Form::ours());
        assert_eq!(Form::of(FOREIGN).as_str(), "$argon2i$v=19$m=65536,t=3,p=4");
        let bcrypt = bcrypt::hash("x", 4).unwrap();
        for version in ["$2a$", "$2b$", "$2y$"] {
            let hash = format!("{version}{}", &bcrypt[4..]);
            assert_eq!(Form::of(&hash).as_str(), "$2b$04");
        }
    }

    #[test]
    fn a_form_says_what_memory_it_takes() {
        let memory = |hash: &str| Form::of(hash).memory();
        assert_eq!(memory(&hash("x", [7; 16])), 19 * 1024);
        assert_eq!(memory(FOREIGN), 64 * 1024);
        assert_eq!(memory(&bcrypt::hash("x", 4).unwrap()), 4);
        assert_eq!(memory("no hash"), 19 * 1024);
    }

    #[test]
    fn the_hash_of_nobody_costs_what_others_of_its_form_cost() {
        for real in [
            hash("x", [7; 16]),
            FOREIGN.to_owned(),
            bcrypt::hash("x", 4).unwrap(),
        ] {
            let nobodys = Form::of(&real).of_nobody();
            assert_eq!(Form::of(&nobodys), Form::of(&real));
            // It is taken for a hash, so that verifying it does the work.
            assert_eq!(check(&nobodys), Ok(()));
            assert!(!verify("x", &nobodys));
        }
    }
}
