//! svc-orders in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-orders", svc_orders::build)
}
