//! What each dialect says of a path, by trying every template on its own and every way in which its
//! pieces could share out the segments. Written from http.proto's comments, from grpc-gateway's
//! `runtime.ServeMux` and `Pattern`, and from grpc-httpjson-transcoding's `PathMatcher`, not from
//! the router.

use std::ops::Range;

use http::Method;

use crate::Dialect;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece {
    Literal(&'static str),
    One,
    Rest,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) method: Method,
    pub(super) pieces: Vec<Piece>,
    /// The pieces that one variable covers.
    pub(super) variable: Option<Range<usize>>,
    pub(super) verb: Option<&'static str>,
}

impl Rule {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            let first = self.variable.as_ref().is_some_and(|v| v.start == at);
            let last = self.variable.as_ref().is_some_and(|v| v.end == at + 1);
            text += if first { "/{x=" } else { "/" };
            text += match piece {
                Piece::Literal(literal) => literal,
                Piece::One => "*",
                Piece::Rest => "**",
            };
            text += if last { "}" } else { "" };
        }
        if text.is_empty() {
            text += "/";
        }
        text + &self.verb.map(|verb| format!(":{verb}")).unwrap_or_default()
    }

    /// Whether the dialect has such a template.
    pub(super) fn is_of(&self, dialect: Dialect) -> bool {
        let rest = self.pieces.iter().position(|piece| *piece == Piece::Rest);
        let behind = rest.map_or(&[][..], |rest| &self.pieces[rest + 1..]);
        let is_plain = |verb: &str| !verb.contains(':');
        // `/:v` is the verb of an empty segment to all of them.
        !(self.pieces.is_empty() && self.verb.is_some())
            && match dialect {
                Dialect::HttpProto => behind.is_empty() && self.verb.is_none_or(is_plain),
                Dialect::GrpcGateway => {
                    // The verb of a template that ends in no variable is what follows its last colon.
                    let ends = self
                        .variable
                        .as_ref()
                        .is_some_and(|v| v.end == self.pieces.len());
                    !behind.contains(&Piece::Rest) && (ends || self.verb.is_none_or(is_plain))
                }
                Dialect::Envoy => {
                    let is_literal = |piece: &Piece| matches!(piece, Piece::Literal(_));
                    behind.iter().all(is_literal) && self.verb.is_none_or(is_plain)
                }
            }
    }

    pub(super) fn shape(&self) -> (&Method, &[Piece], Option<&str>) {
        (&self.method, &self.pieces, self.verb)
    }
}

/// How many segments each piece has.
type Share = Vec<usize>;

/// Every way to share the segments out among the pieces.
fn shares(
    pieces: &[Piece],
    segments: &[&str],
    fits: &dyn Fn(Piece, &[&str]) -> bool,
) -> Vec<Share> {
    let Some((piece, behind)) = pieces.split_first() else {
        return match segments {
            [] => vec![Vec::new()],
            _ => Vec::new(),
        };
    };
    let mut all = Vec::new();
    for count in 0..=segments.len() {
        let (own, others) = segments.split_at(count);
        let is_right = match piece {
            Piece::Rest => fits(*piece, own),
            _ => count == 1 && fits(*piece, own),
        };
        if is_right {
            for mut share in shares(behind, others, fits) {
                share.insert(0, count);
                all.push(share);
            }
        }
    }
    all
}

/// Lower goes first: segment by segment a literal before `*` before `**`, and an end before all.
fn rank(pieces: &[Piece], share: &Share) -> Vec<u8> {
    let mut rank = Vec::new();
    for (piece, count) in pieces.iter().zip(share) {
        let kind = match piece {
            Piece::Literal(_) => 1,
            Piece::One => 2,
            Piece::Rest => 3,
        };
        // `**` with nothing in it goes behind no `**`.
        let places = if kind == 3 { (*count).max(1) } else { *count };
        rank.extend(std::iter::repeat_n(kind, places));
    }
    rank
}

fn best(pieces: &[Piece], shares: Vec<Share>) -> Option<Share> {
    shares.into_iter().min_by_key(|share| rank(pieces, share))
}

fn told(rule: &Rule, value: impl FnOnce(Range<usize>) -> String) -> String {
    let value = rule
        .variable
        .clone()
        .map(|place| format!(" [{}]", value(place)));
    rule.text() + &value.unwrap_or_default()
}

/// The segments that the pieces of this range have, as they stand in the path.
fn covered(share: &Share, segments: &[&str], place: Range<usize>) -> String {
    let before: usize = share[..place.start].iter().sum();
    let own: usize = share[place].iter().sum();
    segments[before..before + own].join("/")
}

/// The answer to a request: the template and the value of its variable, 405 or 404.
pub(super) fn found(dialect: Dialect, rules: &[Rule], method: &Method, path: &str) -> String {
    match dialect {
        Dialect::HttpProto => of_http_proto(rules, method, path),
        Dialect::GrpcGateway => of_grpc_gateway(rules, method, path),
        Dialect::Envoy => of_envoy(rules, method, path),
    }
}

/// google/api/http.proto: `*` is a single segment, `**` any number. What it leaves open is ours: a
/// segment that is empty is none, a verb that something has is one, and the more special goes first.
fn of_http_proto(rules: &[Rule], method: &Method, path: &str) -> String {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.last().copied().unwrap_or_default();
    let mut readings = vec![(None, segments.clone())];
    if let Some((before, verb)) = last.rsplit_once(':') {
        let mut shorter = segments;
        *shorter.last_mut().expect("a path has a segment") = before;
        readings.insert(0, (Some(verb), shorter));
    }
    let fits = |piece: Piece, own: &[&str]| match piece {
        Piece::Literal(literal) => decoded(own[0]) == literal,
        Piece::One => !own[0].is_empty(),
        Piece::Rest => true,
    };
    for (verb, mut segments) in readings {
        if segments == [""] {
            segments.clear();
        }
        let of_verb = rules.iter().filter(|rule| rule.verb == verb);
        let of_path = of_verb.filter_map(|rule| {
            let share = best(&rule.pieces, shares(&rule.pieces, &segments, &fits))?;
            Some((rule, share))
        });
        let mut hits: Vec<_> = of_path.collect();
        hits.sort_by_key(|(rule, share)| rank(&rule.pieces, share));
        if let Some((rule, share)) = hits.iter().find(|(rule, _)| rule.method == *method) {
            return told(rule, |place| covered(share, &segments, place));
        }
        if !hits.is_empty() {
            return "405".to_owned();
        }
    }
    "404".to_owned()
}

/// grpc-gateway: `ServeMux.ServeHTTP` and `Pattern.MatchAndEscape`, with `UnescapingModeLegacy`.
fn of_grpc_gateway(rules: &[Rule], method: &Method, path: &str) -> String {
    let path = decoded(path);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.last().copied().unwrap_or_default();
    // What a handler makes of the path: the value of its variable, if it fits.
    let matched = |rule: &Rule| {
        let mut segments = segments.clone();
        if let Some(verb) = rule.verb {
            let before = last.strip_suffix(verb)?.strip_suffix(':')?;
            if before.is_empty() {
                return None;
            }
            *segments.last_mut().expect("a path has a segment") = before;
        }
        let fits = |piece: Piece, own: &[&str]| match piece {
            Piece::Literal(literal) => own[0] == literal,
            Piece::One | Piece::Rest => true,
        };
        // The template `/` is one literal, the empty one.
        let root = [Piece::Literal("")];
        let pieces = match rule.pieces.is_empty() {
            true => &root[..],
            false => &rule.pieces,
        };
        let is_something = |share: &Share| {
            // With something before it, it needs a segment (`Pattern.MatchAndEscape`, since 2.31).
            let mut pieces = pieces.iter().zip(share).skip(1);
            pieces.all(|(piece, count)| *piece != Piece::Rest || *count > 0)
        };
        let mut shares = shares(pieces, &segments, &fits).into_iter();
        let share = shares.find(is_something)?;
        // Each piece is pushed on a stack, and those of a variable are joined.
        let mut stack = Vec::new();
        let mut at = 0;
        for count in share {
            stack.push(segments[at..at + count].join("/"));
            at += count;
        }
        Some(stack)
    };
    for rule in rules.iter().rev().filter(|rule| rule.method == *method) {
        if rule.verb.is_some_and(|verb| last == format!(":{verb}")) {
            return "404".to_owned();
        }
        if let Some(stack) = matched(rule) {
            return told(rule, |place| stack[place].join("/"));
        }
    }
    match rules.iter().any(|rule| matched(rule).is_some()) {
        true => "405".to_owned(),
        false => "404".to_owned(),
    }
}

/// Envoy: `ExtractRequestParts` and `PathMatcherNode::LookupPath`.
fn of_envoy(rules: &[Rule], method: &Method, path: &str) -> String {
    let (mut path, mut verb) = (path, None);
    if let Some((before, last)) = path.rsplit_once(':')
        && !last.contains('/')
        && rules.iter().any(|rule| rule.verb == Some(last))
    {
        (path, verb) = (before, Some(last));
    }
    let mut segments: Vec<&str> = path.split('/').skip(1).collect();
    while segments.last() == Some(&"") {
        segments.pop();
    }
    let mut hits = Vec::new();
    for rule in rules.iter().filter(|rule| rule.verb == verb) {
        let is_last = rule.pieces.last() == Some(&Piece::Rest);
        let fits = |piece: Piece, own: &[&str]| match piece {
            // RFC 3986, section 6.2.2: they compare what is encoded.
            Piece::Literal(literal) => decoded(own[0]) == literal,
            Piece::One => true,
            Piece::Rest => is_last || !own.is_empty(),
        };
        if let Some(share) = best(&rule.pieces, shares(&rule.pieces, &segments, &fits)) {
            hits.push((rule, share));
        }
    }
    hits.sort_by_key(|(rule, share)| rank(&rule.pieces, share));
    match hits.iter().find(|(rule, _)| rule.method == *method) {
        Some((rule, share)) => told(rule, |place| covered(share, &segments, place)),
        None if hits.is_empty() => "404".to_owned(),
        None => "405".to_owned(),
    }
}

fn decoded(text: &str) -> String {
    let text = text.replace("%61", "a").replace("%3A", ":");
    text.replace("%2F", "/")
}
