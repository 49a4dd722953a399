//! Password hashes: argon2id for our own, bcrypt and other argon2 for those taken over.

mod form;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

pub use form::Form;

/// The most that an imported hash may cost at login: memory in KiB, passes, lanes. It is what other
/// systems take by default (RFC 9106, section 4, second recommended option: 64 MiB, 3, 4).
const MOST: (u32, u32, u32) = (64 * 1024, 4, 4);
/// The highest bcrypt cost; each step doubles the time.
const MOST_BCRYPT: u32 = 14;
/// Memory in KiB, passes, lanes of our own hashes (OWASP Password Storage Cheat Sheet).
const OURS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// A hash that cannot be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableHash {
    /// It is neither bcrypt nor argon2.
    #[error("the hash is neither bcrypt nor argon2 in PHC format")]
    Format,
    /// Verifying it would cost too much.
    #[error("the hash asks for more memory or time than a login may cost")]
    Expensive,
}

/// Hashes a password, which takes some 20 ms and 19 MiB.
#[must_use]
pub fn hash(password: &str, salt: [u8; 16]) -> String {
    ours()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("parameters and salt are in range, and no password is near 4 GiB")
        .to_string()
}

/// Whether the password belongs to the hash. Takes as long for a wrong one as for the right one.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    if is_bcrypt(hash) {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    PasswordHash::new(hash)
        .is_ok_and(|parsed| ours().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Whether the password should be hashed anew now that it is known: not argon2id, or weaker than
/// our own.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else {
        return true;
    };
    let Ok(params) = Params::try_from(&parsed) else {
        return true;
    };
    parsed.algorithm.as_str() != "argon2id" || params.m_cost() < OURS.0 || params.t_cost() < OURS.1
}

/// Checks a hash of another system before it is taken over.
///
/// # Errors
/// [`UnusableHash`].
pub fn check(hash: &str) -> Result<(), UnusableHash> {
    if is_bcrypt(hash) {
        let parts: bcrypt::HashParts = hash.parse().map_err(|_| UnusableHash::Format)?;
        return match parts.get_cost() {
            ..4 => Err(UnusableHash::Format),
            4..=MOST_BCRYPT => Ok(()),
            _ => Err(UnusableHash::Expensive),
        };
    }
    let parsed = PasswordHash::new(hash).map_err(|_| UnusableHash::Format)?;
    Algorithm::try_from(parsed.algorithm.as_str()).map_err(|_| UnusableHash::Format)?;
    let params = Params::try_from(&parsed).map_err(|_| UnusableHash::Format)?;
    if parsed.salt.is_none() || parsed.hash.is_none() {
        return Err(UnusableHash::Format);
    }
    let affordable =
        params.m_cost() <= MOST.0 && params.t_cost() <= MOST.1 && params.p_cost() <= MOST.2;
    if affordable {
        Ok(())
    } else {
        Err(UnusableHash::Expensive)
    }
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| hash.starts_with(prefix))
}

fn ours() -> Argon2<'static> {
    let (memory, passes, lanes) = OURS;
    let params = Params::new(memory, passes, lanes, None).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_hash_verifies_and_is_up_to_date() {
        let hash = hash("correct horse", [7; 16]);
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(verify("correct horse", &hash));
        assert!(!verify("wrong horse", &hash));
        assert!(!is_outdated(&hash));
        assert_eq!(check(&hash), Ok(()));
    }

    #[test]
    fn bcrypt_is_accepted_and_outdated() {
        let hash = bcrypt::hash("correct horse", 4).unwrap();
        for version in ["$2a$", "$2b$", "$2y$"] {
            let hash = format!("{version}{}", &hash[4..]);
            assert_eq!(check(&hash), Ok(()));
            assert!(verify("correct horse", &hash));
            assert!(!verify("wrong horse", &hash));
            assert!(is_outdated(&hash));
        }
    }

    #[test]
    fn what_is_no_hash_or_too_expensive_is_refused() {
        for hash in [
            "",
            "plain",
            "$1$md5$abc",
            "$2b$04$short",
            "$argon2id$v=19$m=19456,t=2,p=1",
        ] {
            assert_eq!(check(hash), Err(UnusableHash::Format), "{hash}");
        }
        let argon2 = |memory: u32, passes: u32, lanes: u32| {
            format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$c29tZXNhbHQ$")
                + "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        };
        assert_eq!(check(&argon2(64 * 1024, 4, 4)), Ok(()));
        for expensive in [
            argon2(64 * 1024 + 1, 4, 4),
            argon2(64 * 1024, 5, 4),
            argon2(64 * 1024, 4, 5),
            argon2(4 * 1024 * 1024, 1, 1),
        ] {
            assert_eq!(
                check(&expensive),
                Err(UnusableHash::Expensive),
                "{expensive}"
            );
        }
        let bcrypt = |cost: &str| bcrypt::hash("x", 4).unwrap().replacen("$04$", cost, 1);
        assert_eq!(check(&bcrypt("$14$")), Ok(()));
        for cost in ["$15$", "$31$"] {
            assert_eq!(check(&bcrypt(cost)), Err(UnusableHash::Expensive));
        }
    }
}
