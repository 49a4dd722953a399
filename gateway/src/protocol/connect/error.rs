//! Errors as Connect writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use prost::Message as _;
use serde_json::{Value, json};
use tonic::Status;
use transcoder::status::Code;

use crate::routing::Routing;

/// `{"code", "message", "details": [{"type", "value", "debug"}]}`.
pub(super) fn error(routing: &Routing, status: &Status) -> Value {
    let mut error = json!({ "code": name(Code::from(status.code() as i32)) });
    if !status.message().is_empty() {
        error["message"] = status.message().into();
    }
    let raw = tonic_types::Status::decode(status.details()).unwrap_or_default();
    let shown = routing.transcoder.error(0, "", Some(status.details())).1;
    let shown = shown["details"].as_array().cloned().unwrap_or_default();
    let details: Vec<_> = raw.details.iter().zip(shown).map(detail).collect();
    if !details.is_empty() {
        error["details"] = details.into();
    }
    error
}

fn detail((any, mut shown): (&prost_types::Any, Value)) -> Value {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let mut detail = json!({ "type": name, "value": STANDARD_NO_PAD.encode(&any.value) });
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("@type");
        detail["debug"] = shown;
    }
    detail
}

/// In Connect, CANCELLED has one L.
fn name(code: Code) -> String {
    match code {
        Code::Cancelled => "canceled".to_owned(),
        code => code.name().to_ascii_lowercase(),
    }
}
