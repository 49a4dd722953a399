//! Access tokens of other issuers: whose they say that they are. svc-auth verifies them, and gives one of
//! ours for each.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of a token at most.
pub const LONGEST: usize = 8192;

/// `iss` of a token, which is not verified here.
#[must_use]
pub fn issuer(token: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Claims {
        iss: String,
    }
    if token.len() > LONGEST {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Claims { iss } = serde_json::from_slice(&claims).ok()?;
    Some(iss)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_issuer_is_of_none() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let of_example = token(r#"{"sub": "ada", "iss": "https://id.example"}"#);
        assert_eq!(issuer(&of_example).as_deref(), Some("https://id.example"));
        let long = format!("{of_example}{}", "x".repeat(LONGEST));
        for none in [
            "",
            "twp_4uPq",
            "a.b.c",
            &token("{}"),
            &token(r#"{"iss": 1}"#),
            &long,
        ] {
            assert_eq!(issuer(none), None, "{none}");
        }
    }
}
