//! The id of a trace (W3C Trace Context).

use std::{fmt, str::FromStr};

/// 32 hexadecimal digits, not all of them 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TraceId(String);

const TRACEPARENT: &str =
    "a traceparent is 00-<trace, 32 digits>-<span, 16 digits>-<flags, 2 digits>";

impl TraceId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TraceId {
    type Err = String;

    /// Reads an id, or a traceparent with the header's name or without.
    fn from_str(text: &str) -> Result<TraceId, String> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix("traceparent:").unwrap_or(&text).trim();
        let parts: Vec<_> = text.split('-').collect();
        let id = match parts[..] {
            [id] => id,
            [version, id, span, flags, ..] => {
                let are_right = [(version, 2), (span, 16), (flags, 2)]
                    .into_iter()
                    .all(|(part, digits)| part.len() == digits && strange(part).is_none());
                if !are_right {
                    return Err(TRACEPARENT.to_owned());
                }
                id
            }
            _ => return Err(TRACEPARENT.to_owned()),
        };
        if let Some(letter) = strange(id) {
            return Err(format!("{letter:?} is no hexadecimal digit"));
        }
        match id.len() {
            32 if id.bytes().all(|digit| digit == b'0') => {
                Err("zeros alone are the id of no trace".to_owned())
            }
            32 => Ok(TraceId(id.to_owned())),
            16 => Err("16 digits are the id of a span; that of a trace has 32".to_owned()),
            digits => Err(format!(
                "the id of a trace has 32 digits, and this {digits}"
            )),
        }
    }
}

fn strange(text: &str) -> Option<char> {
    text.chars().find(|letter| !letter.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn an_id_is_read_by_itself_and_out_of_a_header() {
        for text in [
            ID,
            "0AF7651916CD43DD8448EB211C80319C",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            // A later version may have more.
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            assert_eq!(text.parse(), Ok(TraceId(ID.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_id_is_said() {
        for (text, why) in [
            ("", "and this 0"),
            ("0af7651916cd43dd8448eb211c80319", "and this 31"),
            ("b7ad6b7169203331", "the id of a span"),
            ("0af7651916cd43dd8448eb211c80319g", "'g' is no"),
            ("00000000000000000000000000000000", "zeros"),
            ("01a22bb3-9605-7316-82c1-0c3e406061e9", "a traceparent is"),
            ("00-0af7651916cd43dd8448eb211c80319c-01", "a traceparent is"),
            ("00-0af7-b7ad6b7169203331-01", "and this 4"),
        ] {
            let told = text.parse::<TraceId>().expect_err(text);
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
