//! What the process is and takes, as Linux tells it (proc(5)); what is not told elsewhere is not there.

use std::fs;
use std::time::Instant;

use opentelemetry::KeyValue;

use super::Telemetry;
use super::observed::About;

/// Of a second, in /proc/self/stat: the `USER_HZ` of every architecture that we know.
const TICKS: f64 = 100.0;

/// A gauge, and what reads it.
type Gauge = (About, fn() -> Option<u64>);

/// Measures this process (semantic conventions for process metrics).
pub(super) fn measure(telemetry: &Telemetry) {
    let meter = telemetry.meter();
    let build = meter.u64_gauge("tradewind.build_info");
    let build = build.with_description("1, with the version that runs");
    let version = KeyValue::new("version", env!("CARGO_PKG_VERSION"));
    build.build().record(1, &[version]);
    let time = meter.f64_observable_counter("process.cpu.time");
    let time = time.with_unit("s");
    let time = time.with_description("Time that the process had of the processors");
    let time = time.with_callback(|time| {
        for (mode, seconds) in processor_time().into_iter().flatten() {
            time.observe(seconds, &[KeyValue::new("cpu.mode", mode)]);
        }
    });
    time.build();
    let began = Instant::now();
    let about = ["process.uptime", "For how long the process has run"];
    telemetry.seconds(about, move |uptime| {
        uptime.observe(began.elapsed().as_secs_f64(), &[]);
    });
    let gauges: [Gauge; 4] = [
        (
            [
                "process.memory.usage",
                "By",
                "Memory that the process holds",
            ],
            || Some(status("VmRSS:")? * 1024),
        ),
        (
            [
                "process.memory.virtual",
                "By",
                "Addresses that the process has taken",
            ],
            || Some(status("VmSize:")? * 1024),
        ),
        (
            ["process.thread.count", "{thread}", "Threads of the process"],
            || status("Threads:"),
        ),
        (
            [
                "process.unix.file_descriptor.count",
                "{file_descriptor}",
                "Files and sockets that the process has open",
            ],
            open_files,
        ),
    ];
    for (about, read) in gauges {
        telemetry.gauge(about, move |gauge| {
            if let Some(value) = read() {
                gauge.observe(value, &[]);
            }
        });
    }
}

fn processor_time() -> Option<[(&'static str, f64); 2]> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may hold anything.
    let (_, after) = stat.rsplit_once(')')?;
    let mut times = after.split_ascii_whitespace().skip(11);
    let mut next = || Some(times.next()?.parse::<f64>().ok()? / TICKS);
    Some([("user", next()?), ("system", next()?)])
}

/// A number of /proc/self/status; sizes are in KiB.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

fn open_files() -> Option<u64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is this look at them.
    Some(open.saturating_sub(1) as u64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_takes() {
        let own = std::thread::spawn(|| {
            let began = processor_time().expect("Linux tells");
            while processor_time() == Some(began) {}
            (status("VmRSS:"), status("VmSize:"), status("Threads:"))
        });
        let (resident, addresses, threads) = own.join().expect("it does not panic");
        assert!(resident > Some(0) && addresses >= resident && threads >= Some(2));
        let before = open_files().expect("Linux tells");
        let more: Vec<_> = (0..50).map(|_| fs::File::open("/dev/null")).collect();
        let after = open_files().expect("Linux tells");
        assert!(
            after >= before + 25 && more.iter().all(Result::is_ok),
            "{before} {after}"
        );
    }
}
