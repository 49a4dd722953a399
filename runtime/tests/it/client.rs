use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use net::client::EndpointConfig;
use net::metadata::parse_timeout;
use net::random::Random;
use net::telemetry::Telemetry;
use runtime::client::{Channel, Unconnected};
use runtime::contract::Contract;
use runtime::status::Reason;
use tokio::net::{TcpListener, TcpSocket};
use tonic::Code;

use crate::dummy::{Reply, call};

pub(crate) const GET: &str = "/tradewind.orders.v1.OrdersService/GetOrder";

pub(crate) fn channel(addresses: &str) -> Channel {
    let unconnected = Unconnected {
        service: "svc-orders".into(),
        caller: "test",
        credentials: None,
        contract: Contract::tradewind(),
        metrics: Telemetry::detached().client_metrics(),
        random: Random::seeded(1),
        endpoints: EndpointConfig::default(),
    };
    unconnected.to(Some(addresses.parse().unwrap()))
}

pub(crate) async fn get(channel: &Channel) -> Reply {
    call(channel, GET, &[], &[("grpc-timeout", "5S")]).await
}

/// What a peer does with its n-th stream, counted over all of its connections.
#[derive(Clone, Copy)]
enum Answer {
    Fine,
    Reset(h2::Reason),
    /// Takes it back when the time of the call is over, having begun to answer or not.
    Late {
        begins: bool,
    },
    Silence,
}

/// A peer on the level of HTTP/2 frames. Counts the streams that it got.
async fn peer(answers: &'static [Answer]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let mut held = Vec::new();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    let number = counter.fetch_add(1, Ordering::SeqCst);
                    match answers.get(number).copied().unwrap_or(Answer::Fine) {
                        Answer::Fine => {
                            let response = http::Response::builder()
                                .header("content-type", "application/grpc")
                                .header("grpc-status", "0");
                            respond
                                .send_response(response.body(()).unwrap(), true)
                                .unwrap();
                        }
                        Answer::Reset(reason) => respond.send_reset(reason),
                        Answer::Late { begins } => {
                            let time = parse_timeout(&request.headers()["grpc-timeout"]).unwrap();
                            tokio::spawn(async move {
                                let response = http::Response::builder()
                                    .header("content-type", "application/grpc")
                                    .body(())
                                    .unwrap();
                                let stream =
                                    begins.then(|| respond.send_response(response, false).unwrap());
                                // Of two that wait for the same moment, this is the first.
                                tokio::time::sleep(time - Duration::from_millis(5)).await;
                                match stream {
                                    Some(mut stream) => stream.send_reset(h2::Reason::CANCEL),
                                    None => respond.send_reset(h2::Reason::CANCEL),
                                }
                            });
                        }
                        Answer::Silence => held.push(respond),
                    }
                }
            });
        }
    });
    (address, count)
}

/// Answers every stream, and counts them.
pub(crate) async fn serve_fine(listener: TcpListener, count: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let count = count.clone();
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let response = http::Response::builder().header("grpc-status", "0");
                let response = response.body(()).unwrap();
                respond.send_response(response, true).unwrap();
            }
        });
    }
}

/// An address where nobody listens, unless the test makes the socket do so. It is bound, so that no
/// other test gets the port.
fn nobody() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}

#[tokio::test]
async fn a_refused_stream_is_tried_once_more() {
    let (address, count) = peer(&[Answer::Reset(h2::Reason::REFUSED_STREAM)]).await;
    let reply = get(&channel(&format!("http://{address}"))).await;
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_is_not_tried_a_third_time() {
    const REFUSE: Answer = Answer::Reset(h2::Reason::REFUSED_STREAM);
    let (address, count) = peer(&[REFUSE, REFUSE]).await;
    let reply = get(&channel(&format!("http://{address}"))).await;
    assert_eq!(reply.code(), Code::Unavailable);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_that_the_server_breaks_off_when_its_time_is_over_has_exceeded_its_deadline() {
    for begins in [false, true] {
        let answers: &[_] = match begins {
            false => &[Answer::Late { begins: false }],
            true => &[Answer::Late { begins: true }],
        };
        let (address, _) = peer(answers).await;
        let channel = channel(&format!("http://{address}"));
        let reply = call(&channel, GET, &[], &[("grpc-timeout", "200m")]).await;
        assert_eq!(reply.code(), Code::DeadlineExceeded, "{begins}: {reply:?}");
    }
}

#[tokio::test]
async fn what_may_have_been_handled_is_not_tried_again() {
    let (address, count) = peer(&[Answer::Reset(h2::Reason::INTERNAL_ERROR)]).await;
    let reply = get(&channel(&format!("http://{address}"))).await;
    assert_eq!(reply.code(), Code::Unavailable);
    assert_eq!(reply.reason(), Some(Reason::DependencyUnavailable));
    assert!(runtime::status::retry_delay(&reply.status).is_some());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_gone_round() {
    let ((up, count), (down, _bound)) = (peer(&[]).await, nobody());
    let channel = channel(&format!("http://{down},http://{up}"));
    for _ in 0..20 {
        assert_eq!(get(&channel).await.code(), Code::Ok);
    }
    assert_eq!(count.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn a_service_that_is_down_is_unavailable_at_once_and_heals() {
    let (address, socket) = nobody();
    let channel = channel(&format!("http://{address}"));
    let reply = get(&channel).await;
    assert_eq!(reply.code(), Code::Unavailable);
    assert_eq!(reply.reason(), Some(Reason::DependencyUnavailable));
    let listener = socket.listen(16).unwrap();
    tokio::spawn(serve_fine(listener, Arc::default()));
    let healed = async {
        while get(&channel).await.code() != Code::Ok {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), healed)
        .await
        .expect("it stays unavailable");
}

#[tokio::test]
async fn a_silent_service_exceeds_the_deadline() {
    let (address, _) = peer(&[Answer::Silence]).await;
    let channel = channel(&format!("http://{address}"));
    let reply = call(&channel, GET, &[], &[("grpc-timeout", "50m")]).await;
    assert_eq!(reply.code(), Code::DeadlineExceeded);
    assert_eq!(reply.reason(), Some(Reason::DeadlineExceeded));
}

#[tokio::test]
async fn the_endpoint_with_fewer_pending_requests_is_chosen() {
    let (busy, busy_count) = peer(&[Answer::Silence; 50]).await;
    let (idle, idle_count) = peer(&[]).await;
    let channel = channel(&format!("http://{busy},http://{idle}"));
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move { get(&channel).await })
        })
        .collect();
    let idle_takes_over = async {
        while idle_count.load(Ordering::SeqCst) + busy_count.load(Ordering::SeqCst) < 40 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), idle_takes_over)
        .await
        .unwrap();
    let before = busy_count.load(Ordering::SeqCst);
    for _ in 0..40 {
        assert!(matches!(
            call(&channel, GET, &[], &[("grpc-timeout", "200m")])
                .await
                .code(),
            Code::Ok | Code::DeadlineExceeded
        ));
    }
    // Both of two picks must be the busy one for it to be chosen: a quarter of the calls.
    let taken = busy_count.load(Ordering::SeqCst) - before;
    assert!(
        taken < 20,
        "{taken} of 40 went to the endpoint with pending requests"
    );
    for call in waiting {
        call.abort();
    }
}
