//! Keys of the workloads of a mesh under test, and workloads that only a test plays.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use runtime::identity::{AssertionClaims, Signer};
use serde_json::json;

/// What stands before the seed of an Ed25519 key in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

/// The workload that sends mails, which tests play as well.
pub const SENDER: &str = "svc-notify";

/// A key for each workload.
pub struct Workloads {
    folder: PathBuf,
    signers: BTreeMap<&'static str, Signer>,
}

impl Workloads {
    /// Makes the keys, and a file for each.
    pub fn new(folder: &Path, names: &[&'static str]) -> Workloads {
        let public_folder = folder.join("workload-keys");
        std::fs::create_dir(&public_folder).expect("the mesh's folder can be written");
        let make = |name: &&'static str| {
            let mut seed = [0; 32];
            seed[..16].copy_from_slice(uuid::Uuid::now_v7().as_bytes());
            seed[16..].copy_from_slice(uuid::Uuid::now_v7().as_bytes());
            let der = [PKCS8.as_slice(), &seed].concat();
            let pem = format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                STANDARD.encode(der)
            );
            let signer = Signer::from_seed(name, &seed);
            let jwk = signer.jwk();
            let public =
                json!({"keys": [{"kty": jwk.kty, "crv": jwk.crv, "x": jwk.x, "kid": jwk.kid}]});
            for (file, text) in [
                (folder.join(format!("{name}.key")), pem),
                (
                    public_folder.join(format!("{name}.json")),
                    public.to_string(),
                ),
            ] {
                std::fs::write(file, text).expect("the mesh's folder can be written");
            }
            (*name, signer)
        };
        Workloads {
            folder: folder.to_owned(),
            signers: names.iter().map(make).collect(),
        }
    }

    /// The file with a workload's private key.
    pub fn key_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    /// The folder with the public keys, `<workload>.json` each, as svc-auth reads them.
    pub fn public_keys(&self) -> PathBuf {
        self.folder.join("workload-keys")
    }

    /// A fresh proof that the test is this workload (RFC 7523), for the audience of the mesh.
    pub fn assertion(&self, name: &str, audience: &str) -> String {
        let now = net::clock::Clock::system().now().timestamp();
        self.signers[name].sign(&AssertionClaims {
            iss: name.to_owned(),
            sub: name.to_owned(),
            aud: audience.to_owned(),
            iat: now,
            exp: now + 60,
            jti: uuid::Uuid::now_v7(),
        })
    }
}
