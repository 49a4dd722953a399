//! Errors with what may come along, deadlines, and what fails on its way.

use super::{Case, JSON, case, get};

/// Details of every kind.
pub(super) const DETAILS: &[Case] = &[
    get("/v1/failures/9?message=m&details=bad"),
    get("/v1/failures/9?message=m&details=debug"),
    get("/v1/failures/9?message=m&details=help"),
    get("/v1/failures/9?message=m&details=info"),
    get("/v1/failures/9?message=m&details=item"),
    get("/v1/failures/9?message=m&details=localized"),
    get("/v1/failures/9?message=m&details=precondition"),
    get("/v1/failures/9?message=m&details=quota"),
    get("/v1/failures/9?message=m&details=request"),
    get("/v1/failures/9?message=m&details=resource"),
    get("/v1/failures/9?message=m&details=retry"),
    get("/v1/failures/9?message=m&details=unheard"),
    get("/v1/failures/9?details=bad&details=info&details=retry&details=item&details=help"),
    get("/v1/failures/9?details=info&details=unheard"),
    get("/v1/failures/9?details=info&details=info&detailed=true"),
    get("/v1/failures/3?late=true&details=bad"),
    get("/v1/failures/3?late=true&details=retry"),
    get("/v1/failures/3?late=true&details=unheard"),
    get("/v1/failures/0?message=m&details=info"),
];

/// Codes without and after headers, and what stands in messages.
pub(super) const CODES: &[Case] = &[
    get("/v1/failures/0"),
    get("/v1/failures/0?late=true&message=late"),
    get("/v1/failures/1"),
    get("/v1/failures/1?late=true&message=late"),
    get("/v1/failures/2"),
    get("/v1/failures/2?late=true&message=late"),
    get("/v1/failures/3"),
    get("/v1/failures/3?late=true&message=late"),
    get("/v1/failures/4"),
    get("/v1/failures/4?late=true&message=late"),
    get("/v1/failures/5"),
    get("/v1/failures/5?late=true&message=late"),
    get("/v1/failures/6"),
    get("/v1/failures/6?late=true&message=late"),
    get("/v1/failures/7"),
    get("/v1/failures/7?late=true&message=late"),
    get("/v1/failures/8"),
    get("/v1/failures/8?late=true&message=late"),
    get("/v1/failures/9"),
    get("/v1/failures/9?late=true&message=late"),
    get("/v1/failures/10"),
    get("/v1/failures/10?late=true&message=late"),
    get("/v1/failures/11"),
    get("/v1/failures/11?late=true&message=late"),
    get("/v1/failures/12"),
    get("/v1/failures/12?late=true&message=late"),
    get("/v1/failures/13"),
    get("/v1/failures/13?late=true&message=late"),
    get("/v1/failures/14"),
    get("/v1/failures/14?late=true&message=late"),
    get("/v1/failures/15"),
    get("/v1/failures/15?late=true&message=late"),
    get("/v1/failures/16"),
    get("/v1/failures/16?late=true&message=late"),
    get("/v1/failures/17"),
    get("/v1/failures/17?late=true&message=late"),
    get("/v1/failures/5?message=%22a%22+%3Cb%3E+%26"),
    get("/v1/failures/5?message=a%0Ab%09c"),
    get("/v1/failures/5?message=%F0%9F%8D%B5"),
    get("/v1/failures/5?message=100%25+a%25b"),
    get("/v1/failures/16?message=Bearer+realm=%22x%22"),
    get("/v1/failures/16?message=m&late=true"),
    get("/v1/failures/14?details=retry"),
    get("/v1/failures/8?details=quota&late=true"),
    case(
        "a failure by its body",
        "POST /v1/failures",
        &[JSON],
        r#"{"code":9,"message":"m","details":["bad","retry"],"told":["plain"]}"#,
    ),
    case(
        "a failure of HEAD",
        "HEAD /v1/failures/5?message=m",
        &[],
        "",
    ),
    case(
        "a failure for who likes problems",
        "GET /v1/failures/5?message=m",
        &["Accept: application/problem+json"],
        "",
    ),
    case(
        "a failure for who likes text",
        "GET /v1/failures/5?message=m",
        &["Accept: text/plain"],
        "",
    ),
    case(
        "an error alone, for who takes trailers",
        "GET /v1/failures/5?message=m",
        &["TE: trailers"],
        "",
    ),
];

/// Metadata beside errors.
pub(super) const METADATA: &[Case] = &[
    get("/v1/failures/5?message=m&told=binary"),
    get("/v1/failures/5?message=m&late=true&told=binary"),
    case(
        "trailers of binary",
        "GET /v1/failures/5?message=m&late=true&told=binary",
        &["TE: trailers"],
        "",
    ),
    get("/v1/failures/5?message=m&told=cookie"),
    get("/v1/failures/5?message=m&late=true&told=cookie"),
    case(
        "trailers of cookie",
        "GET /v1/failures/5?message=m&late=true&told=cookie",
        &["TE: trailers"],
        "",
    ),
    get("/v1/failures/5?message=m&told=plain"),
    get("/v1/failures/5?message=m&late=true&told=plain"),
    case(
        "trailers of plain",
        "GET /v1/failures/5?message=m&late=true&told=plain",
        &["TE: trailers"],
        "",
    ),
    get("/v1/failures/5?message=m&told=reserved"),
    get("/v1/failures/5?message=m&late=true&told=reserved"),
    case(
        "trailers of reserved",
        "GET /v1/failures/5?message=m&late=true&told=reserved",
        &["TE: trailers"],
        "",
    ),
    get("/v1/failures/5?message=m&told=twice"),
    get("/v1/failures/5?message=m&late=true&told=twice"),
    case(
        "trailers of twice",
        "GET /v1/failures/5?message=m&late=true&told=twice",
        &["TE: trailers"],
        "",
    ),
    get("/v1/failures/5?told=plain&told=twice&told=binary&details=info"),
];

/// Deadlines that do not pass, or are none.
pub(super) const DEADLINES: &[Case] = &[
    case(
        "a deadline far away",
        "GET /v1/items/a",
        &["Grpc-Timeout: 99999999H"],
        "",
    ),
    case(
        "a deadline of too many digits",
        "GET /v1/items/a",
        &["Grpc-Timeout: 123456789S"],
        "",
    ),
    case(
        "a deadline without a unit",
        "GET /v1/items/a",
        &["Grpc-Timeout: 5"],
        "",
    ),
    case(
        "a negative deadline",
        "GET /v1/items/a",
        &["Grpc-Timeout: -5S"],
        "",
    ),
    case(
        "an empty deadline",
        "GET /v1/items/a",
        &["Grpc-Timeout:"],
        "",
    ),
];

/// Deadlines that pass. Envoy leaves them to the server, and says 503 or 504, by who is faster.
pub(super) const LATE: &[Case] = &[
    case(
        "a deadline that passes",
        "GET /v1/waits/a",
        &["Grpc-Timeout: 50m"],
        "",
    ),
    case(
        "a deadline in microseconds",
        "GET /v1/waits/a",
        &["Grpc-Timeout: 50000u"],
        "",
    ),
    case(
        "no time at all",
        "GET /v1/items/a",
        &["Grpc-Timeout: 0S"],
        "",
    ),
    case(
        "a deadline that passes at once",
        "GET /v1/waits/a",
        &["Grpc-Timeout: 1n"],
        "",
    ),
];

/// `google.api.HttpBody`, and streams of it that fail.
pub(super) const DOWNLOADS: &[Case] = &[
    get("/v1/picture"),
    get("/v1/picture?code=5"),
    case(
        "a picture packed",
        "GET /v1/picture",
        &["Accept-Encoding: gzip"],
        "",
    ),
    get("/v1/items:download?count=1"),
    get("/v1/items:download?count=3"),
    get("/v1/items:download?count=0"),
    get("/v1/items:download?count=1&code=5"),
    get("/v1/items:download?count=3&code=13"),
    get("/v1/items:download?count=0&code=5"),
    get("/v1/items:download?count=0&code=16"),
    get("/v1/items:download?count=x"),
    case(
        "a download that breaks off, packed",
        "GET /v1/items:download?count=1&code=5",
        &["Accept-Encoding: gzip"],
        "",
    ),
    case(
        "a download for who likes events",
        "GET /v1/items:download?count=1&code=5",
        &["Accept: text/event-stream"],
        "",
    ),
    case(
        "a download by HEAD",
        "HEAD /v1/items:download?count=1",
        &[],
        "",
    ),
    get("/v1/items:watch?count=1&code=13"),
    get("/v1/items:watch?count=1&code=16"),
    get("/v1/items:watch?count=0&code=16"),
];
