//! The router against a model that tries every template on its own.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Literal(&'static str),
    One,
    Rest,
}

#[derive(Debug, Clone)]
struct Rule {
    method: Method,
    pieces: Vec<Piece>,
    /// The pieces that one variable covers.
    variable: Option<Range<usize>>,
    verb: Option<&'static str>,
}

impl Rule {
    fn text(&self) -> String {
        let mut text = String::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            let inside = self.variable.as_ref().is_some_and(|v| v.contains(&at));
            let first = self.variable.as_ref().is_some_and(|v| v.start == at);
            let last = self.variable.as_ref().is_some_and(|v| v.end == at + 1);
            text += "/";
            text += if first { "{x=" } else { "" };
            text += match piece {
                Piece::Literal(literal) => literal,
                Piece::One => "*",
                Piece::Rest => "**",
            };
            text += if inside && last { "}" } else { "" };
        }
        text + &self.verb.map(|verb| format!(":{verb}")).unwrap_or_default()
    }

    /// What the variable captures from these segments, if the rule matches them.
    fn matches(&self, segments: &[&str]) -> Option<String> {
        let (fixed, rest) = match self.pieces.split_last() {
            Some((Piece::Rest, fixed)) => (fixed, true),
            _ => (&self.pieces[..], false),
        };
        if segments.len() < fixed.len() || (!rest && segments.len() > fixed.len()) {
            return None;
        }
        let fits = fixed
            .iter()
            .zip(segments)
            .all(|(piece, segment)| match piece {
                Piece::Literal(literal) => {
                    segment.replace("%61", "a").replace("%3A", ":") == *literal
                }
                _ => !segment.is_empty(),
            });
        fits.then(|| match &self.variable {
            None => String::new(),
            Some(v) if v.end > fixed.len() => segments[v.start.min(segments.len())..].join("/"),
            Some(v) => segments[v.clone()].join("/"),
        })
    }

    fn shape(&self) -> (&Method, &[Piece], Option<&str>) {
        (&self.method, &self.pieces, self.verb)
    }

    /// Lower goes first: segment by segment a literal before `*` before `**`, and an end before all.
    fn rank(&self) -> Vec<u8> {
        let rank = |piece: &Piece| match piece {
            Piece::Literal(_) => 0,
            Piece::One => 1,
            Piece::Rest => 2,
        };
        self.pieces.iter().map(rank).collect()
    }
}

/// The same answer as `Router::find`, in words.
fn model(rules: &[Rule], method: &Method, path: &str) -> String {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.last().copied().unwrap_or_default();
    let mut readings = vec![(None, segments.clone())];
    if let Some((before, verb)) = last.rsplit_once(':') {
        let mut shorter = segments;
        *shorter.last_mut().expect("a path has a segment") = before;
        readings.insert(0, (Some(verb), shorter));
    }
    for (verb, mut segments) in readings {
        if segments == [""] {
            segments.clear();
        }
        let mut hits: Vec<_> = rules
            .iter()
            .filter(|rule| rule.verb == verb)
            .filter_map(|rule| Some((rule, rule.matches(&segments)?)))
            .collect();
        hits.sort_by_key(|(rule, _)| rule.rank());
        let wanted = hits.iter().find(|(rule, _)| rule.method == *method);
        if let Some((rule, capture)) = wanted {
            let capture = rule.variable.as_ref().map(|_| format!(" [{capture}]"));
            return format!("{}{}", rule.text(), capture.unwrap_or_default());
        }
        if !hits.is_empty() {
            return "405".to_owned();
        }
    }
    "404".to_owned()
}

fn actual(router: &Router, method: &Method, path: &str) -> String {
    match router.find(method, path) {
        Found::Nothing => "404".to_owned(),
        Found::OtherMethods(_) => "405".to_owned(),
        Found::Route { index, captures } => {
            let captures: String = captures.iter().map(|raw| format!(" [{raw}]")).collect();
            format!("{}{captures}", router.templates[index])
        }
    }
}

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::POST])
}

fn rules() -> impl Strategy<Value = Rule> {
    let piece = prop::sample::select(vec![
        Piece::Literal("a"),
        Piece::Literal("b"),
        Piece::Literal("a:v"),
        Piece::One,
    ]);
    let verb = prop::option::of(prop::sample::select(vec!["v", "w"]));
    (
        methods(),
        prop::collection::vec(piece, 0..4),
        any::<bool>(),
        verb,
        any::<[u8; 3]>(),
    )
        .prop_map(
            |(method, mut pieces, rest, verb, [with_variable, start, len])| {
                if rest || pieces.is_empty() {
                    pieces.push(Piece::Rest);
                }
                // A colon in the last literal outside of a variable would be a verb.
                if let Some(last @ Piece::Literal("a:v")) = pieces.last_mut() {
                    *last = Piece::Literal("a");
                }
                let start = usize::from(start) % pieces.len();
                let end = start + 1 + usize::from(len) % (pieces.len() - start);
                let variable = (with_variable % 2 == 0).then_some(start..end);
                Rule {
                    method,
                    pieces,
                    variable,
                    verb,
                }
            },
        )
}

fn paths() -> impl Strategy<Value = String> {
    let segments = [
        "a", "%61", "b", "c", "", "a:v", "b:w", "a:v:w", ":v", "a%3Av", "a%2Fb", "é",
    ];
    let segments = prop::sample::select(segments.to_vec());
    prop::collection::vec(segments, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_finds_what_trying_every_template_finds(
        rules in prop::collection::vec(rules(), 1..8),
        requests in prop::collection::vec((methods(), paths()), 1..12),
    ) {
        let mut router = Router::default();
        let mut kept: Vec<Rule> = Vec::new();
        for rule in rules {
            let conflicts = kept.iter().any(|other| other.shape() == rule.shape());
            let template = Template::parse(&rule.text()).expect("the model writes templates");
            let added = router.add(&HttpMethod::Is(rule.method.clone()), &template);
            prop_assert_eq!(added.is_err(), conflicts);
            if !conflicts {
                kept.push(rule);
            }
        }
        for (method, path) in requests {
            prop_assert_eq!(
                actual(&router, &method, &path),
                model(&kept, &method, &path),
                "{} {} in {:?}", method, path, kept.iter().map(Rule::text).collect::<Vec<_>>()
            );
        }
    }
}
