//! A request whose caller may make it: what a protocol does with it goes through here.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use net::coding::Coding;
use tokio::time::Instant;
use tonic::Code;

use crate::body::{self, Allowance, Incoming, Pace, Whole};
use crate::call::Call;
use crate::call::codec::Codec;
use crate::call::replies::Replies;
use crate::call::requests::{self, Refused, Requests};
use crate::call::step::Step;
use crate::config::Settings;
use crate::context::Context;
use crate::door::Door;
use crate::failure::Failure;
use crate::last_good;
use crate::lifetime::Lifetime;
use crate::metadata;
use crate::peer::Peer;
use crate::policy::Policy;
use crate::routing::Routing;
use crate::streams::Open;
use crate::upstreams::Upstreams;
use crate::wire::envelope;

/// A request whose caller may make it.
pub(crate) struct Admitted<'a> {
    pub(crate) door: &'a Door,
    pub(crate) policy: &'a Policy,
    pub(crate) context: Context,
    pub(crate) peer: Peer,
    /// As limits count it.
    pub(crate) client: IpAddr,
    /// If it is a stream, its places among those that are open.
    pub(crate) open: Option<Arc<Open>>,
    /// When an answer, or the beginning of one, has to be there.
    pub(crate) deadline: Instant,
}

impl Admitted<'_> {
    pub(crate) fn settings(&self) -> &Settings {
        &self.door.settings
    }

    pub(crate) fn routing(&self) -> &Arc<Routing> {
        &self.door.routing
    }

    pub(crate) fn upstreams(&self) -> &Arc<Upstreams> {
        &self.door.upstreams
    }

    /// Step 12: the body whole, and unpacked.
    pub(crate) async fn body(&self, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Failure> {
        let limit = self.message_limit(Codec::Json);
        let coding = body::coding(headers)?;
        let mut whole = self.read(headers, body, limit).await?;
        match coding {
            None => Ok(whole.content),
            Some(coding) => {
                let unpacked = whole.unpack(coding, limit)?;
                unpacked.ok_or_else(|| Failure::too_large(limit))
            }
        }
    }

    /// Most bytes of a message: as many as its contract allows, where it tells, and never more than a
    /// body may have.
    pub(crate) fn message_limit(&self, codec: Codec) -> usize {
        let limit = self.settings().requests.body_limit;
        let largest = match codec {
            Codec::Proto => self.policy.largest.wire,
            Codec::Json => self.policy.largest.json,
        };
        largest.map_or(limit, |largest| largest.min(limit))
    }

    /// Most bytes of a message that comes back.
    pub(crate) fn reply_limit(&self) -> usize {
        self.settings().requests.reply_limit
    }

    /// Step 12: a body that is one message, perhaps in an envelope.
    pub(crate) async fn message(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        codec: Codec,
    ) -> Result<Whole, Failure> {
        let limit = self.message_limit(codec);
        let read = self.read(headers, body, limit + envelope::HEADER).await;
        read.map_err(|failure| failure.of_message(limit))
    }

    /// Step 12: the same in base64, of a message on the wire.
    pub(crate) async fn text(&self, headers: &HeaderMap, body: Incoming) -> Result<Whole, Failure> {
        let limit = self.message_limit(Codec::Proto);
        let text = (limit + envelope::HEADER).div_ceil(3) * 4 + envelope::HEADER;
        let read = self.read(headers, body, text).await;
        read.map_err(|failure| failure.of_message(limit))
    }

    async fn read(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        limit: usize,
    ) -> Result<Whole, Failure> {
        body::read(headers, body, limit, self.deadline, self.allowance()).await
    }

    /// What the body may take while it is read.
    pub(crate) fn allowance(&self) -> Allowance {
        let requests = &self.settings().requests;
        Allowance {
            pace: Pace::of(requests),
            held: self.door.kept.counters.body_of(self.client, requests),
        }
    }

    /// Step 14: the call that the client's headers ask for.
    pub(crate) fn call(&self, headers: &HeaderMap) -> Result<Call<'_>, Failure> {
        let Door {
            routing, upstreams, ..
        } = self.door;
        let keeps_keys = upstreams.trust.keep_idempotency_keys;
        let fresh = || keeps_keys.then(|| self.door.fresh_id());
        let key = metadata::idempotency_key(headers, self.policy, fresh)?;
        let caller = self.context.caller.as_deref();
        let passage = &routing.passage;
        let mut metadata = passage.forwarded(headers, caller, &self.peer, key)?;
        self.policy.validators.pass_on(headers, metadata.as_mut());
        Ok(Call {
            upstreams,
            policy: self.policy,
            context: &self.context,
            metadata,
            deadline: self.deadline,
            reply_limit: self.reply_limit(),
        })
    }

    /// Step 14: where the answer to this message is kept, if anybody else may be given it.
    pub(crate) fn last_good(&self, head: &Parts, asked: &Bytes) -> Option<Last<'_>> {
        let validators = &self.policy.validators;
        let is_kept = validators.is_for_anybody(head, self.is_of_nobody());
        is_kept.then(|| Last {
            door: self.door,
            policy: self.policy,
            asked: asked.clone(),
        })
    }

    /// Step 14: the same with the messages that `step` makes of the body as it comes, and the body packed
    /// as a whole in `coding`. Gives the leading metadata and what follows.
    pub(crate) async fn stream<S: Step + Send + 'static>(
        &self,
        call: &Call<'_>,
        body: Incoming,
        coding: Option<Coding>,
        step: S,
    ) -> Result<(HeaderMap, Replies), Failure> {
        let (requests, refused) = Requests::new(body, coding, self.allowance(), step);
        let mut lifetime = self.stream_lifetime();
        let called = Box::pin(call.stream(requests));
        let response = while_allowed(lifetime.as_mut(), called)
            .await?
            .map_err(|status| requests::failed(status, &refused))?;
        let entry = self.context.entry.clone();
        Ok(Replies::of(response, lifetime, refused, entry))
    }

    /// Step 14: the same with all frames at once.
    pub(crate) async fn frames(
        &self,
        call: &Call<'_>,
        frames: Bytes,
    ) -> Result<(HeaderMap, Replies), Failure> {
        let mut lifetime = self.stream_lifetime();
        let called = Box::pin(call.frames(frames));
        let response = while_allowed(lifetime.as_mut(), called).await??;
        let (refused, entry) = (Refused::default(), self.context.entry.clone());
        Ok(Replies::of(response, lifetime, refused, entry))
    }

    /// A single reply has its deadline.
    fn stream_lifetime(&self) -> Option<Lifetime> {
        self.policy.is_streaming().then(|| self.lifetime())
    }

    /// Whether it is of no known user.
    pub(crate) fn is_of_nobody(&self) -> bool {
        self.context.caller.is_none()
    }

    /// How long a stream of this caller may last.
    pub(crate) fn lifetime(&self) -> Lifetime {
        let caller = self.context.caller.clone();
        Lifetime::of(caller, self.open.clone(), self.door.drain.clone())
    }
}

/// The last good answer to one question.
pub(crate) struct Last<'a> {
    door: &'a Door,
    policy: &'a Policy,
    asked: Bytes,
}

impl Last<'_> {
    /// There is a good one.
    pub(crate) fn keep(&self, answer: &Bytes) {
        let (settings, method) = (&self.door.settings.stale, &self.policy.call_name);
        let last_good = &self.door.kept.last_good;
        last_good.keep(settings, method, &self.asked, answer);
    }

    /// The one before, and how old it is, if what came instead is no answer.
    pub(crate) fn instead_of(&self, code: Code) -> Option<(Bytes, Duration)> {
        let (settings, method) = (&self.door.settings.stale, &self.policy.call_name);
        let last_good = &self.door.kept.last_good;
        let away = last_good::is_away(code);
        let answer = away.then(|| last_good.answer(settings, method, &self.asked));
        let answer = answer.flatten()?;
        let upstream = &self.door.upstreams.all[self.policy.upstream];
        last_good.count(&upstream.name, 1);
        Some(answer)
    }
}

/// Lets a call with streams go on as long as its caller may make it.
async fn while_allowed<T>(
    lifetime: Option<&mut Lifetime>,
    call: impl Future<Output = T>,
) -> Result<T, Failure> {
    match lifetime {
        None => Ok(call.await),
        Some(lifetime) => tokio::select! {
            biased;
            failure = lifetime.over() => Err(failure),
            done = call => Ok(done),
        },
    }
}
