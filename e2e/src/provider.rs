//! What the payment provider of a mesh, the sandbox, tells of itself.

use std::fs;

use aws_lc_rs::hmac;
use net::clock::Clock;
use reqwest::Method;
use runtime::seal::EncryptionKey;

use crate::{Mesh, Reply};

/// What the sandbox of the mesh signs a body with now.
///
/// # Panics
/// When it has no key.
pub fn signature(mesh: &Mesh, body: &str) -> String {
    let process = "svc-payments-0";
    let key = match mesh.processes().iter().any(|name| name == process) {
        true => mesh
            .variable(process, "PAYMENT_TOKEN_ENCRYPTION_KEY")
            .map(str::to_owned),
        // `tradewind up` keeps one.
        false => fs::read_to_string(mesh.folder().join("data/payment-token-secret")).ok(),
    };
    let key = key.expect("it has a key");
    let key = EncryptionKey::from_base64("svc-payments", &key).expect("it is a key");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.derive("sandbox events"));
    let now = Clock::system().now().timestamp();
    let mac = hmac::sign(&key, format!("{now}.{body}").as_bytes());
    let hex: String = mac
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={now},v1={hex}")
}

/// Tells an event at the first edge, with this signature or none.
///
/// # Errors
/// When there is no reply.
pub async fn tell(mesh: &Mesh, body: &str, signature: Option<&str>) -> reqwest::Result<Reply> {
    let rest = mesh.rest();
    let request = rest.request(Method::POST, "/v1/payment-providers/sandbox/events");
    let mut request = request
        .header("content-type", "application/json")
        .body(body.to_owned());
    if let Some(signature) = signature {
        request = request.header("stripe-signature", signature);
    }
    rest.send(request).await
}
