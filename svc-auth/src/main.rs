//! The process of svc-auth.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-auth", svc_auth::build)
}
