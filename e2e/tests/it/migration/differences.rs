//! What the edge answers otherwise than the gateway whose place it takes. docs/MIGRATING.md tells of
//! them.

pub(super) mod errors;

/// The parts of the reply to one request that differ, and why.
pub(super) struct Difference {
    /// The request.
    pub(super) case: &'static str,
    pub(super) parts: &'static [&'static str],
    pub(super) why: &'static str,
}

/// One of them does what the other refuses.
const OTHER_OUTCOME: &[&str] = &[
    "status",
    "grpc-metadata-content-type",
    "grpc-metadata-x-leading",
    "body",
];
/// The same, where one of them is Envoy.
const THEIR_REFUSAL: &[&str] = &[
    "status",
    "content-type",
    "grpc-message",
    "grpc-status",
    "x-leading",
    "body",
];

/// From grpc-gateway.
pub(super) const GRPC_GATEWAY: &[Difference] = &[
    Difference {
        case: "query unknown nested",
        parts: &["body"],
        why: "a message is not there because of a field that it has not",
    },
    Difference {
        case: "query enum badnum",
        parts: OTHER_OUTCOME,
        why: "proto3 enums are open, in JSON too",
    },
    Difference {
        case: "query mask json",
        parts: OTHER_OUTCOME,
        why: "its mask is one that JSON cannot print",
    },
    Difference {
        case: "/v1/items/a?data=_-8",
        parts: OTHER_OUTCOME,
        why: "the JSON mapping allows base64 of both alphabets, padded or not",
    },
    Difference {
        case: "/v1/items/a?part.id.x=a",
        parts: OTHER_OUTCOME,
        why: "what is within no message is as unknown as what is not there",
    },
    Difference {
        case: "query semicolon",
        parts: OTHER_OUTCOME,
        why: "a semicolon is a character (URL standard)",
    },
    Difference {
        case: "badutf8",
        parts: &["status", "body"],
        why: "it is the client's fault, and no internal error",
    },
    Difference {
        case: "grpc path",
        parts: &["status", "trailer-x-trailing", "x-leading", "body"],
        why: "Connect is served beside REST",
    },
    Difference {
        case: "create trailing",
        parts: OTHER_OUTCOME,
        why: "what stands behind a body would go unnoticed",
    },
    Difference {
        case: "patch {}",
        parts: OTHER_OUTCOME,
        why: "its mask has one empty path",
    },
    Difference {
        case: "patch unknown",
        parts: OTHER_OUTCOME,
        why: "unknown fields are passed over",
    },
    Difference {
        case: "binary metadata back",
        parts: &["grpc-metadata-key-bin"],
        why: "its bytes are no value of a header",
    },
    Difference {
        case: "watch none",
        parts: &["content-type", "grpc-metadata-content-type"],
        why: "a reply says what it is also if it is empty",
    },
    Difference {
        case: "collect array",
        parts: OTHER_OUTCOME,
        why: "an array of messages is taken too",
    },
];

/// From Envoy, whatever it does with statuses.
pub(super) const ENVOY: &[Difference] = &[
    Difference {
        case: "query enum badnum",
        parts: THEIR_REFUSAL,
        why: "proto3 enums are open, in JSON too",
    },
    Difference {
        case: "query map",
        parts: THEIR_REFUSAL,
        why: "maps are taken from queries too",
    },
    Difference {
        case: "query bad escape",
        parts: THEIR_REFUSAL,
        why: "it is not percent-encoded",
    },
    Difference {
        case: "escape literal",
        parts: THEIR_REFUSAL,
        why: "a character means the same encoded (RFC 3986, section 6.2.2)",
    },
    Difference {
        case: "/v1/deep/a/%65nd",
        parts: THEIR_REFUSAL,
        why: "a character means the same encoded (RFC 3986, section 6.2.2)",
    },
    Difference {
        case: "/v1/tagged/a/KIND_TEA?labels[b]=c",
        parts: THEIR_REFUSAL,
        why: "maps are taken from queries too",
    },
    Difference {
        case: "show",
        parts: THEIR_REFUSAL,
        why: "it has no response_body",
    },
    Difference {
        case: "grpc path",
        parts: &[
            "status",
            "content-type",
            "trailer-x-trailing",
            "x-leading",
            "body",
        ],
        why: "Connect is served beside REST",
    },
    Difference {
        case: "create unknown enum",
        parts: THEIR_REFUSAL,
        why: "names of enums are passed over with unknown fields",
    },
    Difference {
        case: r#"{"title":{"value":"x"}}"#,
        parts: THEIR_REFUSAL,
        why: "it is not of the JSON mapping",
    },
    Difference {
        case: r#"{"ready":"true"}"#,
        parts: THEIR_REFUSAL,
        why: "it is not of the JSON mapping",
    },
    Difference {
        case: r#"{"shown":"display_name"}"#,
        parts: THEIR_REFUSAL,
        why: "it is not of the JSON mapping",
    },
    Difference {
        case: r#"{"amount":"7.0"}"#,
        parts: THEIR_REFUSAL,
        why: "the JSON mapping allows it",
    },
    Difference {
        case: r#"{"size":"1e3"}"#,
        parts: THEIR_REFUSAL,
        why: "the JSON mapping allows it",
    },
    Difference {
        case: r#"{"labels":{"a":null}}"#,
        parts: THEIR_REFUSAL,
        why: "it is not of the JSON mapping",
    },
    Difference {
        case: r#"{"tags":[null]}"#,
        parts: THEIR_REFUSAL,
        why: "it is not of the JSON mapping",
    },
    Difference {
        case: r#"{"parts":{}}"#,
        parts: THEIR_REFUSAL,
        why: "it is not of the JSON mapping",
    },
    Difference {
        case: "create dup",
        parts: THEIR_REFUSAL,
        why: "one of the two was not meant",
    },
    Difference {
        case: "watch none",
        parts: &["grpc-message", "grpc-status"],
        why: "the end of a stream is not waited for",
    },
    Difference {
        case: "collect",
        parts: THEIR_REFUSAL,
        why: "messages without an array are taken too",
    },
    Difference {
        case: "collect one",
        parts: THEIR_REFUSAL,
        why: "messages without an array are taken too",
    },
    Difference {
        case: "collect none",
        parts: THEIR_REFUSAL,
        why: "messages without an array are taken too",
    },
];

/// And where it tells them in headers.
pub(super) const ENVOY_TELLING: &[Difference] = &[
    Difference {
        case: "badutf8",
        parts: &[
            "status",
            "content-type",
            "grpc-message",
            "grpc-status",
            "body",
        ],
        why: "the server is not asked what it thinks of it",
    },
    Difference {
        case: "bad bin",
        parts: THEIR_REFUSAL,
        why: "what is no metadata does not pass",
    },
    Difference {
        case: "timeout bad",
        parts: &[
            "status",
            "content-type",
            "grpc-message",
            "grpc-status",
            "body",
        ],
        why: "the server is not asked what it thinks of it",
    },
];

/// And where it has `convert_grpc_status`.
pub(super) const ENVOY_CONVERTING: &[Difference] = &[
    Difference {
        case: "badutf8",
        parts: &["status", "content-type", "body"],
        why: "the server is not asked what it thinks of it",
    },
    Difference {
        case: "bad bin",
        parts: &["status", "grpc-message", "grpc-status", "x-leading", "body"],
        why: "what is no metadata does not pass",
    },
    Difference {
        case: "timeout bad",
        parts: &["status", "content-type", "body"],
        why: "the server is not asked what it thinks of it",
    },
];
