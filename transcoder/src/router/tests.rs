use super::*;

/// A router over `METHOD template` lines.
fn router(rules: &[&str]) -> Router {
    let rule = |rule: &&str| {
        let (method, template) = rule.split_once(' ').expect("METHOD template");
        let template = Template::parse(template).unwrap_or_else(|error| panic!("{error}"));
        (http_method(method), template)
    };
    Router::of(rules.iter().map(rule), Dialect::HttpProto)
}

fn http_method(name: &str) -> HttpMethod {
    match name {
        "*" => HttpMethod::Any,
        name => HttpMethod::Is(name.parse().expect("a method")),
    }
}

/// `template captures...`, `404`, or `405 allowed...`.
fn found(router: &Router, method: &str, path: &str) -> String {
    match router.find(&method.parse().expect("a method"), path) {
        Found::Route { index, captures } => {
            let captures: String = captures.iter().map(|raw| format!(" [{raw}]")).collect();
            format!("{}{captures}", router.templates[index].1)
        }
        Found::Nothing => "404".to_owned(),
        Found::OtherMethods(allow) => {
            let allow: String = allow.iter().map(|method| format!(" {method}")).collect();
            format!("405{allow}")
        }
    }
}

#[test]
fn a_literal_goes_before_one_segment_and_that_before_the_rest() {
    let router = router(&[
        "GET /v1/{a=**}",
        "GET /v1/{b}",
        "GET /v1/me",
        "GET /v1/me/{c}/x",
    ]);
    assert_eq!(found(&router, "GET", "/v1/me"), "/v1/me");
    assert_eq!(found(&router, "GET", "/v1/you"), "/v1/{b} [you]");
    assert_eq!(found(&router, "GET", "/v1/you/x"), "/v1/{a=**} [you/x]");
    assert_eq!(found(&router, "GET", "/v1"), "/v1/{a=**} []");
    // The literal leads nowhere, so the search comes back to the others.
    assert_eq!(found(&router, "GET", "/v1/me/1/x"), "/v1/me/{c}/x [1]");
    assert_eq!(found(&router, "GET", "/v1/me/1/y"), "/v1/{a=**} [me/1/y]");
    assert_eq!(found(&router, "GET", "/v2"), "404");
    assert_eq!(found(&router, "GET", "v1/me"), "404");
}

#[test]
fn a_method_that_the_literal_has_not_is_looked_for_behind_it() {
    let router = router(&["GET /v1/users/me", "DELETE /v1/users/{id}", "* /v1/any"]);
    assert_eq!(
        found(&router, "DELETE", "/v1/users/me"),
        "/v1/users/{id} [me]"
    );
    assert_eq!(
        found(&router, "POST", "/v1/users/me"),
        "405 DELETE GET HEAD OPTIONS"
    );
    assert_eq!(
        found(&router, "OPTIONS", "/v1/users/7"),
        "405 DELETE OPTIONS"
    );
    assert_eq!(found(&router, "PURGE", "/v1/any"), "/v1/any");
}

#[test]
fn head_is_get_unless_it_has_a_rule_of_its_own() {
    let router = router(&["GET /a", "HEAD /b/{x}", "GET /b/{x=*}", "POST /c"]);
    assert_eq!(found(&router, "HEAD", "/a"), "/a");
    assert_eq!(found(&router, "HEAD", "/b/1"), "/b/{x} [1]");
    assert_eq!(found(&router, "GET", "/b/1"), "/b/{x=*} [1]");
    assert_eq!(found(&router, "HEAD", "/c"), "405 OPTIONS POST");
}

#[test]
fn a_colon_is_a_verb_only_where_something_has_that_verb() {
    let router = router(&[
        "GET /v1/products/{sku}",
        "POST /v1/products/{sku}:archive",
        "GET /v1/products:search",
        "POST /v1/files/{name=**}:scan",
    ]);
    assert_eq!(
        found(&router, "GET", "/v1/products/a:b"),
        "/v1/products/{sku} [a:b]"
    );
    assert_eq!(
        found(&router, "GET", "/v1/products/a:"),
        "/v1/products/{sku} [a:]"
    );
    assert_eq!(
        found(&router, "POST", "/v1/products/a:archive"),
        "/v1/products/{sku}:archive [a]"
    );
    assert_eq!(
        found(&router, "POST", "/v1/products/a:b:archive"),
        "/v1/products/{sku}:archive [a:b]"
    );
    assert_eq!(
        found(&router, "GET", "/v1/products/a:archive"),
        "405 OPTIONS POST"
    );
    assert_eq!(
        found(&router, "GET", "/v1/products/a%3Aarchive"),
        "/v1/products/{sku} [a%3Aarchive]"
    );
    assert_eq!(
        found(&router, "GET", "/v1/products:search"),
        "/v1/products:search"
    );
    assert_eq!(found(&router, "GET", "/v1/products:find"), "404");
    assert_eq!(
        found(&router, "POST", "/v1/products/:archive"),
        "405 GET HEAD OPTIONS"
    );
    assert_eq!(
        found(&router, "POST", "/v1/files/a/b.txt:scan"),
        "/v1/files/{name=**}:scan [a/b.txt]"
    );
    assert_eq!(
        found(&router, "POST", "/v1/files:scan"),
        "/v1/files/{name=**}:scan []"
    );
}

#[test]
fn segments_are_split_before_they_are_decoded() {
    let router = router(&["GET /v1/{name=shelves/*}", "GET /v1/a%20b/{x}", "GET /"]);
    assert_eq!(
        found(&router, "GET", "/v1/shelves/a%2Fb"),
        "/v1/{name=shelves/*} [shelves/a%2Fb]"
    );
    assert_eq!(
        found(&router, "GET", "/v1/sh%65lves/1"),
        "/v1/{name=shelves/*} [sh%65lves/1]"
    );
    assert_eq!(found(&router, "GET", "/v1/shelves%2F1"), "404");
    assert_eq!(found(&router, "GET", "/v1/a%20b/c"), "/v1/a%20b/{x} [c]");
    assert_eq!(found(&router, "GET", "/"), "/");
}

#[test]
fn an_empty_segment_is_no_value() {
    let router = router(&["GET /v1/{x}", "GET /v1/{x}/y"]);
    assert_eq!(found(&router, "GET", "/v1/"), "404");
    assert_eq!(found(&router, "GET", "/v1//y"), "404");
    assert_eq!(found(&router, "GET", "/v1/a/"), "404");
}
