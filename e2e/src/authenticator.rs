//! An authenticator app that is not ours: pyotp.

use std::process::Command;

use serde_json::json;

use crate::grpc::tool;
use crate::shop::{Customer, PASSWORD};

/// Prints the code of an address as an app reads it, so many seconds from now.
const PROGRAM: &str = "import pyotp, sys, time
print(pyotp.parse_uri(sys.argv[1]).at(int(time.time()) + int(sys.argv[2])))";

/// What an app knows of an account, and what its owner has on paper.
pub struct Authenticator {
    /// The address that it read as a QR code.
    pub uri: String,
    /// The secret in it.
    pub secret: String,
    /// Codes that sign in once in its place.
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    /// Gives a customer's account a second factor.
    pub async fn set_up(customer: &Customer) -> Authenticator {
        let rest = &customer.rest;
        let proof = json!({"password": PASSWORD});
        let reply = rest.post("/v1/auth/second-factor", &proof).await;
        let reply = reply.expect(201);
        let mut app = Authenticator {
            uri: reply.text_at("/otpauthUri"),
            secret: reply.text_at("/secret"),
            recovery_codes: Vec::new(),
        };
        let code = json!({"code": app.code()});
        let reply = rest.post("/v1/auth/second-factor:confirm", &code).await;
        let codes = reply.expect(200).json["recoveryCodes"].clone();
        app.recovery_codes = serde_json::from_value(codes).expect("they are texts");
        app
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.code_in(0)
    }

    /// What it shows in half a minute, which holds already: for who has just used the one of now.
    pub fn next_code(&self) -> String {
        self.code_in(30)
    }

    fn code_in(&self, seconds: u32) -> String {
        let output = Command::new(tool("pyotp-python"))
            .args(["-c", PROGRAM, &self.uri, &seconds.to_string()])
            .output();
        let output = output.expect("pyotp is not installed: scripts/tools pyotp");
        assert!(output.status.success(), "{output:?}");
        let code = String::from_utf8(output.stdout).expect("digits");
        code.trim().to_owned()
    }
}
