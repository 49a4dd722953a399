//! The network: calls come late, twice, or not at all, and so do replies; those of payments' provider too.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response, request};
use http_body_util::{BodyExt as _, Full};
use net::address::Address;
use net::in_process::{InProcess, Unanswered};
use runtime::mesh::Mesh;
use svc_payments::testing::{Carrier, Provider, Reply, Request as Asked};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service as _;

use crate::neighbours;
use crate::process::{LEASE, Life, SERVICES};
use crate::world::{World, digest, lock};

/// Longer than anybody waits.
const NEVER: std::time::Duration = std::time::Duration::from_secs(3600);

type Answer = Result<Response<Body>, Unanswered>;

/// Tells somebody where everybody is.
pub(crate) fn introduce(life: &Life, mesh: &Mesh) {
    for name in SERVICES.iter().chain(&neighbours::NAMES) {
        mesh.set(name, address(life, name));
    }
}

/// Where a service is, for somebody who calls it.
pub(crate) fn address(from: &Life, to: &'static str) -> Address {
    let from = from.clone();
    InProcess::new(move |request| Box::pin(call(from.clone(), to, request))).into()
}

async fn call(from: Life, to: &'static str, request: Request<Body>) -> Answer {
    let world = from.world.clone();
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| lost(&error))?
        .to_bytes();
    let (method, number) = (head.uri.path().to_owned(), world.number());
    let method = method.rsplit('/').next().unwrap_or_default().to_owned();
    let (caller, sum) = (from.name, digest(&body));
    world.note(format_args!("#{number} {caller} -> {to} {method} {sum}"));
    send(&from, number, || {
        arrive(world.clone(), to, head.clone(), body.clone(), number)
    })
    .await
}

/// The way of a process of svc-payments to its provider, which is wherever the last one is.
pub(crate) struct ToProvider(pub(crate) Life);

impl Carrier for ToProvider {
    fn found(&self, provider: Provider) {
        *lock(&self.0.world.provider) = Some((self.0.clone(), provider));
    }

    fn carry(&self, request: Asked) -> BoxFuture<'static, Result<Reply, String>> {
        let from = self.0.clone();
        Box::pin(async move {
            let (world, method) = (from.world.clone(), request.method);
            let number = world.number();
            world.note(format_args!("#{number} {} asks to {method}", from.name));
            let reply = send(&from, number, || {
                ask(world.clone(), request.clone(), number)
            });
            reply.await.map_err(|error| format!("{error:?}"))
        })
    }
}

/// Sends a request, and waits for its reply. What is on its way arrives, whether or not anybody waits.
async fn send<T, F>(from: &Life, number: u64, arrive: impl Fn() -> F) -> Result<T, Unanswered>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Unanswered>> + Send + 'static,
{
    let world = &from.world;
    if world.befalls(world.weather.lost_requests) {
        world.note(format_args!("#{number} is lost"));
        return nothing(world).await;
    }
    let on_its_way = || {
        let (world, arrive) = (world.clone(), arrive());
        tokio::spawn(async move {
            if world.befalls(world.weather.late) {
                world.note(format_args!("#{number} is late"));
                sleep(LEASE / 2 + world.moment(10_000)).await;
            }
            world.travel().await;
            arrive.await
        })
    };
    if world.befalls(world.weather.repeated) {
        on_its_way();
    }
    let reply_is_lost = world.befalls(world.weather.lost_replies);
    let answer = on_its_way().await.expect("nobody stops it on its way");
    from.lives().await;
    if reply_is_lost && answer.is_ok() {
        world.note(format_args!("#{number} its reply is lost"));
        return nothing(world).await;
    }
    world.travel().await;
    from.lives().await;
    answer
}

/// Nothing is heard: at once, or for ever.
async fn nothing<T>(world: &World) -> Result<T, Unanswered> {
    if world.below(4) == 0 {
        sleep(NEVER).await;
    }
    world.travel().await;
    Err(lost("the connection broke"))
}

/// A request arrives at the provider, wherever that is then.
async fn ask(world: Arc<World>, request: Asked, number: u64) -> Result<Reply, Unanswered> {
    let found = lock(&world.provider).clone();
    let Some((life, provider)) = found.filter(|(life, _)| !life.is_over()) else {
        world.note(format_args!("#{number} finds nobody"));
        return Err(lost("no provider is there"));
    };
    world.note(format_args!("#{number} arrives"));
    let answered = life.spawn(request.arrive(provider)).await;
    world.note(format_args!("#{number} is answered"));
    answered.map_err(|error| {
        if error.is_panic() {
            world.accuse(format_args!("the provider panics: {error}"));
        }
        lost("the connection broke")
    })
}

/// A request arrives at whoever is there then.
async fn arrive(
    world: Arc<World>,
    to: &'static str,
    head: request::Parts,
    body: Bytes,
    number: u64,
) -> Answer {
    if neighbours::NAMES.contains(&to) {
        return Ok(neighbours::answer(&head, &body));
    }
    let Some((callee, mut server)) = world.server(to) else {
        world.note(format_args!("#{number} finds nobody"));
        return Err(Unanswered::NotHandled(format!("nobody is at {to}")));
    };
    world.note(format_args!("#{number} arrives"));
    let path = head.uri.path().to_owned();
    let (tell, told) = oneshot::channel();
    callee.spawn(async move {
        let request = Request::from_parts(head, Body::new(Full::new(body)));
        let Ok(response) = server.call(request).await;
        let (head, body) = response.into_parts();
        let reply = body.collect().await.map(|body| {
            let trailers = body.trailers().cloned();
            (head, trailers, body.to_bytes())
        });
        // Whoever asked may be gone.
        let _ = tell.send(reply);
    });
    let Ok(reply) = told.await else {
        world.note(format_args!("#{number} dies with {to}"));
        return Err(lost("the connection broke"));
    };
    let (head, trailers, body) = reply.map_err(|status| lost(&status))?;
    let status = trailers.as_ref().and_then(Status::from_header_map);
    let status = status.or_else(|| Status::from_header_map(&head.headers));
    let code = status.as_ref().map_or(Code::Ok, Status::code);
    world.note(format_args!("#{number} {code:?} {}", digest(&body)));
    if matches!(code, Code::Internal | Code::Unknown | Code::DataLoss) {
        let why = status.map(|status| status.message().to_owned());
        world.accuse(format_args!(
            "{path} answers {code:?}: {}",
            why.unwrap_or_default()
        ));
    }
    let trailers: Option<HeaderMap> = trailers;
    let body = Full::new(body).with_trailers(async move { trailers.map(Ok) });
    Ok(Response::from_parts(head, Body::new(body)))
}

fn lost(why: &(impl std::fmt::Display + ?Sized)) -> Unanswered {
    Unanswered::Unknown(why.to_string())
}
