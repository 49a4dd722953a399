//! The last good answers to questions of nobody in particular, for when their upstream does not answer
//! (RFC 5861, stale-if-error).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AGE, HeaderName, WARNING};
use http::{HeaderMap, HeaderValue};
use moka::sync::Cache;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use tokio::time::Instant;
use tonic::Code;

use crate::config::Stale;

/// RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// An answer that is younger is not replaced: most are the same.
const YOUNG: Duration = Duration::from_secs(1);
/// What an answer takes beside its bytes, about.
const OVERHEAD: usize = 256;

/// The last good answers of all upstreams. Those that are asked for often stay, whatever strangers ask
/// for once.
pub(crate) struct LastGood {
    answers: Cache<Question, Answer>,
    told: Counter<u64>,
}

/// A method, by `package.Service/Method`, and the message that asks it.
type Question = (Arc<str>, Bytes);

#[derive(Clone)]
struct Answer {
    message: Bytes,
    at: Instant,
}

impl LastGood {
    pub(crate) fn new(settings: &Stale, meter: &Meter) -> Self {
        let told = meter.u64_counter("edge.stale_replies");
        let told = told.with_description("Replies with the last good answer instead of an error");
        let size = |(_, asked): &Question, answer: &Answer| {
            let size = asked.len() + answer.message.len() + OVERHEAD;
            u32::try_from(size).unwrap_or(u32::MAX)
        };
        let answers = Cache::builder().weigher(size);
        Self {
            answers: answers.max_capacity(settings.stale_memory as u64).build(),
            told: told.build(),
        }
    }

    /// Counts for this upstream.
    pub(crate) fn count(&self, upstream: &str, replies: u64) {
        let upstream = KeyValue::new("upstream", upstream.to_owned());
        self.told.add(replies, &[upstream]);
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, settings: &Stale, method: &Arc<str>, asked: &Bytes, answer: &Bytes) {
        if settings.stale_if_error.is_zero() {
            return;
        }
        let (question, at) = ((method.clone(), asked.clone()), Instant::now());
        let known = self.answers.get(&question);
        if known.is_some_and(|known| at - known.at < YOUNG) {
            return;
        }
        // Copied, as a piece keeps the whole buffer that it came in.
        let question = (question.0, Bytes::copy_from_slice(asked));
        let message = Bytes::copy_from_slice(answer);
        self.answers.insert(question, Answer { message, at });
    }

    /// The last good answer, and how old it is.
    pub(crate) fn answer(
        &self,
        settings: &Stale,
        method: &Arc<str>,
        asked: &Bytes,
    ) -> Option<(Bytes, Duration)> {
        let answer = self.answers.get(&(method.clone(), asked.clone()))?;
        let age = answer.at.elapsed();
        (age <= settings.stale_if_error).then_some((answer.message, age))
    }
}

/// Whether there is no answer, rather than one that is an error.
pub(crate) fn is_away(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded)
}

/// Says of a reply that it is as old as that, and that the upstream did not say so now.
pub(crate) fn mark(headers: &mut HeaderMap, age: Duration, code: Code) {
    let status = match code {
        Code::DeadlineExceeded => "504",
        _ => "503",
    };
    let how = format!("edge; fwd=stale; fwd-status={status}; detail=stale-if-error");
    let how = HeaderValue::try_from(how).expect("it is ASCII");
    headers.insert(CACHE_STATUS, how);
    headers.insert(AGE, age.as_secs().into());
    // RFC 7234, section 5.5.2, for those who know no `cache-status`.
    let stale = HeaderValue::from_static("111 - \"Revalidation Failed\"");
    headers.insert(WARNING, stale);
}

#[cfg(test)]
mod tests {
    use net::telemetry::Telemetry;
    use tokio::time::advance;

    use super::*;

    fn last_good() -> (LastGood, Stale, Arc<str>) {
        let settings = Stale {
            stale_if_error: Duration::from_secs(60),
            stale_memory: 10 * (OVERHEAD + 100),
        };
        let kept = LastGood::new(&settings, &Telemetry::detached().meter());
        (kept, settings, "a.B/Get".into())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_given_until_it_is_too_old_and_the_newest_one_is() {
        let (kept, settings, method) = last_good();
        let asked = Bytes::from_static(b"tea");
        let given = || kept.answer(&settings, &method, &asked);
        assert_eq!(given(), None);
        kept.keep(&settings, &method, &asked, &Bytes::from_static(b"old"));
        advance(Duration::from_secs(30)).await;
        let (answer, age) = given().unwrap();
        assert_eq!((&answer[..], age.as_secs()), (&b"old"[..], 30));
        kept.keep(&settings, &method, &asked, &Bytes::from_static(b"newer"));
        advance(Duration::from_secs(60)).await;
        assert_eq!(given().unwrap().0, "newer");
        assert_eq!(kept.answer(&settings, &"a.B/List".into(), &asked), None);
        advance(Duration::from_secs(1)).await;
        assert_eq!(given(), None);
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let (kept, settings, method) = last_good();
        for number in 0..90 {
            let asked = Bytes::from(vec![number; 50]);
            kept.keep(&settings, &method, &asked, &Bytes::from(vec![0; 50]));
        }
        kept.answers.run_pending_tasks();
        assert!((1..=10).contains(&kept.answers.entry_count()));
    }
}
