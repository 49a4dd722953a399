//! The product catalogue as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::process::main("svc-catalog", svc_catalog::build)
}
