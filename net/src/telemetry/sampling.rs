//! Which traces are recorded, decided before a span is made: one that is not wanted costs nothing.
//!
//! OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG as the OpenTelemetry specification has them
//! (Environment Variable Specification, "General SDK Configuration").

use std::sync::OnceLock;

use opentelemetry::trace::{SpanContext, TraceId};

use crate::start::StartError;

/// Unset while nobody collects traces.
static SAMPLER: OnceLock<Sampler> = OnceLock::new();

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sampler {
    /// Of traces without a parent; of 0 to 1.
    ratio: f64,
    /// The caller's decision holds.
    follows_parent: bool,
}

impl Sampler {
    /// The one of the environment; `parentbased_always_on` without it.
    pub(super) fn from_env() -> Result<Sampler, StartError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Sampler::parse(
            variable("OTEL_TRACES_SAMPLER").as_deref(),
            variable("OTEL_TRACES_SAMPLER_ARG").as_deref(),
        )
    }

    fn parse(name: Option<&str>, argument: Option<&str>) -> Result<Sampler, StartError> {
        let name = name.unwrap_or("parentbased_always_on");
        let (base, follows_parent) = match name.strip_prefix("parentbased_") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let ratio = match base {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => {
                let ratio = argument.map_or(Ok(1.0), str::parse::<f64>);
                let ratio = ratio.ok().filter(|ratio| (0.0..=1.0).contains(ratio));
                ratio.ok_or_else(|| {
                    StartError::config("OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1")
                })?
            }
            _ => {
                let known =
                    "always_on, always_off, traceidratio, or one of these after parentbased_";
                return Err(StartError::config(format!(
                    "OTEL_TRACES_SAMPLER: {name:?} is none of {known}"
                )));
            }
        };
        Ok(Sampler {
            ratio,
            follows_parent,
        })
    }

    /// From now on this process records.
    pub(super) fn install(self) {
        // Telemetry is installed once.
        let _ = SAMPLER.set(self);
    }

    /// By the trace's id, so that every process that samples by the same ratio takes the same.
    fn takes(self, trace: TraceId) -> bool {
        let [_, _, _, _, _, _, _, _, low @ ..] = trace.to_bytes();
        let number = u64::from_be_bytes(low) >> 1;
        (number as f64) < self.ratio * (1_u64 << 63) as f64
    }
}

pub(super) fn of_root(trace: TraceId) -> bool {
    SAMPLER.get().is_some_and(|sampler| sampler.takes(trace))
}

pub(super) fn of_child(parent: &SpanContext) -> bool {
    SAMPLER
        .get()
        .is_some_and(|sampler| match sampler.follows_parent {
            true => parent.is_sampled(),
            false => sampler.takes(parent.trace_id()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which_share_of_the_traces_is_recorded() {
        let parse = |name, argument| Sampler::parse(Some(name), argument).ok();
        let sampler = |ratio, follows_parent| {
            Some(Sampler {
                ratio,
                follows_parent,
            })
        };
        assert_eq!(Sampler::parse(None, None).ok(), sampler(1.0, true));
        assert_eq!(parse("always_off", None), sampler(0.0, false));
        assert_eq!(
            parse("parentbased_traceidratio", Some("0.01")),
            sampler(0.01, true)
        );
        assert_eq!(parse("traceidratio", Some("2")), None);
        assert_eq!(parse("traceidratio", Some("a few")), None);
        assert_eq!(parse("jaeger_remote", None), None);
    }

    #[test]
    fn a_ratio_takes_its_share_of_the_ids() {
        let sampler = Sampler {
            ratio: 0.25,
            follows_parent: true,
        };
        let id = |low: u64| TraceId::from_bytes((u128::from(low) | 1 << 100).to_be_bytes());
        let step = u64::MAX / 1000;
        let taken = (0..1000).filter(|number| sampler.takes(id(number * step)));
        assert_eq!(taken.count(), 250);
    }
}
