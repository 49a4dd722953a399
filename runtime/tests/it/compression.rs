//! Messages that clients compress, and replies in what they accept.

use std::sync::{Arc, Mutex};

use bytes::{BufMut as _, Bytes, BytesMut};
use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{ListOrdersRequest, ListOrdersResponse};
use net::coding::Coding;
use net::telemetry::Telemetry;
use prost::Message as _;
use runtime::host::HostConfig;
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::{Testbed, patient};
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use uuid::Uuid;

use crate::dummy::{self, Handler, Reply, bearer, fine, frame, handler, send};

const CREATE: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const LIST: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const CODINGS: [(Coding, CompressionEncoding); 2] = [
    (Coding::Gzip, CompressionEncoding::Gzip),
    (Coding::Zstd, CompressionEncoding::Zstd),
];

async fn orders(handler: Handler, limit: impl FnOnce(&mut HostConfig)) -> Testbed {
    let mut config = patient(Telemetry::detached(), bus::Bus::in_process());
    limit(&mut config);
    let mut testbed = Testbed::with(config);
    let node = testbed.node("svc-orders").await;
    let service = Service::new(&node).with(dummy::Orders(handler));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    testbed
}

pub(crate) fn packed(coding: Coding, message: &[u8]) -> Bytes {
    compressed(&coding.pack(message))
}

/// A frame that says that it is compressed.
fn compressed(message: &[u8]) -> Bytes {
    let mut compressed = BytesMut::new();
    compressed.put_u8(1);
    compressed.put(&frame(message)[1..]);
    compressed.freeze()
}

/// Frames of a user, and of a workload too where only these may call.
async fn ask(bed: &Testbed, path: &str, frames: Bytes, metadata: &[(&'static str, &str)]) -> Reply {
    let user = bearer(&bed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
    let workload = bearer(&bed.workload_token("svc-users"));
    let mut all = metadata.to_vec();
    match path {
        REFLECTION => all.push(("x-workload-authorization", &workload)),
        _ => all.push(("authorization", &user)),
    }
    send(&bed.channel("svc-orders"), path, frames, &all).await
}

fn assert_refused(reply: &Reply, code: Code, reason: Reason) {
    assert_eq!(
        (reply.code(), reply.reason()),
        (code, Some(reason)),
        "{reply:?}"
    );
}

/// A message that its type and its rules allow, of about so many bytes: fields that are unknown.
fn large(bytes: usize) -> Vec<u8> {
    let mut message = vec![0xfa, 0x3f];
    prost::encoding::encode_varint(bytes as u64, &mut message);
    message.resize(message.len() + bytes, b' ');
    message
}

#[tokio::test]
async fn a_client_that_compresses_is_answered_in_what_it_accepts() {
    for (coding, encoding) in CODINGS {
        let seen = Arc::new(Mutex::new(None));
        let saw = seen.clone();
        let token = "x".repeat(4096);
        let reply = ListOrdersResponse {
            next_page_token: token.clone(),
            ..Default::default()
        };
        let reply = reply.encode_to_vec();
        let handler = handler(move |asked| {
            *saw.lock().unwrap() = Some((asked.headers, asked.message));
            let reply = reply.clone();
            async { Ok(reply) }
        });
        let bed = orders(handler, |_| {}).await;
        let channel = bed.as_user("svc-orders", Uuid::nil(), &["user"]);
        let mut client = OrdersServiceClient::new(channel)
            .send_compressed(encoding)
            .accept_compressed(encoding);
        let request = ListOrdersRequest {
            page_size: 7,
            ..Default::default()
        };
        let answer = client.list_orders(request.clone()).await.unwrap();
        assert_eq!(answer.into_inner().next_page_token, token);
        let (headers, message) = seen.lock().unwrap().take().unwrap();
        assert_eq!(message, request.encode_to_vec());
        assert!(!headers.contains_key("grpc-encoding"), "{headers:?}");

        let accepts = format!("identity, br,{},gzip", coding.name());
        let metadata = [("grpc-accept-encoding", &*accepts)];
        let reply = ask(&bed, LIST, frame(&[]), &metadata).await;
        assert_eq!(reply.headers["grpc-encoding"], coding.name());
        assert!(reply.flags == 1 && reply.message.len() < 200, "{reply:?}");
        let plain = ask(&bed, LIST, frame(&[]), &[]).await;
        assert!(plain.flags == 0 && plain.message.len() > 4096);
        assert!(!plain.headers.contains_key("grpc-encoding"));
    }
}

#[tokio::test]
async fn a_small_message_is_sent_as_it_is() {
    let bed = orders(fine(), |_| {}).await;
    let metadata = [("grpc-accept-encoding", "gzip")];
    let reply = ask(&bed, LIST, frame(&[]), &metadata).await;
    assert_eq!((reply.code(), reply.flags), (Code::Ok, 0));
    // What the server itself answers passes the same way.
    let health = packed(Coding::Zstd, &[]);
    let reply = ask(&bed, CHECK, health, &[("grpc-encoding", "zstd")]).await;
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
}

#[tokio::test]
async fn streams_are_compressed_message_by_message() {
    let bed = orders(fine(), |_| {}).await;
    for (_, encoding) in CODINGS {
        let channel = bed.as_workload("svc-orders", "svc-users");
        let mut client = ServerReflectionClient::new(channel)
            .send_compressed(encoding)
            .accept_compressed(encoding);
        let ask = |message| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message),
        };
        let file = "tradewind.orders.v1.OrdersService".to_owned();
        let file = ask(MessageRequest::FileContainingSymbol(file));
        let list = ask(MessageRequest::ListServices(String::new()));
        let asked = futures::stream::iter([file.clone(), list, file]);
        let answers = client.server_reflection_info(asked).await.unwrap();
        assert_eq!(
            answers.metadata().get("grpc-encoding").unwrap(),
            &encoding.to_string()
        );
        let mut answers = answers.into_inner();
        let mut sizes = Vec::new();
        while let Some(answer) = answers.message().await.unwrap() {
            sizes.push(answer.encoded_len());
        }
        assert!(
            matches!(sizes[..], [file, list, again] if file > 1024 && list < 1024 && again == file),
            "{sizes:?}"
        );
    }
}

#[tokio::test]
async fn what_a_message_becomes_is_bounded_as_if_it_had_been_sent_so() {
    let bed = orders(fine(), |config| config.server.max_request_bytes = 20_000).await;
    for (coding, _) in CODINGS {
        let metadata = [("grpc-encoding", coding.name())];
        for path in [CREATE, CHECK, REFLECTION] {
            let bomb = packed(coding, &large(1 << 20));
            assert!(bomb.len() < 20_000);
            let reply = ask(&bed, path, bomb, &metadata).await;
            assert_refused(&reply, Code::ResourceExhausted, Reason::RequestTooLarge);
        }
        let fits = ask(&bed, CHECK, packed(coding, &large(10_000)), &metadata).await;
        assert_eq!(fits.code(), Code::Ok, "{fits:?}");
    }
}

#[tokio::test]
async fn what_a_message_becomes_counts_against_the_memory_of_requests() {
    let bed = orders(fine(), |config| {
        config.server.request_body_memory_per_address = 16 * 1024;
    })
    .await;
    for (coding, _) in CODINGS {
        let metadata = [("grpc-encoding", coding.name())];
        let message = packed(coding, &large(1 << 20));
        let reply = ask(&bed, CHECK, message, &metadata).await;
        assert_refused(&reply, Code::Unavailable, Reason::Overloaded);
        let small = ask(&bed, LIST, packed(coding, &[]), &metadata).await;
        assert_eq!(small.code(), Code::Ok, "{small:?}");
    }
}

#[tokio::test]
async fn the_rules_hold_for_what_was_compressed() {
    let never = handler(|_| async { panic!("the handler was called") });
    let bed = orders(never, |_| {}).await;
    let metadata = [("grpc-encoding", "gzip")];
    let empty = ask(&bed, CREATE, packed(Coding::Gzip, &[]), &metadata).await;
    assert_refused(&empty, Code::InvalidArgument, Reason::InvalidField);
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_refused_with_what_can_be() {
    let bed = orders(fine(), |_| {}).await;
    for path in [LIST, REFLECTION] {
        let other = [("grpc-encoding", "deflate")];
        let reply = ask(&bed, path, compressed(b"zzzz"), &other).await;
        assert_refused(&reply, Code::Unimplemented, Reason::UnsupportedContentType);
        assert_eq!(reply.headers["grpc-accept-encoding"], "identity,gzip,zstd");
        // gRPC, Compression: test case 5.
        for unnamed in [&[][..], &[("grpc-encoding", "identity")]] {
            let reply = ask(&bed, path, packed(Coding::Gzip, &[]), unnamed).await;
            assert_refused(&reply, Code::Internal, Reason::MalformedRequest);
        }
        for (coding, _) in CODINGS {
            let metadata = [("grpc-encoding", coding.name())];
            let whole = coding.pack(&large(100));
            for broken in [compressed(b"zzzz"), compressed(&whole[..whole.len() - 1])] {
                let reply = ask(&bed, path, broken, &metadata).await;
                assert_refused(&reply, Code::InvalidArgument, Reason::MalformedRequest);
            }
            let cut = packed(coding, &large(100));
            let cut = ask(&bed, path, cut.slice(..cut.len() - 1), &metadata).await;
            assert_refused(&cut, Code::InvalidArgument, Reason::MalformedRequest);
        }
    }
}
