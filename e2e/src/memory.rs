//! How much memory a process takes, as Linux tells it.

/// The resident memory of a process from now on.
pub struct Memory {
    id: u32,
    /// KiB at the beginning.
    before: u64,
}

impl Memory {
    /// Begins to watch a child of ours.
    pub fn watch(id: u32) -> Memory {
        // Its peak is from now on (proc(5), clear_refs).
        std::fs::write(format!("/proc/{id}/clear_refs"), "5").expect("it is our child and runs");
        let before = line(id, "VmRSS:");
        Memory { id, before }
    }

    /// How much larger it was at its peak, in KiB.
    pub fn growth(&self) -> u64 {
        line(self.id, "VmHWM:").saturating_sub(self.before)
    }
}

/// A line of `/proc/<id>/status`, in KiB.
fn line(id: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.expect("it is our child and runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|line| line.split_whitespace().next());
    value
        .expect("Linux knows it")
        .parse()
        .expect("it is a number")
}
