//! The process of svc-users.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-users", svc_users::build)
}
