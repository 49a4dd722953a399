//! The frame of a process: its flags, its telemetry, its end.

pub mod arguments;
pub mod file;
mod given;
pub mod healthcheck;
pub mod schema;
pub mod secret_files;
mod setting;

use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::start::StartError;
use crate::telemetry::{Telemetry, TelemetryConfig};

/// Runs the body of a process with telemetry, which is flushed also when the body fails, and
/// gives its exit code. Errors are printed.
pub fn in_runtime<F>(process: &'static str, telemetry: &TelemetryConfig, body: F) -> ExitCode
where
    F: AsyncFnOnce(Telemetry) -> Result<(), StartError>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tell(&StartError::other(error)),
    };
    let result = runtime.block_on(async {
        let telemetry = Telemetry::install(process, telemetry)?;
        let result = body(telemetry.clone()).await;
        // Off the runtime's threads: the exporter needs them.
        let flushed = tokio::task::spawn_blocking(move || telemetry.flush());
        // The process ends anyway.
        let _ = flushed.await;
        result
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tell(&error),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "also when there are no logs, the operator must see it"
)]
fn tell(error: &StartError) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(error.exit_code())
}

/// Completes at SIGTERM or SIGINT; a second one ends the process at once.
pub fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::other)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::other)?;
    let (first, stopped) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut first = Some(first);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            match first.take() {
                // Nobody waits if the process is stopping for another reason.
                Some(first) => drop(first.send(())),
                None => std::process::exit(130),
            }
        }
    });
    Ok(async move {
        // An error would mean that the task above is gone, which ends with the process.
        let _ = stopped.await;
    })
}

/// A duration as flags write it: `250ms`, `10s`, `5m`, `12h`, `30d`, `1h 30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}: a duration looks like 250ms, 10s, 5m, 12h or 30d"))
}

/// The time between two looks at what may have changed; for ever, if it is zero.
pub async fn pause(period: Duration) {
    match period.is_zero() {
        true => std::future::pending().await,
        false => tokio::time::sleep(period).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, seconds) in [
            ("0s", 0.),
            ("250ms", 0.25),
            ("5m", 300.),
            ("1h 30m", 5400.),
            ("30d", 2_592_000.),
        ] {
            let read = duration(text).map(|it| it.as_secs_f64());
            assert_eq!(read, Ok(seconds), "{text}");
        }
        for wrong in ["", "soon", "10", "-1s", "99999999999999999999d"] {
            let told = duration(wrong).expect_err(wrong);
            assert!(told.contains("looks like 250ms"), "{told}");
        }
    }
}
