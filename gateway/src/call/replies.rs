//! What comes back of a call whose messages pass through as frames.

use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use net::client::ResponseBody;
use tonic::{Code, Status};

use super::foreign::without_status;
use super::requests::{Refused, lock};
use crate::access_log::Entry;
use crate::failure::{Failure, Problem, Voice};
use crate::lifetime::Lifetime;
use crate::metadata;
use crate::wire::envelope::Envelopes;
use crate::wire::status;

/// What comes back: frames as they are, and how it ended.
pub(crate) struct Replies {
    body: Option<ResponseBody>,
    /// Of a stream; a single reply has its deadline.
    lifetime: Option<Lifetime>,
    refused: Refused,
    /// The status that led the reply; it holds if nothing follows.
    leading: Option<Status>,
    /// Who is told how it ended.
    entry: Option<Arc<Entry>>,
}

/// A part of what comes back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Bytes of frames, cut anywhere.
    Data(Bytes),
    /// The last part.
    End(End),
}

/// How a call ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// Why it was not done.
    pub(crate) failure: Option<Failure>,
    /// The trailing metadata.
    pub(crate) metadata: HeaderMap,
}

impl Replies {
    /// Takes the reply apart: the leading metadata and what follows.
    pub(crate) fn of(
        response: http::Response<ResponseBody>,
        lifetime: Option<Lifetime>,
        refused: Refused,
        entry: Option<Arc<Entry>>,
    ) -> (HeaderMap, Self) {
        let (head, body) = response.into_parts();
        let replies = Self {
            body: Some(body),
            lifetime,
            refused,
            leading: metadata::status(&head.headers),
            entry,
        };
        (head.headers, replies)
    }

    /// The next part; `None` after the end.
    pub(crate) async fn next(&mut self) -> Option<Reply> {
        let body = self.body.as_mut()?;
        let lifetime = &mut self.lifetime;
        let over = async {
            match lifetime {
                Some(lifetime) => lifetime.over().await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            biased;
            failure = over => End { failure: Some(failure), ..End::default() },
            frame = body.frame() => match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if !data.is_empty() {
                            self.leading = None;
                        }
                        return Some(Reply::Data(data));
                    }
                    Err(frame) => {
                        End::of(&frame.into_trailers().unwrap_or_default(), self.leading.take())
                    }
                },
                Some(Err(status)) => End::failed(status),
                None => End::of(&HeaderMap::new(), self.leading.take()),
            },
        };
        self.body = None;
        let end = end.unless(&self.refused);
        if let Some(entry) = &self.entry {
            entry.came_to(end.failure.as_ref().map_or(Code::Ok, Failure::code));
        }
        Some(Reply::End(end))
    }

    /// All parts.
    pub(crate) fn parts(self) -> impl Stream<Item = Reply> + Send {
        futures::stream::unfold(self, |mut replies| async move {
            replies.next().await.map(|reply| (reply, replies))
        })
    }
}

/// The messages of what comes back. It holds no more than one, and what came with it.
pub(crate) struct Messages {
    replies: Replies,
    envelopes: Envelopes,
}

impl Messages {
    /// Of at most `limit` bytes each.
    pub(crate) fn of_at_most(limit: usize, replies: Replies) -> Self {
        let envelopes = Envelopes::of_at_most(limit);
        Self { replies, envelopes }
    }

    /// The next one; `None` at the end. Nothing is lost if this is dropped before it completes. After
    /// a failure there is nothing more to come.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.envelopes.next()? {
                Some((0, message)) => return Ok(Some(message)),
                Some(_) => return Err(packed()),
                None => {}
            }
            match self.replies.next().await {
                Some(Reply::Data(data)) => self.envelopes.push(&data),
                Some(Reply::End(End {
                    failure: Some(failure),
                    ..
                })) => return Err(failure),
                Some(Reply::End(_)) if !self.envelopes.is_empty() => {
                    return Err(broken("a message that is not whole"));
                }
                Some(Reply::End(_)) | None => return Ok(None),
            }
        }
    }

    /// The only one.
    pub(crate) async fn only(mut self) -> Result<Bytes, Failure> {
        let first = self.next().await?;
        let first = first.ok_or_else(|| broken("no message came back"))?;
        match self.next().await? {
            None => Ok(first),
            Some(_) => Err(broken("more than one message came back")),
        }
    }
}

/// A message is compressed that nobody asked for in that way.
pub(super) fn packed() -> Failure {
    broken("a compressed message that nobody asked for")
}

/// A fault of the upstream.
fn broken(what: &str) -> Failure {
    Problem::internal(&Status::internal(what)).into()
}

impl End {
    fn of(trailers: &HeaderMap, leading: Option<Status>) -> Self {
        let status = metadata::status(trailers).or(leading);
        let status = status.unwrap_or_else(without_status);
        let failure = (status.code() != Code::Ok).then(|| Failure::from(status));
        Self {
            failure,
            metadata: metadata::returned(trailers),
        }
    }

    pub(crate) fn failed(failure: impl Into<Failure>) -> Self {
        Self {
            failure: Some(failure.into()),
            metadata: HeaderMap::new(),
        }
    }

    /// If the request was broken off here, that is why the upstream did not go on.
    fn unless(mut self, refused: &Refused) -> Self {
        if self.failure.is_some()
            && let Some(refused) = lock(refused).take()
        {
            self.failure = Some(refused);
        }
        self
    }

    /// As gRPC tells it.
    pub(crate) fn into_trailers(self, voice: &Voice) -> HeaderMap {
        let mut trailers = self.metadata;
        match self.failure {
            Some(failure) => status::write(&failure.told(voice), &mut trailers),
            None => status::write_ok(&mut trailers),
        }
        trailers
    }
}
