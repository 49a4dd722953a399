//! The body of a request as a stream of frames, piece by piece as the upstream takes it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use net::coding::Coding;
use tonic::Status;

use super::step::Step;
use crate::body::{Allowance, Broken, Content, Held, Incoming};
use crate::failure::Failure;

/// Why a stream of requests was broken off, for the reply to tell.
pub(crate) type Refused = Arc<Mutex<Option<Failure>>>;

/// A stream of requests, piece by piece as the upstream takes it.
pub(crate) struct Requests<S> {
    body: Content,
    step: S,
    held: Held,
    refused: Refused,
    ended: bool,
}

impl<S: Step> Requests<S> {
    /// The coding is that of the whole body.
    pub(crate) fn new(
        body: Incoming,
        coding: Option<Coding>,
        allowance: Allowance,
        step: S,
    ) -> (Self, Refused) {
        let Allowance { pace, held } = allowance;
        let refused = Refused::default();
        let requests = Self {
            body: Content::packed(body, coding, pace),
            step,
            held,
            refused: refused.clone(),
            ended: false,
        };
        (requests, refused)
    }

    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Status> {
        let stepped = self.step.step(piece).and_then(|frames| {
            let held = self.body.held() + self.step.held();
            self.held.set(held).map(|()| frames)
        });
        stepped.map_err(|failure| self.refuse(failure))
    }

    fn refuse(&mut self, failure: Failure) -> Status {
        *lock(&self.refused) = Some(failure);
        self.ended = true;
        Status::cancelled("the request was refused")
    }
}

impl<S: Step> Body for Requests<S> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        while !self.ended {
            let has_begun = self.step.has_begun();
            let piece = match ready!(self.body.poll_piece(context, has_begun)) {
                Some(Ok(data)) => self.step(Some(data)),
                Some(Err(Broken::Off)) => {
                    self.ended = true;
                    Err(Status::cancelled("the client went away"))
                }
                Some(Err(Broken::Refused(failure))) => Err(self.refuse(failure)),
                None => {
                    self.ended = true;
                    self.step(None)
                }
            };
            match piece {
                Ok(piece) if piece.is_empty() => {}
                piece => return Poll::Ready(Some(piece.map(Frame::data))),
            }
        }
        Poll::Ready(None)
    }
}

/// The failure of a call, or rather of its request if that was broken off here.
pub(crate) fn failed(status: Status, refused: &Refused) -> Failure {
    let refused = lock(refused).take();
    refused.unwrap_or_else(|| Failure::from(status))
}

pub(crate) fn lock(refused: &Refused) -> std::sync::MutexGuard<'_, Option<Failure>> {
    refused.lock().unwrap_or_else(PoisonError::into_inner)
}
