//! What processes use, from /proc (Linux).

use std::{collections::BTreeMap, fs, time::Duration};

/// Ticks of the kernel's accounting: 100 a second on every Linux (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// CPU time that a process has used, in user and in system mode; nothing if it is gone.
pub(crate) fn cpu(pid: u32) -> Duration {
    stat(pid).map_or(Duration::ZERO, |stat| stat.cpu)
}

/// CPU time of the processes that a process has started and that run, by their program's name.
pub(crate) fn cpu_of_children(parent: u32) -> BTreeMap<String, Duration> {
    let mut by_name = BTreeMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for stat in pids.filter_map(stat).filter(|stat| stat.parent == parent) {
        *by_name.entry(stat.name).or_default() += stat.cpu;
    }
    by_name
}

/// The process that started this one.
pub(crate) fn parent(pid: u32) -> u32 {
    stat(pid).map_or(0, |stat| stat.parent)
}

/// Resident memory in MiB, the program's own pages included.
pub(crate) fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.map_or(f64::NAN, |kib| kib / 1024.0)
}

struct Stat {
    name: String,
    parent: u32,
    cpu: Duration,
}

/// proc_pid_stat(5): the fields after the name, which stands in parentheses.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = text.rsplit_once(") ")?;
    let fields: Vec<_> = after.split(' ').collect();
    let ticks = fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?;
    Some(Stat {
        name: before.split_once('(')?.1.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        cpu: TICK * ticks,
    })
}

/// CPU time by program: of our own processes, of the load and of Postgres.
pub(crate) struct Costs {
    postmaster: u32,
    used: BTreeMap<String, Duration>,
}

impl Costs {
    /// What was used so far. `postmaster` has started all processes of Postgres.
    pub(crate) fn now(postmaster: u32) -> Costs {
        let own = std::process::id();
        let mut used = cpu_of_children(own);
        used.remove("sh");
        used.insert("load".into(), cpu(own));
        let postgres = cpu_of_children(postmaster).into_values().sum();
        used.insert("postgres".into(), postgres);
        Costs { postmaster, used }
    }

    /// What was used since, in microseconds per piece.
    pub(crate) fn per(&self, pieces: u64) -> BTreeMap<String, f64> {
        let since = |(name, time): (String, Duration)| {
            let before = self.used.get(&name).copied().unwrap_or_default();
            let micros = time.saturating_sub(before).as_secs_f64() * 1e6;
            (name, micros / pieces as f64)
        };
        Costs::now(self.postmaster)
            .used
            .into_iter()
            .map(since)
            .collect()
    }

    /// The median of each program, the greatest first.
    pub(crate) fn medians(rounds: &[BTreeMap<String, f64>]) -> Vec<(String, f64)> {
        let names = rounds.first().into_iter().flat_map(BTreeMap::keys);
        let of = |name: &String| {
            rounds
                .iter()
                .filter_map(|round| round.get(name).copied())
                .collect()
        };
        let mut medians: Vec<_> = names
            .map(|name| (name.clone(), crate::median::<Vec<f64>>(of(name))))
            .collect();
        medians.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        medians
    }

    /// For a page; programs that used next to nothing are left out.
    pub(crate) fn list(costs: &[(String, f64)]) -> String {
        let texts = costs.iter().filter(|(_, micros)| *micros >= 5.0);
        let texts = texts.map(|(name, micros)| format!("{name} {micros:.0} us"));
        texts.collect::<Vec<_>>().join(", ")
    }
}
