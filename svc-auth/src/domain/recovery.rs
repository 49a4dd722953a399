//! Recovery codes: what is kept on paper for the day when the authenticator app is lost.

use data_encoding::BASE32_NOPAD;
use uuid::Uuid;

use super::refresh::hash;

/// How many an account is given.
pub const COUNT: usize = 10;
/// Random bytes of one: 80 bits, so that a plain hash keeps them.
pub const LEN: usize = 10;
/// Characters between hyphens.
const GROUP: usize = 4;

/// The code of these random bytes, such as `mfrg-gzdf-mztw-q2lk`.
#[must_use]
pub fn text(bytes: [u8; LEN]) -> String {
    let letters: Vec<char> = BASE32_NOPAD.encode(&bytes).to_lowercase().chars().collect();
    let groups = letters.chunks(GROUP).map(String::from_iter);
    groups.collect::<Vec<_>>().join("-")
}

/// What the database keeps of an account's code, however it was typed.
#[must_use]
pub fn code_hash(user_id: Uuid, typed: &str) -> Vec<u8> {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|it| it.to_ascii_lowercase()).collect();
    hash(&format!("{user_id} {letters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_in_any_case_and_without_its_hyphens_and_of_one_account() {
        let code = text(*b"0123456789");
        assert_eq!(code, "gayt-emzu-gu3d-oobz");
        let (ada, eve) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for typed in ["GAYTEMZUGU3DOOBZ", " gayt emzu gu3d oobz\n"] {
            assert_eq!(code_hash(ada, typed), code_hash(ada, &code));
        }
        assert_ne!(code_hash(eve, &code), code_hash(ada, &code));
        assert_ne!(code_hash(ada, "gayt-emzu-gu3d-oob"), code_hash(ada, &code));
    }
}
