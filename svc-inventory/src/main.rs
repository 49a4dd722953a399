//! The inventory as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-inventory", svc_inventory::build)
}
