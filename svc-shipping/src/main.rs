//! svc-shipping in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-shipping", svc_shipping::build)
}
