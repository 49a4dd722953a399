//! Every template up to a size with every path up to a size, in each dialect, against a brute-force
//! reading of that dialect's own words (`model`).

use proptest::prelude::*;

use super::*;

mod model;

use model::{Piece, Rule};

const DIALECTS: [Dialect; 3] = [Dialect::HttpProto, Dialect::GrpcGateway, Dialect::Envoy];

/// The template and the raw values of its variables, 405 or 404.
fn actual(router: &Router, method: &Method, path: &str) -> String {
    match router.find(method, path) {
        Found::Nothing => "404".to_owned(),
        Found::OtherMethods(_) => "405".to_owned(),
        Found::Route { index, captures } => {
            let captures: String = captures.iter().map(|raw| format!(" [{raw}]")).collect();
            format!("{}{captures}", router.templates[index].1)
        }
    }
}

fn router(rules: &[Rule], dialect: Dialect) -> Router {
    let rules = rules.iter().map(|rule| {
        let template = Template::parse_as(&rule.text(), dialect);
        let template = template.unwrap_or_else(|error| panic!("{dialect:?}: {error}"));
        (HttpMethod::Is(rule.method.clone()), template)
    });
    Router::of(rules, dialect)
}

/// Every sequence of up to so many of them, the shortest first.
fn sequences<T: Clone>(of: &[T], up_to: usize) -> Vec<Vec<T>> {
    let mut all = vec![Vec::new()];
    let mut longest = 0..1;
    for _ in 0..up_to {
        for at in longest.clone() {
            for next in of {
                let mut sequence = all[at].clone();
                sequence.push(next.clone());
                all.push(sequence);
            }
        }
        longest = longest.end..all.len();
    }
    all
}

fn paths(segments: &[&str], up_to: usize) -> Vec<String> {
    let of = |segments: &Vec<&str>| format!("/{}", segments.join("/"));
    sequences(segments, up_to).iter().skip(1).map(of).collect()
}

/// Every rule of these pieces that the dialect takes: with a variable at every place, and none.
fn rules(dialect: Dialect, pieces: &[Piece], up_to: usize, with_variables: bool) -> Vec<Rule> {
    let verbs: &[Option<&str>] = match dialect {
        Dialect::GrpcGateway => &[None, Some("v"), Some("v:v")],
        _ => &[None, Some("v")],
    };
    let mut rules = Vec::new();
    for pieces in sequences(pieces, up_to) {
        let places = |start| (start + 1..=pieces.len()).map(move |end| Some(start..end));
        let variables = (0..pieces.len() * usize::from(with_variables)).flat_map(places);
        for variable in std::iter::once(None).chain(variables) {
            rules.extend(verbs.iter().map(|verb| Rule {
                method: Method::GET,
                pieces: pieces.clone(),
                variable: variable.clone(),
                verb: *verb,
            }));
        }
    }
    rules.retain(|rule| rule.is_of(dialect));
    rules
}

fn assert_like_the_model(dialect: Dialect, rules: &[Rule], method: &Method, paths: &[String]) {
    let router = router(rules, dialect);
    for path in paths {
        assert_eq!(
            actual(&router, method, path),
            model::found(dialect, rules, method, path),
            "{dialect:?}: {method} {path} in {:?}",
            rules.iter().map(Rule::text).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_template_fits_the_paths_that_it_says() {
    let few = ["a", "b", "", "a:v", "a:v:v", ":v", "%61", "a%2Fa", "a%3Av"];
    let mut paths = paths(&few, 2);
    paths.extend(self::paths(&["a", "", "a:v", ":v"], 4));
    let pieces = [Piece::Literal("a"), Piece::One, Piece::Rest];
    std::thread::scope(|scope| {
        for dialect in DIALECTS {
            let (pieces, paths) = (&pieces, &paths);
            scope.spawn(move || {
                for rule in rules(dialect, pieces, 3, true) {
                    assert_like_the_model(dialect, &[rule], &Method::GET, paths);
                }
            });
        }
    });
}

#[test]
fn of_two_templates_the_one_is_found_that_goes_before_the_other() {
    let paths = paths(&["a", "b", "", "a:v"], 3);
    let pieces = [Piece::Literal("a"), Piece::One, Piece::Rest];
    for dialect in DIALECTS {
        let rules = rules(dialect, &pieces, 2, false);
        for first in &rules {
            for second in &rules {
                for method in [Method::GET, Method::POST] {
                    let mut both = [first.clone(), second.clone()];
                    both[1].method = method;
                    if both[0].shape() != both[1].shape() {
                        assert_like_the_model(dialect, &both, &Method::GET, &paths);
                    }
                }
            }
        }
    }
}

fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
    let piece = prop::sample::select(vec![
        Piece::Literal("a"),
        Piece::Literal("b"),
        Piece::Literal("a:v"),
        Piece::One,
        Piece::Rest,
    ]);
    let verb = prop::option::of(prop::sample::select(vec!["v", "w", "v:w"]));
    let method = prop::sample::select(vec![Method::GET, Method::POST]);
    let rule = (
        method,
        prop::collection::vec(piece, 0..5),
        verb,
        any::<[u8; 3]>(),
    );
    let rule = rule.prop_map(|(method, mut pieces, verb, [with_variable, start, len])| {
        // A literal with a colon in last place would be one with a verb.
        if let Some(last @ Piece::Literal("a:v")) = pieces.last_mut() {
            *last = Piece::Literal("a");
        }
        let start = usize::from(start) % pieces.len().max(1);
        let end = start + 1 + usize::from(len) % (pieces.len().max(1) - start);
        let is_plain = !pieces.contains(&Piece::Literal("a:v"));
        let variable = with_variable % 2 == 0 && is_plain && !pieces.is_empty();
        Rule {
            method,
            pieces,
            variable: variable.then_some(start..end),
            verb,
        }
    });
    prop::collection::vec(rule, 1..10)
}

fn some_paths() -> impl Strategy<Value = String> {
    let segments = [
        "a", "%61", "b", "c", "", "a:v", "b:w", "a:v:w", ":v", "a%3Av", "a%2Fb", "é",
    ];
    let segments = prop::sample::select(segments.to_vec());
    prop::collection::vec(segments, 1..6).prop_map(|segments| format!("/{}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn of_many_templates_that_one_too(
        rules in some_rules(),
        paths in prop::collection::vec(some_paths(), 1..20),
        method in prop::sample::select(vec![Method::GET, Method::POST]),
    ) {
        for dialect in DIALECTS {
            let mut kept: Vec<Rule> = Vec::new();
            for rule in &rules {
                let is_new = kept.iter().all(|other| other.shape() != rule.shape());
                if is_new && rule.is_of(dialect) {
                    kept.push(rule.clone());
                }
            }
            assert_like_the_model(dialect, &kept, &method, &paths);
        }
    }
}
