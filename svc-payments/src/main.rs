//! Payments as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-payments", svc_payments::build)
}
