use super::*;

fn literal(text: &str) -> Segment {
    Segment::Literal(text.to_owned())
}

fn variable(field_path: &[&str], segments: std::ops::Range<usize>) -> Variable {
    Variable {
        field_path: field_path.iter().map(|s| (*s).to_owned()).collect(),
        segments,
    }
}

#[test]
fn every_production_of_the_grammar_is_read() {
    use Segment::{One, Rest};
    type Case = (
        &'static str,
        Vec<Segment>,
        Vec<Variable>,
        Option<&'static str>,
    );
    let cases: Vec<Case> = vec![
        ("/", vec![], vec![], None),
        ("/v1", vec![literal("v1")], vec![], None),
        (
            "/v1/*/x/**",
            vec![literal("v1"), One, literal("x"), Rest],
            vec![],
            None,
        ),
        ("/{a}", vec![One], vec![variable(&["a"], 0..1)], None),
        ("/{a=*}", vec![One], vec![variable(&["a"], 0..1)], None),
        ("/{a=**}", vec![Rest], vec![variable(&["a"], 0..1)], None),
        (
            "/{a=x}",
            vec![literal("x")],
            vec![variable(&["a"], 0..1)],
            None,
        ),
        (
            "/v1/{a.b_1.c=x/*/y/**}:do",
            vec![literal("v1"), literal("x"), One, literal("y"), Rest],
            vec![variable(&["a", "b_1", "c"], 1..5)],
            Some("do"),
        ),
        (
            "/{a}/{b=p/*}/{_c}",
            vec![One, literal("p"), One, One],
            vec![
                variable(&["a"], 0..1),
                variable(&["b"], 1..3),
                variable(&["_c"], 3..4),
            ],
            None,
        ),
        (
            "/users:search",
            vec![literal("users")],
            vec![],
            Some("search"),
        ),
        (
            "/users/*:search",
            vec![literal("users"), One],
            vec![],
            Some("search"),
        ),
        (
            "/users/**:search",
            vec![literal("users"), Rest],
            vec![],
            Some("search"),
        ),
        ("/a:b/c", vec![literal("a:b"), literal("c")], vec![], None),
        ("/a:b:c", vec![literal("a:b")], vec![], Some("c")),
        ("/a%20b%2Fc", vec![literal("a b/c")], vec![], None),
        (
            "/.well-known/jwks.json",
            vec![literal(".well-known"), literal("jwks.json")],
            vec![],
            None,
        ),
    ];
    for (text, segments, variables, verb) in cases {
        let parsed = template(text, Dialect::HttpProto).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(parsed.segments, segments, "{text}");
        assert_eq!(parsed.variables, variables, "{text}");
        assert_eq!(parsed.verb(), verb, "{text}");
        assert_eq!(parsed.to_string(), text);
    }
}

#[test]
fn what_is_no_template_is_refused_with_place_and_reason() {
    let cases = [
        ("", 0, "a template starts with '/'"),
        ("v1", 0, "a template starts with '/'"),
        ("/v1/", 4, "a segment is empty"),
        ("/v1//x", 4, "a segment is empty"),
        ("/v1/:x", 4, "a segment is empty"),
        ("/v1:", 4, "the verb is empty"),
        ("/{a}:", 5, "the verb is empty"),
        ("/{a}:x/y", 6, "'/' does not belong here"),
        ("/{a}:x:y", 8, "a verb holds no ':'"),
        ("/{a", 3, "'}' is missing here"),
        ("/{a=x", 5, "'}' is missing here"),
        ("/{}", 2, "a field name is missing here"),
        ("/{a.}", 4, "a field name is missing here"),
        ("/{1a}", 2, "a field name is missing here"),
        ("/{a-b}", 3, "'}' is missing here"),
        ("/{a=}", 4, "a segment is empty"),
        ("/{a={b}}", 4, "variables do not nest"),
        ("/{a=x/{b}}", 6, "variables do not nest"),
        (
            "/a/{x=var:verb}",
            6,
            "a variable holds no ':'; a verb stands behind all segments",
        ),
        ("/{a}/{a}", 5, "\"a\" is bound twice"),
        ("/{a}b", 4, "'b' does not belong here"),
        ("/a{b}", 2, "'{' does not belong here"),
        ("/***", 3, "'*' does not belong here"),
        ("/a*", 2, "'*' does not belong here"),
        ("/a}", 2, "'}' does not belong here"),
        ("/**/x", 5, "'**' is only allowed as the last segment"),
        ("/{a=**}/x", 9, "'**' is only allowed as the last segment"),
        (
            "/a b",
            1,
            "' ' cannot stand in a path; write it percent-encoded",
        ),
        (
            "/a?b",
            1,
            "'?' cannot stand in a path; write it percent-encoded",
        ),
        ("/a%zz", 1, "\"a%zz\" is not well percent-encoded UTF-8"),
        ("/a%ff", 1, "\"a%ff\" is not well percent-encoded UTF-8"),
    ];
    for (text, at, problem) in cases {
        let error = template(text, Dialect::HttpProto).expect_err(text);
        assert_eq!((error.at, error.problem.as_str()), (at, problem), "{text}");
        assert_eq!(error.template, text);
    }
}

/// The segments in one line, the verb, and how many segments each variable covers.
fn read_as(dialect: Dialect, text: &str) -> Result<String, String> {
    let template = template(text, dialect).map_err(|error| error.problem)?;
    let segments = template.segments().iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text:?}"),
        Segment::One => "/*".to_owned(),
        Segment::Rest => "/**".to_owned(),
    });
    let verb = template.verb().map(|verb| format!(" :{verb}"));
    let variables = template.variables().iter().map(|variable| {
        let name = variable.field_path.join(".");
        format!(" {name}={:?}", variable.segments)
    });
    let whole = segments.chain(verb).chain(variables);
    Ok(whole.collect())
}

#[test]
fn others_read_some_templates_otherwise() {
    use Dialect::{Envoy, GrpcGateway, HttpProto};
    let refused = |problem: &'static str| Err(problem);
    let only_last = refused("'**' is only allowed as the last segment");
    let no_colon = refused("a verb holds no ':'");
    let of_variable = refused("a variable holds no ':'; a verb stands behind all segments");
    let bound_twice = refused("\"a\" is bound twice");
    let before_literals = refused("'**' is only allowed before literals");
    let star = refused("'*' does not belong here");
    let none = refused("the verb is empty");
    for (text, http_proto, grpc_gateway, envoy) in [
        ("/", Ok(""), Ok("/\"\""), Ok("")),
        ("/{a}:b:c", no_colon, Ok("/* :b:c a=0..1"), no_colon),
        ("/{a}:", none, Ok("/* a=0..1"), none),
        ("/a:", none, Ok("/\"a\""), none),
        ("/{a=b:c}", of_variable, Ok("/\"b:c\" a=0..1"), of_variable),
        (
            "/{a=**}/b:c",
            only_last,
            Ok("/**/\"b\" :c a=0..1"),
            Ok("/**/\"b\" :c a=0..1"),
        ),
        ("/**/{a}", only_last, Ok("/**/* a=1..2"), before_literals),
        (
            "/**/b/**",
            only_last,
            refused("'**' is only allowed once"),
            before_literals,
        ),
        (
            "/{a}/{a=b}",
            bound_twice,
            Ok("/*/\"b\" a=1..2"),
            Ok("/*/\"b\" a=0..1 a=1..2"),
        ),
        ("/a*", star, Ok("/\"a*\""), Ok("/\"a*\"")),
        ("/***", star, Ok("/\"***\""), star),
        ("/a%20b", Ok("/\"a b\""), Ok("/\"a%20b\""), Ok("/\"a b\"")),
    ] {
        for (dialect, expected) in [
            (HttpProto, http_proto),
            (GrpcGateway, grpc_gateway),
            (Envoy, envoy),
        ] {
            let read = read_as(dialect, text);
            let read = read.as_deref().map_err(String::as_str);
            assert_eq!(read, expected, "{dialect:?}: {text}");
        }
    }
}
