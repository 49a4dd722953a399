//! One attempt to send an event.

use std::time::Duration;

use chrono::{DateTime, Utc};
use net::causes;
use net::clock::Clock;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::domain::{Attempt, Outcome, Secret, retry_after, signatures};
use crate::target::{Targets, refused};

/// What is kept of an answer, in bytes.
const KEPT: usize = 1024;
/// What is read of it: more is not waited for.
const READ: usize = 64 * 1024;
/// What is told of an error, in characters.
const ERROR: usize = 300;
/// Sends events.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    client: Client,
    targets: Targets,
    patience: Duration,
    clock: Clock,
}

/// What is sent, and to whom.
pub(crate) struct Letter<'a> {
    pub(crate) url: &'a str,
    pub(crate) event_id: Uuid,
    pub(crate) payload: String,
    pub(crate) secrets: &'a [Secret],
}

impl Sender {
    /// One that leaves up to `idle` connections to a receiver open: as many as send to one webhook at once, so
    /// that none has to look its name up and agree on keys anew for each event. A connection goes where its
    /// address was checked when it was made.
    ///
    /// # Errors
    /// When there are no certificates to trust.
    pub(crate) fn new(
        targets: Targets,
        patience: Duration,
        idle: usize,
        clock: Clock,
    ) -> Result<Self, String> {
        let client = Client::builder()
            .dns_resolver(targets.clone())
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .http1_only()
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(idle)
            .user_agent(concat!("tradewind/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                format!(
                    "nothing can be sent: {}; SSL_CERT_FILE names the certificates that are trusted",
                    causes(&error)
                )
            })?;
        Ok(Self {
            client,
            targets,
            patience,
            clock,
        })
    }

    /// Sends it once. All of it, from the name to the last byte of the answer, has its time.
    pub(crate) async fn send(&self, letter: Letter<'_>) -> Attempt {
        let (start_time, began) = (self.clock.now(), Instant::now());
        let mut attempt = Attempt {
            start_time,
            milliseconds: 0,
            status: None,
            error: String::new(),
            remote_address: String::new(),
            answer: Vec::new(),
            outcome: Outcome::TimedOut,
            retry_after: None,
        };
        let exchange = self.exchange(letter, start_time, &mut attempt);
        let ended = timeout(self.patience, exchange).await;
        attempt.milliseconds = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        match ended {
            Ok(Ok(outcome)) => attempt.outcome = outcome,
            Ok(Err((outcome, why))) => {
                attempt.outcome = outcome;
                attempt.error = why
                    .chars()
                    .filter(|it| !it.is_control())
                    .take(ERROR)
                    .collect();
            }
            Err(_) => {
                attempt.outcome = Outcome::TimedOut;
                attempt.error = format!("no complete answer within {:?}", self.patience);
            }
        }
        attempt
    }

    async fn exchange(
        &self,
        letter: Letter<'_>,
        now: DateTime<Utc>,
        attempt: &mut Attempt,
    ) -> Result<Outcome, (Outcome, String)> {
        // An address in the URL is not looked up, and hence not checked by the connector.
        let url = self.targets.read(letter.url);
        let url = url.map_err(|refused| (Outcome::Forbidden, refused.to_string()))?;
        let signature = signatures(letter.secrets, letter.event_id, now, &letter.payload);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", letter.event_id.to_string())
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", signature)
            .body(letter.payload);
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        attempt.status = Some(status);
        attempt.remote_address = response
            .remote_addr()
            .map(|address| address.to_string())
            .unwrap_or_default();
        let asked = response.headers().get(RETRY_AFTER);
        attempt.retry_after = asked
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, now));
        read(&mut response, &mut attempt.answer)
            .await
            .map_err(broken)?;
        Ok(Outcome::of(status))
    }
}

/// Reads the answer, and keeps the beginning of it.
async fn read(response: &mut Response, answer: &mut Vec<u8>) -> Result<(), reqwest::Error> {
    let mut length = 0;
    while length < READ {
        let Some(piece) = response.chunk().await? else {
            break;
        };
        length += piece.len();
        let rest = KEPT.saturating_sub(answer.len()).min(piece.len());
        answer.extend_from_slice(&piece[..rest]);
    }
    Ok(())
}

fn broken(error: reqwest::Error) -> (Outcome, String) {
    let error = error.without_url();
    match refused(&error) {
        Some(refused) => (Outcome::Forbidden, refused.to_string()),
        None => (Outcome::Unreachable, causes(&error)),
    }
}
