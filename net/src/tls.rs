//! TLS, by rustls with the cryptography of aws-lc-rs: versions 1.2 and 1.3, with the cipher suites and
//! groups that rustls holds good, those that resist quantum computers first.
//!
//! Certificates and keys are PEM files. They are looked at again while the process runs, and what they
//! say then holds for new connections.

mod certificate;
mod client;
mod pem;
mod server;
mod stream;
mod watched;

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use certificate::ClientCertificate;
pub use client::Client;
pub use pem::{Identity, PemFile};
pub use server::{ClientAuthorities, Server};
pub use stream::Stream;

/// The names of protocols in ALPN (RFC 7301).
const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

const BOTH_VERSIONS: &str = "aws-lc-rs has cipher suites of both versions";

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
