//! What differs of errors, deadlines and downloads.

use super::{Difference, OTHER_OUTCOME};

const fn differ(
    case: &'static str,
    parts: &'static [&'static str],
    why: &'static str,
) -> Difference {
    Difference { case, parts, why }
}

const UNHEARD: &str = "details of a type that nobody knows are told as they are";
const EMPTY: &str = "a reply says what it is also if it is empty";
const DELIMITED: &str = "a line feed after each piece is none of it";
const CHALLENGE: &str = "401 has a challenge (RFC 9110, section 15.5.2)";
const CUT_OFF: &str = "nobody takes a part for the whole";
const NOT_ASKED: &str = "the server is not asked what it thinks of it";
const MORE: &str = "what the server says is told";

/// From grpc-gateway.
pub(in super::super) const OF_GRPC_GATEWAY: &[Difference] = &[
    differ(
        "/v1/failures/9?message=m&details=unheard",
        &["status", "body"],
        UNHEARD,
    ),
    differ(
        "/v1/failures/9?details=info&details=unheard",
        &["status", "body"],
        UNHEARD,
    ),
    differ(
        "/v1/failures/3?late=true&details=unheard",
        OTHER_OUTCOME,
        UNHEARD,
    ),
    differ(
        "an error alone, for who takes trailers",
        &["trailer", "trailers"],
        "`content-type` is none",
    ),
    differ(
        "trailers of binary",
        &["trailers"],
        "its bytes are no value of a header",
    ),
    differ(
        "trailers of reserved",
        &["trailer", "trailers"],
        "requests have an id here",
    ),
    differ(
        "a deadline of too many digits",
        OTHER_OUTCOME,
        "gRPC allows eight",
    ),
    differ("an empty deadline", OTHER_OUTCOME, "it is no duration"),
    differ(
        "no time at all",
        OTHER_OUTCOME,
        "no time is not all the time",
    ),
    differ(
        "/v1/items:download?count=0&code=16",
        &["www-authenticate"],
        CHALLENGE,
    ),
    differ(
        "/v1/items:watch?count=0&code=16",
        &["www-authenticate"],
        CHALLENGE,
    ),
    differ("/v1/items:download?count=1", &["body"], DELIMITED),
    differ("/v1/items:download?count=3", &["body"], DELIMITED),
    differ("/v1/items:download?count=3&code=13", &["body"], DELIMITED),
    differ(
        "/v1/items:download?count=0",
        &["content-type", "grpc-metadata-content-type"],
        EMPTY,
    ),
];

/// From Envoy, whatever it does with statuses.
pub(in super::super) const OF_ENVOY: &[Difference] = &[
    differ(
        "/v1/failures/5?message=m&told=cookie",
        &["set-cookie"],
        "cookies are of the whole origin",
    ),
    differ(
        "/v1/items:download?count=0",
        &["content-type", "grpc-message", "grpc-status"],
        EMPTY,
    ),
    differ("/v1/items:download?count=1&code=5", &["trailers"], CUT_OFF),
    differ("/v1/items:download?count=3&code=13", &["trailers"], CUT_OFF),
    differ("a download that breaks off, packed", &["trailers"], CUT_OFF),
    differ("a download for who likes events", &["trailers"], CUT_OFF),
];

const TOLD: &[&str] = &[
    "status",
    "content-type",
    "grpc-message",
    "grpc-status",
    "body",
];

/// And where it tells them in headers.
pub(in super::super) const OF_ENVOY_TELLING: &[Difference] = &[
    differ(
        "/v1/failures/3?late=true&details=bad",
        &["grpc-status-details-bin"],
        MORE,
    ),
    differ(
        "/v1/failures/3?late=true&details=retry",
        &["grpc-status-details-bin"],
        MORE,
    ),
    differ(
        "/v1/failures/3?late=true&details=unheard",
        &["grpc-status-details-bin"],
        MORE,
    ),
    differ(
        "/v1/failures/8?details=quota&late=true",
        &["grpc-status-details-bin"],
        MORE,
    ),
    differ("a deadline of too many digits", TOLD, NOT_ASKED),
    differ("a deadline without a unit", TOLD, NOT_ASKED),
    differ("a negative deadline", TOLD, NOT_ASKED),
    differ("an empty deadline", TOLD, NOT_ASKED),
];

const IN_HEADERS: &[&str] = &[
    "content-type",
    "grpc-message",
    "grpc-status",
    "grpc-status-details-bin",
    "body",
];
const REFUSED: &[&str] = &["status", "content-type", "body"];

/// And where it has `convert_grpc_status`.
pub(in super::super) const OF_ENVOY_CONVERTING: &[Difference] = &[
    differ(
        "/v1/failures/9?message=m&details=unheard",
        IN_HEADERS,
        UNHEARD,
    ),
    differ(
        "/v1/failures/9?details=info&details=unheard",
        IN_HEADERS,
        UNHEARD,
    ),
    differ(
        "/v1/failures/3?late=true&details=unheard",
        &["grpc-message", "grpc-status", "body"],
        UNHEARD,
    ),
    differ("a deadline of too many digits", REFUSED, NOT_ASKED),
    differ("a deadline without a unit", REFUSED, NOT_ASKED),
    differ("a negative deadline", REFUSED, NOT_ASKED),
    differ("an empty deadline", REFUSED, NOT_ASKED),
];
