use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::Full;
use net::client::{
    Call, Channel, ChannelError, Credentials, Describe, EndpointConfig, Health, Unconnected,
};
use net::random::Random;
use net::telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tonic::{Code, Status};

const SAY_HELLO: &str = "/greeter.v1.Greeter/SayHello";

fn channel(
    address: Option<&str>,
    credentials: Option<Arc<dyn Credentials>>,
    describe: Describe,
) -> Channel {
    let unconnected = Unconnected {
        service: "greeter".into(),
        caller: "test",
        credentials,
        describe,
        tls: None,
        longest: None,
        metrics: Telemetry::detached().client_metrics(),
        random: Random::seeded(1),
        health: Health::default(),
        failing: EndpointConfig::default(),
    };
    unconnected.to(address.map(|address| address.parse().unwrap()))
}

async fn say_hello(channel: &Channel, call: Call) -> Status {
    let mut request = Request::new(Full::new(Bytes::from_static(&[0; 5])));
    *request.uri_mut() = SAY_HELLO.parse().unwrap();
    let response = channel.send(request, call).await;
    Status::from_header_map(response.headers()).unwrap_or_else(|| Status::ok(""))
}

/// A server that answers every call with this code, and tells with which headers it came.
async fn greeter(code: Code) -> (String, mpsc::UnboundedReceiver<HeaderMap>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, came) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            tell.send(request.into_parts().0.headers).unwrap();
            let response = http::Response::builder().header("grpc-status", code as i32);
            let response = response.body(()).unwrap();
            respond.send_response(response, true).unwrap();
        }
    });
    (format!("http://{address}"), came)
}

/// A key that comes later.
#[derive(Debug)]
struct ApiKey(watch::Receiver<Option<HeaderValue>>);

impl Credentials for ApiKey {
    fn header(&self) -> HeaderName {
        HeaderName::from_static("x-api-key")
    }

    fn at_hand(&self) -> Option<HeaderValue> {
        self.0.borrow().clone()
    }

    fn get(&self) -> BoxFuture<'_, Result<Option<HeaderValue>, Status>> {
        let mut key = self.0.clone();
        Box::pin(async move {
            let key = key.wait_for(Option::is_some).await;
            Ok(key.unwrap().clone())
        })
    }

    fn refused(&self, _: &str, reply: &HeaderMap) -> Option<Status> {
        let said = Status::from_header_map(reply)?;
        let is_refused = said.code() == Code::Unauthenticated;
        is_refused.then(|| Status::unavailable("nobody believes the key"))
    }
}

#[tokio::test]
async fn a_credential_is_waited_for_where_the_callee_wants_one_and_then_goes_along() {
    let (address, mut came) = greeter(Code::Ok).await;
    let (key, coming) = watch::channel(None);
    let credentials = Arc::new(ApiKey(coming));
    let channel = channel(Some(&address), Some(credentials), Describe::default());

    let public = Call {
        needs_credentials: false,
        ..Call::unary(SAY_HELLO)
    };
    assert_eq!(say_hello(&channel, public).await.code(), Code::Ok);
    assert!(!came.recv().await.unwrap().contains_key("x-api-key"));

    let waiting = say_hello(&channel, Call::unary(SAY_HELLO));
    tokio::pin!(waiting);
    assert!(futures::poll!(&mut waiting).is_pending());
    key.send_replace(Some(HeaderValue::from_static("secret")));
    assert_eq!(waiting.await.code(), Code::Ok);
    assert_eq!(came.recv().await.unwrap()["x-api-key"], "secret");
}

#[tokio::test]
async fn whom_one_callee_does_not_believe_another_is_asked() {
    let (_, key) = watch::channel(Some(HeaderValue::from_static("secret")));
    let credentials = || Some(Arc::new(ApiKey(key.clone())) as Arc<dyn Credentials>);
    let (doubts, mut asked) = greeter(Code::Unauthenticated).await;
    let alone = channel(Some(&doubts), credentials(), Describe::default());
    let status = say_hello(&alone, Call::unary(SAY_HELLO)).await;
    assert_eq!(status.message(), "nobody believes the key");
    for _ in 0..2 {
        asked.recv().await.unwrap();
    }

    let (doubts, mut asked) = greeter(Code::Unauthenticated).await;
    let (believes, _came) = greeter(Code::Ok).await;
    let both = format!("{doubts},{believes}");
    let channel = channel(Some(&both), credentials(), Describe::default());
    while asked.try_recv().is_err() {
        let status = say_hello(&channel, Call::unary(SAY_HELLO)).await;
        assert_eq!(status.code(), Code::Ok, "{status}");
    }
}

#[tokio::test]
async fn a_call_that_comes_to_nothing_is_told_in_the_words_of_whoever_made_the_channel() {
    let plain = channel(None, None, Describe::default());
    let status = say_hello(&plain, Call::unary(SAY_HELLO)).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "greeter does not answer");

    let describe = Describe(|error| match error {
        ChannelError::NoAddress(service) => Status::not_found(format!("no {service} here")),
        other => other.into(),
    });
    let worded = channel(None, None, describe);
    let status = say_hello(&worded, Call::unary(SAY_HELLO)).await;
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "no greeter here")
    );
}
