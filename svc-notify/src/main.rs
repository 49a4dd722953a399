//! svc-notify in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main(svc_notify::NAME, svc_notify::build)
}
