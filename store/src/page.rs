//! Pages of lists as in AIP-158: opaque tokens that hold the key after which to go on, and
//! which list they belong to.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::Paged;
use prost::Message;
use runtime::status::{Problem, Reason};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tonic::Code;

/// How many rows to return: as many as are asked for, within the bounds of the contract (AIP-158).
#[must_use]
pub fn size<R: Paged>(request: &R) -> i64 {
    match request.page_size() {
        ..=0 => R::DEFAULT_PAGE_SIZE.into(),
        asked => i64::from(asked).min(R::MAX_PAGE_SIZE.into()),
    }
}

/// A list as one request asks for it. Tokens are good for that alone: the same list, the same
/// filter, the same query. Made by [`list!`](crate::list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List(String);

/// The list of this name that a request asks for: all of its fields but `page_size` and `page_token`
/// say which.
#[macro_export]
macro_rules! list {
    ($name:expr, $request:expr) => {{
        let mut asked = ::std::clone::Clone::clone(&$request);
        asked.page_size = 0;
        asked.page_token.clear();
        $crate::page::List::of($name, &asked)
    }};
}

impl List {
    /// The list of this name, of what a request asks for beside its page.
    #[must_use]
    pub fn of(name: &str, asked: &impl Message) -> Self {
        let asked = asked.encode_to_vec();
        if asked.is_empty() {
            return Self(name.to_owned());
        }
        let digest = Sha256::digest(asked);
        Self(format!("{name}?{}", URL_SAFE_NO_PAD.encode(&digest[..12])))
    }

    /// Names it and what is asked of it, for a cache.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key that a token holds; `None` for the empty token, which is the first page.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with PAGE_TOKEN_INVALID if it is not a token of this list.
    pub fn after<K: DeserializeOwned>(&self, token: &str) -> Result<Option<K>, Problem> {
        if token.is_empty() {
            return Ok(None);
        }
        let json = URL_SAFE_NO_PAD.decode(token).ok();
        let value = json.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
        let decoded = value
            .filter(can_be_stored)
            .and_then(|value| serde_json::from_value::<(String, K)>(value).ok());
        match decoded {
            Some((of, key)) if of == self.0 => Ok(Some(key)),
            _ => {
                let message = "the page token is not one of this list's: send what the page before \
                               gave, with the same filter and query";
                let invalid =
                    Problem::new(Reason::PageTokenInvalid, Code::InvalidArgument, message);
                Err(invalid.field("pageToken", message))
            }
        }
    }

    /// Cuts what was read with one row more than `size` down to a page, and gives the token of the
    /// page after it: empty if this is the last one. `key` is what the token holds of a page's last
    /// row.
    #[must_use]
    pub fn cut<T, K: Serialize>(
        &self,
        found: &mut Vec<T>,
        size: i64,
        key: impl FnOnce(&T) -> K,
    ) -> String {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| has_more);
        last.map(|last| self.token(&key(last))).unwrap_or_default()
    }

    /// The token that goes on after `key`.
    #[must_use]
    pub fn token(&self, key: &impl Serialize) -> String {
        let json = serde_json::to_vec(&(&self.0, key)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
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

#[cfg(test)]
mod tests {
    use contracts::tradewind::catalog::v1::ListProductsRequest;

    use super::*;

    /// A request, by one of the messages that come with prost.
    fn list(name: &str, filter: &str) -> List {
        List::of(name, &filter.to_owned())
    }

    #[test]
    fn a_token_is_good_for_its_own_list_only() {
        let orders = list("orders", "");
        let token = orders.token(&("2024-01-01", 7));
        let key: Option<(String, i64)> = orders.after(&token).expect("its own");
        assert_eq!(key, Some(("2024-01-01".to_owned(), 7)));
        let others = [
            list("products", ""),
            list("orders", "confirmed"),
            list("", "orders"),
        ];
        for other in others {
            let refused = other.after::<(String, i64)>(&token);
            let status = tonic::Status::from(refused.expect_err("another list's"));
            assert_eq!(status.code(), Code::InvalidArgument);
        }
        assert!(orders.after::<(String, i64)>("gibberish").is_err());
        assert!(orders.after::<i64>(&token).is_err());
        let nul = orders.token(&"a\0b");
        assert!(orders.after::<String>(&nul).is_err());
        assert_eq!(orders.after::<i64>("").expect("the first page"), None);
    }

    #[test]
    fn one_row_too_many_names_the_next_page() {
        let rows = list("rows", "all");
        let (mut two, mut three) = (vec![1, 2], vec![1, 2, 3]);
        assert_eq!(rows.cut(&mut two, 2, |row| *row), "");
        assert_eq!(rows.cut(&mut three, 2, |row| *row), rows.token(&2));
        assert_eq!((two, three), (vec![1, 2], vec![1, 2]));
    }

    #[test]
    fn a_page_has_its_default_size_and_its_bound() {
        let size = |page_size| {
            size(&ListProductsRequest {
                page_size,
                ..Default::default()
            })
        };
        assert_eq!((size(0), size(-1)), (50, 50));
        assert_eq!((size(10), size(5000)), (10, 1000));
    }
}
