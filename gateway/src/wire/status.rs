//! A gRPC status in headers: `grpc-status`, `grpc-message`, `grpc-status-details-bin`.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use http::{HeaderMap, HeaderName, HeaderValue};
use net::metadata::GRPC_STATUS as CODE;
use tonic::{Code, Status};

const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Base64 with or without padding.
pub(crate) const LENIENT: GeneralPurpose = engine(&base64::alphabet::STANDARD);
/// The same in the alphabet of URLs.
pub(crate) const LENIENT_URL: GeneralPurpose = engine(&base64::alphabet::URL_SAFE);

const fn engine(alphabet: &base64::alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new();
    let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

/// The status, if there is one, without metadata. Details that cannot be read are left out; a message
/// that is no text makes it UNKNOWN.
pub(crate) fn read(headers: &HeaderMap) -> Option<Status> {
    let code = headers.get(CODE)?;
    if code == "0" {
        return Some(Status::new(Code::Ok, ""));
    }
    let mut said = HeaderMap::with_capacity(3);
    said.insert(CODE, code.clone());
    if let Some(message) = headers.get(MESSAGE) {
        said.insert(MESSAGE, message.clone());
    }
    let details = headers.get(DETAILS);
    if let Some(details) = details.and_then(|details| LENIENT.decode(details).ok()) {
        let details = general_purpose::STANDARD.encode(details);
        let details = HeaderValue::try_from(details).expect("base64 is ASCII");
        said.insert(DETAILS, details);
    }
    Status::from_header_map(&said)
}

/// Writes it, without the metadata that it came with.
pub(crate) fn write(status: &Status, headers: &mut HeaderMap) {
    let details = bytes::Bytes::copy_from_slice(status.details());
    let bare = Status::with_details(status.code(), status.message(), details);
    bare.add_header(headers)
        .expect("messages are escaped, and details are base64");
}

/// Writes OK.
pub(crate) fn write_ok(headers: &mut HeaderMap) {
    headers.insert(CODE, HeaderValue::from_static("0"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_upstream_sends_cannot_make_the_edge_panic() {
        let mut headers = HeaderMap::new();
        assert!(read(&headers).is_none());
        headers.insert(CODE, HeaderValue::from_static("5"));
        headers.insert(DETAILS, HeaderValue::from_static("~no base64~"));
        headers.insert(MESSAGE, HeaderValue::from_static("%ff%"));
        assert!(read(&headers).unwrap().details().is_empty());
        headers.insert(DETAILS, HeaderValue::from_static("CAU"));
        assert_eq!(read(&headers).unwrap().details(), b"\x08\x05");
    }
}
