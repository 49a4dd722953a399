//! Calls that were counted, and what of them is new.

/// Calls of a service, counted since its process started.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Calls {
    pub(super) count: f64,
    pub(super) errors: f64,
    /// How many ended within so many seconds, ascending; the last bound is infinite.
    within: Vec<(f64, f64)>,
}

/// What is known of a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Estimate {
    /// About so many seconds.
    About(f64),
    /// More than that.
    Above(f64),
}

impl Calls {
    /// Adds to those that ended within a bound.
    pub(super) fn add_within(&mut self, bound: f64, count: f64) {
        let at = self.within.partition_point(|(it, _)| *it < bound);
        match self.within.get_mut(at) {
            Some((it, sum)) if *it <= bound => *sum += count,
            _ => self.within.insert(at, (bound, count)),
        }
    }

    /// Those that came after an earlier look. A process that counts less than before was started again:
    /// then all of them did.
    pub(super) fn since(&self, before: &Calls) -> Calls {
        let of_before = |bound: f64| {
            let found = before.within.iter().find(|(it, _)| *it >= bound);
            found.map_or(0.0, |(_, count)| *count)
        };
        let within = self.within.iter();
        let new = Calls {
            count: self.count - before.count,
            errors: self.errors - before.errors,
            within: within
                .map(|(bound, count)| (*bound, count - of_before(*bound)))
                .collect(),
        };
        let mut counts = new.within.iter().map(|(_, count)| *count);
        let has_lost = new.count < 0.0 || new.errors < 0.0 || counts.any(|count| count < 0.0);
        if has_lost { self.clone() } else { new }
    }

    /// Within which duration this share of them ended, as `histogram_quantile` of Prometheus has it; none
    /// without calls.
    pub(super) fn quantile(&self, share: f64) -> Option<Estimate> {
        let (_, all) = self.within.last().filter(|(_, all)| *all > 0.0)?;
        let rank = share * all;
        let (mut from, mut fewer) = (0.0, 0.0);
        for (bound, count) in &self.within {
            if *count >= rank && bound.is_infinite() {
                return Some(Estimate::Above(from));
            }
            if *count >= rank {
                let part = (rank - fewer) / (count - fewer);
                return Some(Estimate::About(from + (bound - from) * part));
            }
            (from, fewer) = (*bound, *count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(count: f64, errors: f64, within: &[(f64, f64)]) -> Calls {
        let mut calls = Calls {
            count,
            errors,
            within: Vec::new(),
        };
        for (bound, count) in within {
            calls.add_within(*bound, *count);
        }
        calls
    }

    const END: f64 = f64::INFINITY;

    #[test]
    fn only_what_came_since_the_last_look_counts() {
        let before = calls(100.0, 2.0, &[(0.1, 100.0), (1.0, 100.0), (END, 100.0)]);
        let now = calls(110.0, 3.0, &[(0.1, 100.0), (1.0, 110.0), (END, 110.0)]);
        let new = now.since(&before);
        assert_eq!(
            new,
            calls(10.0, 1.0, &[(0.1, 0.0), (1.0, 10.0), (END, 10.0)])
        );
        // All of them took from 0.1 to 1 second, whatever the hundred before did.
        let Some(Estimate::About(p99)) = new.quantile(0.99) else {
            panic!("{new:?}");
        };
        assert!((p99 - 0.991).abs() < 1e-9, "{p99}");
        assert_eq!(now.since(&now).quantile(0.99), None);
    }

    #[test]
    fn a_process_that_was_started_again_has_no_negative_rate() {
        let before = calls(100.0, 2.0, &[(0.1, 90.0), (END, 100.0)]);
        let again = calls(7.0, 0.0, &[(0.1, 7.0), (END, 7.0)]);
        assert_eq!(again.since(&before), again);
        // It may have overtaken itself in all but one bucket.
        let busy = calls(200.0, 2.0, &[(0.1, 10.0), (END, 200.0)]);
        assert_eq!(busy.since(&before), busy);
    }

    #[test]
    fn series_of_several_methods_are_one_histogram() {
        let mut both = calls(0.0, 0.0, &[(END, 10.0), (0.1, 10.0)]);
        both.add_within(0.1, 5.0);
        both.add_within(END, 10.0);
        assert_eq!(both.within, [(0.1, 15.0), (END, 20.0)]);
        assert_eq!(both.quantile(0.75), Some(Estimate::About(0.1)));
        assert_eq!(both.quantile(0.99), Some(Estimate::Above(0.1)));
    }
}
