//! Headers and metadata, errors, streams.

use super::{Case, JSON, case};

pub(super) const HEADERS: &[Case] = &[
    case(
        "bad bin",
        "GET /v1/items/tea",
        &["Grpc-Metadata-Key-Bin: ~~"],
        "",
    ),
    case("trailers", "GET /v1/items/tea", &["TE: trailers"], ""),
    case(
        "timeout bad",
        "GET /v1/items/tea",
        &["Grpc-Timeout: soon"],
        "",
    ),
    case("timeout ok", "GET /v1/items/tea", &["Grpc-Timeout: 5S"], ""),
    case(
        "accept of problems",
        "GET /v1/items/tea",
        &["Accept: application/problem+json"],
        "",
    ),
    case(
        "metadata by prefix",
        "GET /v1/items/tea",
        &[
            "grpc-metadata-tenant: t",
            "grpc-metadata-key-bin: AAE=",
            "grpc-metadata-x-two: 1",
            "grpc-metadata-x-two: 2",
            "grpc-metadata-grpcgateway-cookie: forged",
        ],
        "",
    ),
    case(
        "headers of HTTP",
        "GET /v1/items/tea",
        &[
            "authorization: Basic x",
            "cookie: a=b",
            "user-agent: agent",
            "accept: */*",
            "referer: r",
            "origin: https://o.example",
            "if-match: e",
            "via: v",
            "cache-control: no-cache",
            "pragma: p",
            "from: f",
        ],
        "",
    ),
    case(
        "headers of others",
        "GET /v1/items/tea",
        &["x-custom: c", "x-custom: d", "key-bin: AAE="],
        "",
    ),
    case(
        "headers of proxies",
        "GET /v1/items/tea",
        &["x-forwarded-for: 192.0.2.1", "x-forwarded-host: h.example"],
        "",
    ),
    case(
        "headers of one hop",
        "GET /v1/items/tea",
        &["connection: close, x-hop", "x-hop: 1", "keep-alive: 5"],
        "",
    ),
    case("binary metadata back", "GET /v1/items/binary", &[], ""),
];

pub(super) const ERRORS: &[Case] = &[
    case(
        "error without details",
        "GET /v1/failures/5?message=no+tea",
        &[],
        "",
    ),
    case(
        "error with details",
        "GET /v1/failures/5?message=no+tea&detailed=true",
        &[],
        "",
    ),
    case(
        "error after headers",
        "GET /v1/failures/5?message=no%20t%C3%A9a&late=true",
        &[],
        "",
    ),
    case(
        "error after headers, with trailers",
        "GET /v1/failures/5?message=no&late=true",
        &["TE: trailers"],
        "",
    ),
    case(
        "error of no known code",
        "GET /v1/failures/77?message=who",
        &[],
        "",
    ),
    case(
        "fail 1",
        "GET /v1/failures/1?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 2",
        "GET /v1/failures/2?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 3",
        "GET /v1/failures/3?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 4",
        "GET /v1/failures/4?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 6",
        "GET /v1/failures/6?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 7",
        "GET /v1/failures/7?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 8",
        "GET /v1/failures/8?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 9",
        "GET /v1/failures/9?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 10",
        "GET /v1/failures/10?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 11",
        "GET /v1/failures/11?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 12",
        "GET /v1/failures/12?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 13",
        "GET /v1/failures/13?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 14",
        "GET /v1/failures/14?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "fail 15",
        "GET /v1/failures/15?message=m&detailed=true",
        &[],
        "",
    ),
    case(
        "error packed",
        "GET /v1/failures/5",
        &["Accept-Encoding: gzip"],
        "",
    ),
];

pub(super) const STREAMS: &[Case] = &[
    case("watch", "GET /v1/items:watch?count=2", &[], ""),
    case("watch none", "GET /v1/items:watch?count=0", &[], ""),
    case("watch error", "GET /v1/items:watch?count=2&code=5", &[], ""),
    case(
        "watch error first",
        "GET /v1/items:watch?count=0&code=5",
        &[],
        "",
    ),
    case(
        "watch sse",
        "GET /v1/items:watch?count=2",
        &["Accept: text/event-stream"],
        "",
    ),
    case("watch bad", "GET /v1/items:watch?count=x", &[], ""),
    case("watch head", "HEAD /v1/items:watch?count=1", &[], ""),
    case(
        "collect",
        "POST /v1/items:collect",
        &[JSON],
        "{\"name\":\"a\"}\n{\"name\":\"b\"}",
    ),
    case(
        "collect array",
        "POST /v1/items:collect",
        &[JSON],
        r#"[{"name":"a"},{"name":"b"}]"#,
    ),
    case(
        "collect one",
        "POST /v1/items:collect",
        &[JSON],
        r#"{"name":"a"}"#,
    ),
    case(
        "collect bad",
        "POST /v1/items:collect",
        &[JSON],
        "{\"name\":\"a\"}\n{\"name",
    ),
    case("collect none", "POST /v1/items:collect", &[JSON], ""),
];
