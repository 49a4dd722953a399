//! One call, and what its end tells of its endpoint.

use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use tokio::time::Instant;
use tonic::Code;

use super::{Outcome, Standing};
use crate::client::failure::Failure;
use crate::client::outgoing;
use crate::metadata::{GRPC_STATUS, PUSHBACK};

/// A call that had less time than this tells nothing by its end: whoever calls may ask for any, and
/// must not bring an endpoint down for others.
const FAIR: Duration = Duration::from_secs(1);

/// A call until its reply begins. Dropped before, it was called off, or its time has passed.
pub(in crate::client) struct Trial<'a> {
    pub(super) standing: &'a Standing,
    pub(super) began: Instant,
    pub(super) deadline: Option<Instant>,
    /// The request comes from somewhere else, in its own time.
    pub(super) is_streamed: bool,
    /// Whether it is to show that the endpoint is well again.
    pub(super) is_try: bool,
    pub(super) outcome: Option<Outcome>,
}

impl Trial<'_> {
    /// Something came back.
    pub(in crate::client) fn replied<B>(mut self, response: &Response<B>) {
        self.outcome = Some(match (response.status(), code(response.headers())) {
            (_, Some(Code::Unavailable)) => match response.headers().contains_key(PUSHBACK) {
                true => Outcome::Nothing,
                false => Outcome::Failed,
            },
            // Its time passed there first.
            (_, Some(Code::DeadlineExceeded)) if self.had_time() => Outcome::Lost,
            (_, Some(Code::DeadlineExceeded)) => Outcome::Nothing,
            (
                StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT,
                None,
            ) => Outcome::Failed,
            _ => Outcome::Good,
        });
    }

    /// Nothing did. What was not handled is for the connection to mend.
    pub(in crate::client) fn failed(mut self, failure: &Failure) {
        self.outcome = match failure {
            Failure::Unknown(_) | Failure::Reset(_) if outgoing::is_over(self.deadline) => None,
            Failure::Unknown(_) => Some(Outcome::Lost),
            Failure::Reset(_) if !self.is_streamed => Some(Outcome::Failed),
            _ => Some(Outcome::Nothing),
        };
    }

    fn had_time(&self) -> bool {
        !self.is_streamed && self.began.elapsed() + outgoing::MARGIN >= FAIR
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let is_late = || outgoing::is_over(self.deadline) && self.had_time();
        let outcome = match self.outcome {
            Some(outcome) => outcome,
            None if is_late() => Outcome::Lost,
            None => Outcome::Nothing,
        };
        self.standing.judge(outcome, self.is_try);
    }
}

/// The code of a reply that is nothing but its end.
fn code(headers: &HeaderMap) -> Option<Code> {
    let status = headers.get(GRPC_STATUS)?;
    Some(Code::from_bytes(status.as_bytes()))
}
