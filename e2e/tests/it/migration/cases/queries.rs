//! Parameters of queries: their names, their values, what is none.

use super::{Case, case};

pub(super) const QUERIES: &[Case] = &[
    case("query snake", "GET /v1/items/tea?display_name=x", &[], ""),
    case("query unknown", "GET /v1/items/tea?utm=1", &[], ""),
    case(
        "query unknown nested",
        "GET /v1/items/tea?part.utm=1",
        &[],
        "",
    ),
    case("query bound", "GET /v1/items/tea?name=other", &[], ""),
    case("query twice", "GET /v1/items/tea?size=1&size=2", &[], ""),
    case("query bad", "GET /v1/items/tea?size=x", &[], ""),
    case("query bool 1", "GET /v1/items/tea?active=1", &[], ""),
    case("query bool T", "GET /v1/items/tea?active=TRUE", &[], ""),
    case("query enum number", "GET /v1/items/tea?kind=2", &[], ""),
    case("query enum bad", "GET /v1/items/tea?kind=NOPE", &[], ""),
    case("query enum badnum", "GET /v1/items/tea?kind=77", &[], ""),
    case(
        "query enum lower",
        "GET /v1/items/tea?kind=kind_tea",
        &[],
        "",
    ),
    case(
        "query map",
        "GET /v1/items/tea?labels[a]=b&labels[c]=d",
        &[],
        "",
    ),
    case("query list msg", "GET /v1/items/tea?parts[0].id=b", &[], ""),
    case("query msg", "GET /v1/items/tea?part=b", &[], ""),
    case(
        "query times",
        "GET /v1/items/tea?made=2020-01-02T03:04:05Z&age=90s",
        &[],
        "",
    ),
    case("query dur go", "GET /v1/items/tea?age=1h", &[], ""),
    case(
        "query mask",
        "GET /v1/items/tea?shown=display_name,part.id",
        &[],
        "",
    ),
    case(
        "query mask json",
        "GET /v1/items/tea?shown=displayName",
        &[],
        "",
    ),
    case("query oneof", "GET /v1/items/tea?place=a&batch=1", &[], ""),
    case("query empty num", "GET /v1/items/tea?size=", &[], ""),
    case(
        "query float exp",
        "GET /v1/items/tea?price=1e3&amount=1e2",
        &[],
        "",
    ),
    case(
        "query plus",
        "GET /v1/items/tea?displayName=a+b%20c%2Bd",
        &[],
        "",
    ),
    case(
        "query bad escape",
        "GET /v1/items/tea?displayName=%zz",
        &[],
        "",
    ),
    case(
        "query semicolon",
        "GET /v1/items/tea?displayName=a;b",
        &[],
        "",
    ),
    case(
        "query go duration",
        "GET /v1/items/tea?age=1h30m1.5s",
        &[],
        "",
    ),
];
