//! What a form or a query says: `metadata[payment_id]=...&expand[]=latest_charge`.

use serde_json::{Map, Value};

use super::refusal::Refusal;

pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Refusal::invalid("parameter_invalid_integer", name))
        };
        self.get(name).map(read).transpose()
    }

    pub(super) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::invalid("parameter_missing", name))
    }

    /// Whether this is asked for in full.
    pub(super) fn expands(&self, what: &str) -> bool {
        self.0
            .iter()
            .any(|(key, value)| key == "expand[]" && value == what)
    }

    pub(super) fn metadata(&self) -> Map<String, Value> {
        let own = |(key, value): &(String, String)| {
            let key = key.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((key.to_owned(), value.as_str().into()))
        };
        self.0.iter().filter_map(own).collect()
    }
}
