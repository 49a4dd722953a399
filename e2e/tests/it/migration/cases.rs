//! What is asked of both gateways.

/// A request.
pub(super) struct Case {
    /// What it is about.
    pub(super) name: &'static str,
    /// Method and target.
    pub(super) line: &'static str,
    pub(super) headers: &'static [&'static str],
    pub(super) body: &'static str,
}

const fn case(
    name: &'static str,
    line: &'static str,
    headers: &'static [&'static str],
    body: &'static str,
) -> Case {
    Case {
        name,
        line,
        headers,
        body,
    }
}

const JSON: &str = "content-type: application/json";
const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// Every request.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    [QUERIES, PATHS, BODIES, FORMS, HEADERS, ERRORS, STREAMS]
        .into_iter()
        .flatten()
}

const QUERIES: &[Case] = &[
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

const PATHS: &[Case] = &[
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

const BODIES: &[Case] = &[
    case(
        "delete body",
        "DELETE /v1/items/tea",
        &[JSON],
        r#"{"size":1}"#,
    ),
    case("get body", "GET /v1/items/tea", &[JSON], r#"{"size":1}"#),
    case("get body bad", "GET /v1/items/tea", &[JSON], "xx"),
    case(
        "create",
        "POST /v1/items",
        &[JSON],
        r#"{"name":"a","displayName":"b","size":"9007199254740993","amount":2,"price":0.5,"active":true,"kind":"KIND_TEA","data":"AAE=","tags":["x"],"kinds":[1,"KIND_POT"],"labels":{"a":"b"},"part":{"id":"p"},"parts":[{"id":"q"}],"note":"","made":"2020-01-02T03:04:05.5Z","age":"1.5s","rating":3,"place":"here","shown":"displayName,part.id"}"#,
    ),
    case(
        "create snake",
        "POST /v1/items",
        &[JSON],
        r#"{"display_name":"b"}"#,
    ),
    case("create empty", "POST /v1/items", &[JSON], ""),
    case("create {}", "POST /v1/items", &[JSON], "{}"),
    case("create no ct", "POST /v1/items", &[], r#"{"name":"a"}"#),
    case(
        "create text ct",
        "POST /v1/items",
        &["Content-Type: text/plain"],
        r#"{"name":"a"}"#,
    ),
    case(
        "create form ct json",
        "POST /v1/items",
        &[FORM],
        r#"{"name":"a"}"#,
    ),
    case(
        "create unknown field",
        "POST /v1/items",
        &[JSON],
        r#"{"name":"a","nope":1}"#,
    ),
    case(
        "create unknown enum",
        "POST /v1/items",
        &[JSON],
        r#"{"name":"a","kind":"NOPE"}"#,
    ),
    case(
        "create unknown enum num",
        "POST /v1/items",
        &[JSON],
        r#"{"name":"a","kind":77}"#,
    ),
    case("create bad json", "POST /v1/items", &[JSON], r#"{"name":"#),
    case(
        "create wrong type",
        "POST /v1/items",
        &[JSON],
        r#"{"name":7}"#,
    ),
    case("create array", "POST /v1/items", &[JSON], "[]"),
    case("create null", "POST /v1/items", &[JSON], "null"),
    case(
        "create trailing",
        "POST /v1/items",
        &[JSON],
        r#"{"name":"a"} x"#,
    ),
    case(
        "create dup",
        "POST /v1/items",
        &[JSON],
        r#"{"name":"a","name":"b"}"#,
    ),
    case(
        "create nulls",
        "POST /v1/items",
        &[JSON],
        r#"{"name":null,"size":null}"#,
    ),
    case(
        "create query",
        "POST /v1/items?size=4",
        &[JSON],
        r#"{"name":"a"}"#,
    ),
    case(
        "create query unknown",
        "POST /v1/items?utm=4",
        &[JSON],
        r#"{"name":"a"}"#,
    ),
    case(
        "create int str",
        "POST /v1/items",
        &[JSON],
        r#"{"size":12,"amount":"7"}"#,
    ),
    case(
        "place",
        "POST /v1/shelves/s1/items?position=4",
        &[JSON],
        r#"{"name":"a"}"#,
    ),
    case(
        "place query body",
        "POST /v1/shelves/s1/items?item.name=b",
        &[JSON],
        r#"{"size":2}"#,
    ),
    case(
        "place unknown query",
        "POST /v1/shelves/s1/items?utm=4",
        &[JSON],
        r#"{"name":"a"}"#,
    ),
    case("place empty", "POST /v1/shelves/s1/items", &[JSON], ""),
    case(
        "archive",
        "POST /v1/items/tea:archive",
        &[JSON],
        r#"{"size":2}"#,
    ),
    case(
        "archive override",
        "POST /v1/items/tea:archive",
        &[JSON],
        r#"{"name":"b"}"#,
    ),
    case(
        "patch",
        "PATCH /v1/items/tea",
        &[JSON],
        r#"{"displayName":"x","part":{"id":"p"},"tags":["a"],"labels":{"a":"b"},"name":"tea"}"#,
    ),
    case(
        "patch mask query",
        "PATCH /v1/items/tea?updateMask=size",
        &[JSON],
        r#"{"displayName":"x"}"#,
    ),
    case(
        "patch mask query snake",
        "PATCH /v1/items/tea?update_mask=display_name",
        &[JSON],
        r#"{"displayName":"x"}"#,
    ),
    case("patch empty", "PATCH /v1/items/tea", &[JSON], ""),
    case("patch {}", "PATCH /v1/items/tea", &[JSON], "{}"),
    case(
        "patch unknown",
        "PATCH /v1/items/tea",
        &[JSON],
        r#"{"nope":1}"#,
    ),
    case(
        "patch part {}",
        "PATCH /v1/items/tea",
        &[JSON],
        r#"{"part":{},"made":null,"rating":4,"age":"1s"}"#,
    ),
];

const FORMS: &[Case] = &[
    case("form list as create", "POST /v1/items", &[FORM], "size=4"),
    case(
        "form override",
        "POST /v1/items/tea",
        &[FORM, "X-HTTP-Method-Override: delete"],
        "size=4",
    ),
    case(
        "form override get",
        "POST /v1/items",
        &[FORM, "X-HTTP-Method-Override: GET"],
        "size=4",
    ),
    case(
        "json override",
        "POST /v1/items/tea",
        &[JSON, "X-HTTP-Method-Override: DELETE"],
        "{}",
    ),
    case(
        "form as query",
        "POST /v1/failures/0?message=a",
        &[FORM],
        "detailed=true",
    ),
    case(
        "form as query, twice",
        "POST /v1/shelves/1/items/a?size=4",
        &[FORM],
        "displayName=a+b&size=5",
    ),
    case(
        "form with a charset",
        "POST /v1/shelves/1/items/a",
        &["Content-Type: application/x-www-form-urlencoded; charset=utf-8"],
        "size=4",
    ),
];

const HEADERS: &[Case] = &[
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

const ERRORS: &[Case] = &[
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

const STREAMS: &[Case] = &[
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
