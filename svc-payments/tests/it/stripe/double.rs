//! A Stripe to test with: an account that keeps what it is told, at a port of this machine. What it is
//! asked and what it answers can be held against Stripe's own (`scripts/stripe-shapes`).
//!
//! Means of payment are Stripe's own for tests (docs.stripe.com/testing): `pm_card_visa`.

mod account;
mod exchanges;
mod form;
mod objects;
mod refusal;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use net::clock::Clock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::account::Account;
use self::exchanges::Exchanges;
pub(crate) use self::objects::Told;
use self::refusal::Refusal;

/// The key of its account.
pub(crate) const KEY: &str = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
/// What it signs events by.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_5vjeyB6VhQVMGHsv2Ynpow5F";

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It gets lost on its way.
    Lost,
    /// It is done, and the reply gets lost.
    ReplyLost,
    /// It is done, and the reply never comes.
    Silence,
    /// It fails at Stripe, and that is what the key is answered from then on.
    Fails,
    /// It is done, and fails afterwards; the same.
    FailsAfterwards,
    /// The card is declined, whatever it was before.
    Declines,
    /// There are too many; nothing is done.
    TooMany,
    /// Another one with this key is in progress.
    InProgress,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The double, as long as it is held.
pub(crate) struct Stripe {
    shared: Arc<Shared>,
    address: std::net::SocketAddr,
    server: JoinHandle<()>,
}

struct Shared {
    inner: Mutex<Inner>,
    /// By which times are told and events signed.
    clock: Clock,
}

struct Inner {
    account: Account,
    keys: HashMap<String, Kept>,
    faults: Vec<(&'static str, Fault)>,
    exchanges: Exchanges,
}

/// What a key was used for, and what it is answered.
struct Kept {
    request: (String, String),
    answer: Answer,
}

/// What Stripe answers.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    body: Value,
    is_replayed: bool,
}

impl Stripe {
    pub(crate) async fn start(clock: &Clock) -> Self {
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                account: Account::default(),
                keys: HashMap::new(),
                faults: Vec::new(),
                exchanges: Exchanges::default(),
            }),
            clock: clock.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new()
            .fallback(serve)
            .with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            shared,
            address,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the next request whose path ends so go wrong.
    pub(crate) fn fault(&self, path: &'static str, fault: Fault) {
        self.inner().faults.push((path, fault));
    }

    /// What it was asked to do, in order, by the ends of the paths: `confirm`, `refunds`.
    pub(crate) fn steps(&self) -> Vec<String> {
        let inner = self.inner();
        let posts = inner
            .exchanges
            .asked()
            .filter(|asked| asked.method == Method::POST);
        posts.map(|asked| asked.end().to_owned()).collect()
    }

    /// The requests whose paths end so.
    pub(crate) fn asked(&self, end: &str) -> Vec<Asked> {
        let inner = self.inner();
        let asked = inner.exchanges.asked();
        asked.filter(|asked| asked.end() == end).cloned().collect()
    }

    /// Those of them that asked for something to be done.
    pub(crate) fn posted(&self, end: &str) -> Vec<Asked> {
        let mut asked = self.asked(end);
        asked.retain(|asked| asked.method == Method::POST);
        asked
    }

    /// What it was asked until now does not count.
    pub(crate) fn forget(&self) {
        self.inner().exchanges.forget();
    }

    /// What happened and was not told yet, the oldest first, as Stripe would send it now.
    pub(crate) fn events(&self) -> Vec<Told> {
        let now = self.shared.clock.now().timestamp();
        let mut inner = self.inner();
        let events = inner.account.events();
        let told: Vec<_> = events.iter().map(|event| Told::sign(event, now)).collect();
        inner.exchanges.told(&told);
        told
    }

    /// The account itself: what buyers, banks and people at Stripe's pages do to it.
    pub(crate) fn account<T>(&self, act: impl FnOnce(&mut Account) -> T) -> T {
        let now = self.shared.clock.now().timestamp();
        let mut inner = self.inner();
        inner.account.now = now;
        act(&mut inner.account)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner()
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        self.server.abort();
        if !std::thread::panicking() {
            self.inner().exchanges.keep();
        }
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Asked {
    /// What the path ends with, ids left out.
    fn end(&self) -> &str {
        let parts = self.path.rsplit('/');
        let mut named = parts.filter(|part| !part.contains('_') || *part == "payment_intents");
        named.next().unwrap_or_default()
    }

    /// The body, as one reads it.
    pub(crate) fn form(&self) -> String {
        let pairs = form_urlencoded::parse(self.body.as_bytes());
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    /// Its idempotency key.
    pub(crate) fn key(&self) -> &str {
        self.header("idempotency-key").unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let (fault, answer) = shared
        .inner()
        .answer(&asked, shared.clock.now().timestamp());
    match fault {
        Some(Fault::Lost | Fault::ReplyLost) => cut_off(),
        Some(Fault::Silence) => std::future::pending().await,
        _ => answer.into_response(),
    }
}

/// A connection that breaks before the answer is whole.
fn cut_off() -> Response {
    let broken = futures::stream::iter([Err::<String, _>(std::io::Error::other("cut off"))]);
    Body::from_stream(broken).into_response()
}

impl Inner {
    fn answer(&mut self, asked: &Asked, now: i64) -> (Option<Fault>, Answer) {
        self.account.now = now;
        let of_this = |(end, _): &(&str, Fault)| *end == asked.end();
        let fault = self.faults.iter().position(of_this);
        let fault = fault.map(|index| self.faults.remove(index).1);
        let answer = self.reply(asked, fault);
        self.exchanges.add(asked, &answer);
        (fault, answer)
    }

    /// docs.stripe.com/api/idempotent_requests
    fn reply(&mut self, asked: &Asked, fault: Option<Fault>) -> Answer {
        let before = match fault {
            _ if asked.header("authorization") != Some(&format!("Bearer {KEY}")) => {
                Some(Refusal::of_the_key())
            }
            Some(Fault::TooMany) => Some(Refusal::too_many()),
            Some(Fault::InProgress) => Some(Refusal::in_progress()),
            _ => None,
        };
        if let Some(refusal) = before {
            return refusal.into();
        }
        if fault == Some(Fault::Lost) {
            // It did not come to Stripe: what is answered, nobody hears.
            return Refusal::failure().into();
        }
        let request = (asked.path.clone(), asked.body.clone());
        let key = asked.header("idempotency-key");
        if let Some(kept) = key.and_then(|key| self.keys.get(key)) {
            return match kept.request == request {
                true => kept.answer.clone().replayed(),
                false => Refusal::other_parameters().into(),
            };
        }
        let done = match fault {
            Some(Fault::Fails) => Err(Refusal::failure()),
            Some(Fault::Declines) => Err(Refusal::declined()),
            _ => self.account.serve(asked),
        };
        let answer = match (done, fault) {
            (_, Some(Fault::FailsAfterwards)) => Refusal::failure().into(),
            (Ok(object), _) => Answer::new(StatusCode::OK, object),
            (Err(refusal), _) => refusal.into(),
        };
        if let Some(key) = key {
            let answer = answer.clone();
            self.keys.insert(key.to_owned(), Kept { request, answer });
        }
        answer
    }
}

impl Answer {
    fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body,
            is_replayed: false,
        }
    }

    fn replayed(self) -> Self {
        Self {
            is_replayed: true,
            ..self
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let headers = [
            ("content-type", "application/json"),
            ("request-id", "req_double"),
        ];
        let mut response = (self.status, headers, self.body.to_string()).into_response();
        if self.is_replayed {
            let name = HeaderName::from_static("idempotent-replayed");
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static("true"));
        }
        response
    }
}
