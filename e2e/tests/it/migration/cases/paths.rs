//! Paths and methods: escapes, slashes, verbs, what has no route.

use super::{Case, JSON, case};

pub(super) const PATHS: &[Case] = &[
    case("get", "GET /v1/items/tea", &[], ""),
    case(
        "get 64 etc",
        "GET /v1/items/tea?size=9007199254740993&kind=KIND_TEA&kinds=1&kinds=KIND_POT&tags=a&tags=b&price=1.5&active=true&data=AAE%3D&displayName=x&part.id=p&part.amount=2&note=n&rating=3",
        &[],
        "",
    ),
    case("list", "GET /v1/items", &[], ""),
    case("trailing slash", "GET /v1/items/", &[], ""),
    case("trailing slash2", "GET /v1/items/tea/", &[], ""),
    case("double slash", "GET /v1//items/tea", &[], ""),
    case("escape", "GET /v1/items/a%20b%3Fc", &[], ""),
    case("escape slash", "GET /v1/items/a%2Fb", &[], ""),
    case("escape colon", "GET /v1/items/a%3Aarchive", &[], ""),
    case("escape plus", "GET /v1/items/a+b", &[], ""),
    case("escape percent", "GET /v1/items/a%2525", &[], ""),
    case("escape literal", "GET /v1/it%65ms/a", &[], ""),
    case("colon", "GET /v1/items/a:b", &[], ""),
    case("wild", "GET /v1/shelves/1/items/a/b", &[], ""),
    case(
        "wild escaped",
        "GET /v1/shelves/1%2F2/items/a%2Fb/c%20d",
        &[],
        "",
    ),
    case("wild empty", "GET /v1/shelves/1/items/", &[], ""),
    case("utf8", "GET /v1/items/caf%C3%A9", &[], ""),
    case("badutf8", "GET /v1/items/%ff", &[], ""),
    case("unknown path", "GET /v1/nothing", &[], ""),
    case("root", "GET /", &[], ""),
    case("wrong method", "PUT /v1/items/tea", &[], ""),
    case("wrong method 2", "PATCH /v1/items", &[JSON], "{}"),
    case("wrong verb", "POST /v1/items/tea:frobnicate", &[JSON], "{}"),
    case("head", "HEAD /v1/items/tea", &[], ""),
    case("options", "OPTIONS /v1/items/tea", &[], ""),
    case("delete", "DELETE /v1/items/tea", &[], ""),
    case("show", "GET /v1/shown/tea", &[], ""),
    case(
        "grpc path",
        "POST /items.v1.Items/GetItem",
        &[JSON],
        r#"{"name":"x"}"#,
    ),
];
