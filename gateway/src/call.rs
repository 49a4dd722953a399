//! The call upstream.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use http_body_util::Full;
use net::client::{self, Lost, ResponseBody};
use net::metadata::{IDEMPOTENCY_KEY, PUSHBACK};
use tokio::time::{Instant, timeout_at};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::context::Context;
use crate::failure::{self, Problem};
use crate::metadata::status;
use crate::policy::Policy;
use crate::upstreams::{Upstream, Upstreams};
use crate::wire::envelope;
use crate::wire::said::Refusal;

pub(crate) mod codec;
pub(crate) mod coding;
mod foreign;
pub(crate) mod replies;
mod reply;
pub(crate) mod requests;
pub(crate) mod step;
pub(crate) mod transcoded;

pub(crate) use reply::Reply;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Between a failure and its only repetition, beside what the upstream asks for: up to twice as long, by
/// chance, so that those that failed together do not come together again.
const RETRY_PAUSE: Duration = Duration::from_millis(25);

/// A call that is ready to be made.
pub(crate) struct Call<'a> {
    pub(crate) upstreams: &'a Upstreams,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a Context,
    pub(crate) metadata: MetadataMap,
    /// When an answer, or the beginning of one, has to be there.
    pub(crate) deadline: Instant,
    /// Most bytes of its message.
    pub(crate) reply_limit: usize,
}

/// The same without what it borrows, for a call that outlives its request.
pub(crate) struct Owned {
    upstreams: Arc<Upstreams>,
    context: Context,
    metadata: MetadataMap,
    deadline: Instant,
    reply_limit: usize,
}

impl Owned {
    /// The call again, of the same method.
    pub(crate) fn call<'a>(&'a self, policy: &'a Policy) -> Call<'a> {
        Call {
            upstreams: &self.upstreams,
            policy,
            context: &self.context,
            metadata: self.metadata.clone(),
            deadline: self.deadline,
            reply_limit: self.reply_limit,
        }
    }
}

impl Call<'_> {
    /// To be made later.
    pub(crate) fn owned(self, upstreams: Arc<Upstreams>) -> Owned {
        Owned {
            upstreams,
            context: self.context.clone(),
            metadata: self.metadata,
            deadline: self.deadline,
            reply_limit: self.reply_limit,
        }
    }

    /// The server that has the method.
    fn upstream(&self) -> &Upstream {
        &self.upstreams.all[self.policy.upstream]
    }

    /// One reply. A call that failed on the way is made once more if that can do no harm, by the
    /// contract or by its idempotency key, and if the budget allows it.
    pub(crate) async fn unary(&self, message: Bytes) -> Result<Reply, Refusal> {
        let frame = envelope::write(0, &message);
        drop(message);
        let limit = self.reply_limit;
        let once = || async {
            let response = self.open(Full::new(frame.clone())).await?;
            Reply::read(response, limit).await
        };
        self.repeated(once).await
    }

    /// One message as a frame, or those of a whole stream. A unary call is repeated as [`Call::unary`]
    /// is; the reply may tell of an error only at its end.
    pub(crate) async fn frames(
        &self,
        frames: Bytes,
    ) -> Result<http::Response<ResponseBody>, Status> {
        let once = || self.open(Full::new(frames.clone()));
        match self.policy.is_streaming() {
            true => Ok(once().await?),
            false => Ok(self.repeated(once).await?),
        }
    }

    /// A stream of frames.
    pub(crate) async fn stream<B>(&self, frames: B) -> Result<http::Response<ResponseBody>, Status>
    where
        B: http_body::Body<Data = Bytes, Error = Status> + Send + 'static,
    {
        Ok(self.open(frames).await?)
    }

    async fn open<B>(&self, frames: B) -> Result<http::Response<ResponseBody>, Refusal>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let Upstream { name, channel, .. } = self.upstream();
        let throttle = self.policy.throttle.as_ref();
        if throttle.is_some_and(|throttle| !throttle.admits()) {
            return Err(Status::from(Problem::overloaded()).into());
        }
        let mut request = http::Request::new(frames);
        *request.uri_mut() = self.policy.path.clone().into();
        *request.headers_mut() = self.metadata.clone().into_headers();
        self.context.along().set(request.headers_mut());
        let response = channel.send(request, self.known()).await;
        if let Some(lost) = response.extensions().get::<Lost>() {
            return Err(Status::from(Problem::lost(*lost, name)).into());
        }
        let (http, headers) = (response.status(), response.headers());
        // With a body behind it, what stands at the body's end counts.
        let is_all = response.body().is_end_stream() || http != StatusCode::OK;
        match status(headers).filter(|_| is_all) {
            Some(status) if status.code() != Code::Ok => {
                if let Some(throttle) = throttle
                    && status.code() == Code::Unavailable
                    && headers.contains_key(PUSHBACK)
                {
                    throttle.pushed_back();
                }
                let trailing = response.into_parts().0.headers;
                Err(Refusal::with(status, HeaderMap::new(), trailing))
            }
            None if !foreign::is_grpc(http, headers) => Err(foreign::status(name, http).into()),
            _ => Ok(response),
        }
    }

    /// What the client stack has to know of it.
    fn known(&self) -> client::Call {
        let policy = self.policy;
        let trace = &self.context.trace;
        let is_told = self.upstreams.trust.share_traces || trace.has_span();
        client::Call {
            method: policy.call_name.clone(),
            client_streaming: policy.is_client_streaming,
            server_streaming: policy.is_server_streaming,
            needs_credentials: policy.guard.is_some(),
            deadline: self.context.deadline,
            trace: is_told.then(|| trace.clone()),
        }
    }

    async fn repeated<T, F>(&self, once: impl Fn() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let budget = &self.upstream().retries;
        budget.deposit();
        let first = once().await;
        match first {
            Err(refusal)
                if let Some(pause) = self.again_after(&refusal)
                    && budget.withdraw() =>
            {
                tokio::time::sleep(pause).await;
                // In a box: most calls need no room for a second one.
                Box::pin(once()).await
            }
            answer => answer,
        }
    }

    /// When it is made once more, if it is: what was lost between here and the upstream, and what that
    /// asks for again.
    fn again_after(&self, refusal: &Refusal) -> Option<Duration> {
        let asked = match failure::is_of_this_hop(&refusal.status) {
            true => Duration::ZERO,
            false => pushback(refusal)?,
        };
        let longest = RETRY_PAUSE.as_micros() as usize;
        let jitter = Duration::from_micros(self.upstreams.random.below(longest) as u64);
        let pause = asked + RETRY_PAUSE + jitter;
        let is_in_time = Instant::now() + pause < self.deadline;
        (is_in_time && self.may_repeat()).then_some(pause)
    }

    /// Never past the deadline: of a stream, whose call has none of its own, the beginning.
    pub(crate) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        match timeout_at(self.deadline, call).await {
            Ok(answer) => answer,
            Err(_) => Err(Problem::deadline_exceeded().into()),
        }
    }

    /// Whether a second call does no harm.
    fn may_repeat(&self) -> bool {
        let has_key = self.upstreams.trust.keep_idempotency_keys
            && self.metadata.as_ref().contains_key(IDEMPOTENCY_KEY);
        // What was done the first time would not hold the second.
        let is_conditional = [IF_MATCH, IF_NONE_MATCH]
            .iter()
            .any(|name| self.metadata.as_ref().contains_key(name));
        self.policy.is_repeatable && !is_conditional || has_key
    }
}

/// When an upstream that is there, and has no time, wants the call again (gRFC A6, pushback); `None` if it
/// does not.
fn pushback(refusal: &Refusal) -> Option<Duration> {
    let said = refusal.metadata.as_ref()?.status(PUSHBACK.as_str())?;
    let is_busy = refusal.status.code() == Code::Unavailable;
    let milliseconds = said.to_str().ok()?.parse().ok()?;
    is_busy.then_some(Duration::from_millis(milliseconds))
}
