//! Pages of lists as in AIP-158: opaque tokens that hold the key after which to go on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use runtime::status::{Problem, Reason};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tonic::Code;

/// How many rows to return: `default` if none was requested, at most `max` (AIP-158).
#[must_use]
pub fn size(requested: i32, default: i64, max: i64) -> i64 {
    if requested <= 0 {
        default
    } else {
        i64::from(requested).min(max)
    }
}

/// The token that goes on after `key` in the list of this name. Put what the list was filtered by
/// into the name or the key, so that a token is good only for the list that gave it.
#[must_use]
pub fn encode(list: &str, key: &impl Serialize) -> String {
    let json = serde_json::to_vec(&(list, key)).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

/// The key that a token holds; `None` for the empty token, which is the first page.
///
/// # Errors
/// INVALID_ARGUMENT with PAGE_TOKEN_INVALID if it is not a token of this list.
pub fn decode<K: DeserializeOwned>(list: &str, token: &str) -> Result<Option<K>, Problem> {
    if token.is_empty() {
        return Ok(None);
    }
    let json = URL_SAFE_NO_PAD.decode(token).ok();
    let value = json.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let decoded = value
        .filter(can_be_stored)
        .and_then(|value| serde_json::from_value::<(String, K)>(value).ok());
    match decoded {
        Some((of, key)) if of == list => Ok(Some(key)),
        _ => {
            let message = "the page token is not one of this list's";
            Err(
                Problem::new(Reason::PageTokenInvalid, Code::InvalidArgument, message)
                    .field("page_token", message),
            )
        }
    }
}

/// Postgres takes no text with U+0000, so no key has one.
fn can_be_stored(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(values) => values.iter().all(can_be_stored),
        Value::Object(fields) => fields.values().all(can_be_stored),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Cuts a list that was read with one row more than `size` down to a page, and gives the token of
/// the page after it: empty if this is the last one. `key` is what the token holds of a page's
/// last row.
#[must_use]
pub fn cut<T, K: Serialize>(
    found: &mut Vec<T>,
    size: i64,
    list: &str,
    key: impl FnOnce(&T) -> K,
) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| has_more);
    last.map(|last| encode(list, &key(last)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_list_only() {
        let token = encode("orders", &("2024-01-01", 7));
        let key: Option<(String, i64)> = decode("orders", &token).expect("its own");
        assert_eq!(key, Some(("2024-01-01".to_owned(), 7)));
        assert!(decode::<(String, i64)>("products", &token).is_err());
        assert!(decode::<(String, i64)>("orders", "gibberish").is_err());
        assert!(decode::<i64>("orders", &token).is_err());
        let nul = encode("products", &"a\0b");
        assert!(decode::<String>("products", &nul).is_err());
        assert_eq!(decode::<i64>("orders", "").expect("the first page"), None);
    }

    #[test]
    fn one_row_too_many_names_the_next_page() {
        let (mut two, mut three) = (vec![1, 2], vec![1, 2, 3]);
        assert_eq!(cut(&mut two, 2, "rows", |row| *row), "");
        assert_eq!(cut(&mut three, 2, "rows", |row| *row), encode("rows", &2));
        assert_eq!((two, three), (vec![1, 2], vec![1, 2]));
    }

    #[test]
    fn a_page_has_its_default_size_and_its_bound() {
        assert_eq!((size(0, 50, 1000), size(-1, 50, 1000)), (50, 50));
        assert_eq!((size(10, 50, 1000), size(5000, 50, 1000)), (10, 1000));
    }
}
