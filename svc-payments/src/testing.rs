//! A network between payments and their provider that a test plays: what is asked arrives late, more than
//! once, or not at all, whoever waits for it. Behind the feature `testing`.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use money::{Currency, Money};
use secrecy::SecretString;
use uuid::Uuid;

use crate::domain::snapshot::{Intent, ProviderRefund, Snapshot};
use crate::provider;
use crate::provider::{Action, Answer, EventError, Failure, Listed, NewIntent, ProviderEvent};

/// Carries what the provider is asked, and its replies.
pub trait Carrier: Send + Sync {
    /// A process has begun of which this is the provider, as the sandbox is.
    fn found(&self, provider: Provider);

    /// Brings a request to the provider, and its reply back.
    ///
    /// # Errors
    /// When there is none, and why.
    fn carry(&self, request: Request) -> BoxFuture<'static, Result<Reply, String>>;
}

/// The way to the provider: none that could be seen, or a played one.
#[derive(Clone, Default)]
pub struct Network(Option<Arc<dyn Carrier>>);

/// Who is asked.
#[derive(Clone)]
pub struct Provider(Arc<dyn provider::Provider>);

/// What a provider is asked; it may hear it any number of times.
#[derive(Clone)]
pub struct Request {
    /// What it asks for.
    pub method: &'static str,
    ask: Arc<dyn Fn(Provider) -> BoxFuture<'static, Reply> + Send + Sync>,
}

/// What a provider answers, to be given to whoever has asked.
pub struct Reply(Box<dyn Any + Send>);

impl Network {
    /// One that a test plays.
    #[must_use]
    pub fn played(carrier: Arc<dyn Carrier>) -> Self {
        Self(Some(carrier))
    }

    /// The provider as it is seen from the other side.
    pub(crate) fn to(self, provider: Arc<dyn provider::Provider>) -> Arc<dyn provider::Provider> {
        let Some(carrier) = self.0 else {
            return provider;
        };
        let provider = Provider(provider);
        carrier.found(provider.clone());
        Arc::new(Distant { provider, carrier })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Request {
    /// The provider hears it.
    #[must_use]
    pub fn arrive(&self, at: Provider) -> BoxFuture<'static, Reply> {
        (self.ask)(at)
    }
}

/// A provider at the other side of a network.
struct Distant {
    provider: Provider,
    carrier: Arc<dyn Carrier>,
}

impl Distant {
    fn ask<'a, A, T>(
        &'a self,
        method: &'static str,
        what: A,
        ask: for<'p> fn(&'p dyn provider::Provider, &'p A) -> Answer<'p, T>,
    ) -> Answer<'a, T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let what = Arc::new(what);
        let ask = move |at: Provider| -> BoxFuture<'static, Reply> {
            let what = what.clone();
            Box::pin(async move { Reply(Box::new(ask(&*at.0, &what).await)) })
        };
        let ask = Arc::new(ask);
        let carried = self.carrier.carry(Request { method, ask });
        Box::pin(async move {
            let reply = carried.await.map_err(Failure::Unknown)?;
            let reply = reply.0.downcast::<Result<T, Failure>>();
            *reply.expect("the reply to this request")
        })
    }
}

impl provider::Provider for Distant {
    fn name(&self) -> &'static str {
        self.provider.0.name()
    }

    fn takes(&self, currency: Currency) -> bool {
        self.provider.0.takes(currency)
    }

    fn create<'a>(&'a self, key: &'a str, intent: &'a NewIntent) -> Answer<'a, Intent> {
        let what = (key.to_owned(), intent.clone());
        self.ask("create", what, |at, (key, intent)| at.create(key, intent))
    }

    fn confirm<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        token: &'a SecretString,
        return_url: Option<&'a str>,
    ) -> Answer<'a, Intent> {
        let object = provider_ref.to_owned();
        let return_url = return_url.map(str::to_owned);
        let what = (key.to_owned(), object, token.clone(), return_url);
        self.ask("confirm", what, |at, (key, object, token, return_url)| {
            at.confirm(key, object, token, return_url.as_deref())
        })
    }

    fn capture<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        amount: Money,
    ) -> Answer<'a, Intent> {
        let what = (key.to_owned(), provider_ref.to_owned(), amount);
        self.ask("capture", what, |at, (key, object, amount)| {
            at.capture(key, object, *amount)
        })
    }

    fn cancel<'a>(&'a self, key: &'a str, provider_ref: &'a str) -> Answer<'a, Intent> {
        let what = (key.to_owned(), provider_ref.to_owned());
        self.ask("cancel", what, |at, (key, object)| at.cancel(key, object))
    }

    fn refund<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        refund_id: Uuid,
        amount: Money,
    ) -> Answer<'a, ProviderRefund> {
        let what = (key.to_owned(), provider_ref.to_owned(), refund_id, amount);
        self.ask("refund", what, |at, (key, object, refund_id, amount)| {
            at.refund(key, object, *refund_id, *amount)
        })
    }

    fn look<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Snapshot> {
        self.ask("look", provider_ref.to_owned(), |at, object| {
            at.look(object)
        })
    }

    fn action<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Option<Action>> {
        self.ask("action", provider_ref.to_owned(), |at, object| {
            at.action(object)
        })
    }

    fn list<'a>(
        &'a self,
        page: Option<&'a str>,
        create_after: Option<DateTime<Utc>>,
    ) -> Answer<'a, (Vec<Listed>, Option<String>)> {
        let what = (page.map(str::to_owned), create_after);
        self.ask("list", what, |at, (page, create_after)| {
            at.list(page.as_deref(), *create_after)
        })
    }

    fn event<'h>(
        &self,
        header: &dyn Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<ProviderEvent, EventError> {
        self.provider.0.event(header, body, now)
    }
}
