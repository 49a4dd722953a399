//! One tree over all templates. A literal goes before `*`, and `*` before `**`, with backtracking.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use http::Method;

use super::Reading;
use crate::capture::{Reserved, decode_variable};
use crate::template::{Segment, Template};
use crate::{Dialect, HttpMethod};

#[derive(Debug, Default)]
pub(super) struct Node {
    literals: HashMap<String, Node>,
    one: Option<Box<Node>>,
    rest: Option<Box<Node>>,
    /// Of a node behind `**`: how many segments templates have there, the most first.
    tails: Vec<usize>,
    ends: Vec<End>,
}

/// What a path ends in: a verb, or none, and the routes of each method there.
#[derive(Debug)]
struct End {
    verb: Option<String>,
    routes: Vec<(HttpMethod, usize)>,
}

impl Node {
    /// Adds the route of that index.
    pub(super) fn add(&mut self, template: &Template, method: HttpMethod, index: usize) {
        let mut node = self;
        let segments = template.segments();
        for (at, segment) in segments.iter().enumerate() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::One => node.one.get_or_insert_default(),
                Segment::Rest => {
                    let node = node.rest.get_or_insert_default();
                    node.tails.push(segments.len() - at - 1);
                    node.tails.sort_unstable_by(|a, b| b.cmp(a));
                    node.tails.dedup();
                    node
                }
            };
        }
        let verb = template.verb();
        let at = match node.ends.iter().position(|end| end.verb.as_deref() == verb) {
            Some(at) => at,
            None => {
                node.ends.push(End {
                    verb: verb.map(str::to_owned),
                    routes: Vec::new(),
                });
                node.ends.len() - 1
            }
        };
        node.ends[at].routes.push((method, index));
    }
}

/// One walk through the tree. It visits each node at most once, and those behind `**` once for each
/// length of what stands there, so it is linear in the tree.
pub(super) struct Search<'a> {
    path: &'a str,
    segments: &'a [Range<usize>],
    verb: Option<&'a str>,
    method: &'a Method,
    dialect: Dialect,
    /// Of all that fit, the last; where the last one counts.
    last: Option<usize>,
    other_methods: Vec<Method>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        path: &'a str,
        reading: &'a Reading<'_>,
        method: &'a Method,
        dialect: Dialect,
    ) -> Self {
        Self {
            path,
            segments: &reading.segments,
            verb: reading.verb.as_deref(),
            method,
            dialect,
            last: None,
            other_methods: Vec::new(),
        }
    }

    /// The index of the route, and the methods that other routes of the path have.
    pub(super) fn run(mut self, root: &Node) -> (Option<usize>, Vec<Method>) {
        let found = self.descend(root, 0);
        (found.or(self.last), self.other_methods)
    }

    fn descend(&mut self, node: &Node, at: usize) -> Option<usize> {
        let here = match self.segments.get(at) {
            None => self.end(node),
            Some(segment) => self.segment(node, &self.path[segment.clone()], at + 1),
        };
        here.or_else(|| self.rest(node, at))
    }

    fn segment(&mut self, node: &Node, raw: &str, next: usize) -> Option<usize> {
        let text = match self.dialect {
            _ if node.literals.is_empty() => None,
            Dialect::GrpcGateway => Some(Cow::Borrowed(raw)),
            _ => decode_variable(raw, Reserved::Nothing),
        };
        text.and_then(|text| node.literals.get(&*text))
            .and_then(|node| self.descend(node, next))
            .or_else(|| match &node.one {
                Some(one) if !raw.is_empty() || self.dialect != Dialect::HttpProto => {
                    self.descend(one, next)
                }
                _ => None,
            })
    }

    fn rest(&mut self, node: &Node, at: usize) -> Option<usize> {
        let rest = node.rest.as_deref()?;
        let left = self.segments.len() - at;
        let dialect = self.dialect;
        // To Envoy it is at least one segment where others stand behind it, to grpc-gateway where
        // others stand before.
        let least = |tail: usize| match dialect {
            Dialect::Envoy if tail > 0 => tail + 1,
            Dialect::GrpcGateway if at > 0 => tail + 1,
            _ => tail,
        };
        let tails = rest.tails.iter().filter(|tail| least(**tail) <= left);
        let all = self.segments.len();
        let mut ends = tails.map(|tail| all - tail);
        ends.find_map(|next| self.descend(rest, next))
    }

    fn end(&mut self, node: &Node) -> Option<usize> {
        let with = |verb: Option<&str>| node.ends.iter().find(|end| end.verb.as_deref() == verb);
        let of = |end: Option<&End>, wanted: &HttpMethod| {
            let mut routes = end?.routes.iter();
            let found = routes.find(|(method, _)| method == wanted)?;
            Some(found.1)
        };
        let end = with(self.verb);
        let found = of(end, &HttpMethod::Is(self.method.clone()))
            .or_else(|| {
                (self.method == Method::HEAD && self.dialect == Dialect::HttpProto)
                    .then(|| of(end, &HttpMethod::Is(Method::GET)))?
            })
            .or_else(|| match self.dialect {
                // Of any method is of any verb too, and has none itself.
                Dialect::Envoy => of(with(None), &HttpMethod::Any),
                _ => of(end, &HttpMethod::Any),
            });
        if found.is_none() {
            let routes = end.map_or(&[][..], |end| &end.routes);
            let others = routes.iter().filter_map(|(method, _)| match method {
                HttpMethod::Is(method) => Some(method.clone()),
                HttpMethod::Any => None,
            });
            self.other_methods.extend(others);
        }
        match self.dialect {
            Dialect::GrpcGateway => {
                self.last = self.last.max(found);
                None
            }
            _ => found,
        }
    }
}
