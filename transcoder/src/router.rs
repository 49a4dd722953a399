//! One tree over all templates. A literal goes before `*`, and `*` before `**`, with backtracking.
//!
//! A path is matched as it came: segments are split before anything is decoded, so an encoded slash
//! never separates. A colon in the last segment is first read as the start of a verb; if nothing at
//! that path has the verb, it is a character like others (`/v1/products/a:b` is the product `a:b`).
//! If something has it, it is the verb for every method: a client that means the character writes `%3A`,
//! as http.proto asks of it anyway.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use http::Method;

use crate::capture::{self, Captures};
use crate::template::{Segment, Template};
use crate::{BuildError, HttpMethod, PathOptions, Route};

#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
    /// By the index of the route, its template.
    templates: Vec<Template>,
    options: PathOptions,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    one: Option<Box<Node>>,
    rest: Option<Box<Node>>,
    ends: Vec<End>,
}

/// What a path ends in: a verb, or none, and the routes of each method there.
#[derive(Debug)]
struct End {
    verb: Option<String>,
    routes: Vec<(HttpMethod, usize)>,
}

#[derive(Debug)]
pub(crate) enum Found {
    Route {
        index: usize,
        captures: Captures,
    },
    Nothing,
    /// Sorted, with HEAD and OPTIONS.
    OtherMethods(Vec<Method>),
}

impl Router {
    pub(crate) fn new(routes: &[Arc<Route>], options: PathOptions) -> Result<Self, BuildError> {
        let mut router = Self {
            options,
            ..Self::default()
        };
        let mut conflicts = Vec::new();
        for route in routes {
            let added = router.add(&route.http_method, &route.template);
            if let Err(earlier) = added {
                conflicts.push(format!(
                    "{} {} of {} matches the same paths as {} of {}",
                    route.http_method,
                    route.template,
                    route.method.full_name(),
                    routes[earlier].template,
                    routes[earlier].method.full_name(),
                ));
            }
        }
        if conflicts.is_empty() {
            Ok(router)
        } else {
            Err(BuildError::Rules(conflicts))
        }
    }

    /// Adds the next route; the index of an earlier one with the same method and shape is the error.
    fn add(&mut self, method: &HttpMethod, template: &Template) -> Result<(), usize> {
        let index = self.templates.len();
        self.templates.push(template.clone());
        let mut node = &mut self.root;
        for segment in template.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::One => node.one.get_or_insert_default(),
                Segment::Rest => node.rest.get_or_insert_default(),
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
        let routes = &mut node.ends[at].routes;
        if let Some((_, earlier)) = routes.iter().find(|(other, _)| other == method) {
            return Err(*earlier);
        }
        routes.push((method.clone(), index));
        Ok(())
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let path = &*self.normal(path);
        let Some(mut segments) = split(path) else {
            return Found::Nothing;
        };
        if let Some((verb, shorter)) = split_verb(path, &segments) {
            let found = self.search(method, path, &shorter, Some(&verb));
            let whole = match found {
                Found::OtherMethods(_) if self.options.verbs_by_method => {
                    self.search(method, path, &segments, None)
                }
                _ => Found::Nothing,
            };
            match (found, whole) {
                (Found::Nothing, _) => {}
                (_, found @ Found::Route { .. }) | (found, _) => return found,
            }
        }
        if segments.len() == 1 && segments[0].is_empty() && !self.options.empty_segments {
            segments.clear();
        }
        self.search(method, path, &segments, None)
    }

    /// The path as it is matched.
    fn normal<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let path = match path.trim_end_matches('/') {
            trimmed if self.options.trailing_slashes && !trimmed.is_empty() => trimmed,
            _ => path,
        };
        if !self.options.decoded_first || !path.contains('%') {
            return Cow::Borrowed(path);
        }
        let path = path.replace("%2F", "/").replace("%2f", "/");
        Cow::Owned(path.replace("%3A", ":").replace("%3a", ":"))
    }

    fn search(
        &self,
        method: &Method,
        path: &str,
        segments: &[Range<usize>],
        verb: Option<&str>,
    ) -> Found {
        let mut search = Search {
            method,
            path,
            verb,
            options: self.options,
            other_methods: Vec::new(),
        };
        if let Some(index) = search.descend(&self.root, segments) {
            let captures = captures(&self.templates[index], path, segments);
            return Found::Route { index, captures };
        }
        match search.other_methods {
            none if none.is_empty() => Found::Nothing,
            mut allow => {
                if allow.contains(&Method::GET) {
                    allow.push(Method::HEAD);
                }
                allow.push(Method::OPTIONS);
                allow.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                allow.dedup();
                Found::OtherMethods(allow)
            }
        }
    }
}

/// One walk through the tree. It visits each node at most once, so it is linear in the tree.
struct Search<'a> {
    method: &'a Method,
    path: &'a str,
    verb: Option<&'a str>,
    options: PathOptions,
    other_methods: Vec<Method>,
}

impl Search<'_> {
    fn descend(&mut self, node: &Node, segments: &[Range<usize>]) -> Option<usize> {
        let Some((first, others)) = segments.split_first() else {
            return self
                .end(node)
                .or_else(|| match self.options.empty_segments {
                    true => None,
                    false => self.end(node.rest.as_deref()?),
                });
        };
        let raw = &self.path[first.clone()];
        let literal = match capture::decode_variable(raw, true) {
            Some(text) if !node.literals.is_empty() => node.literals.get(text.as_ref()),
            _ => None,
        };
        literal
            .and_then(|node| self.descend(node, others))
            .or_else(|| match &node.one {
                Some(one) if !raw.is_empty() || self.options.empty_segments => {
                    self.descend(one, others)
                }
                _ => None,
            })
            .or_else(|| self.end(node.rest.as_deref()?))
    }

    fn end(&mut self, node: &Node) -> Option<usize> {
        let end = node
            .ends
            .iter()
            .find(|end| end.verb.as_deref() == self.verb)?;
        let of = |wanted: &HttpMethod| {
            end.routes
                .iter()
                .find(|(method, _)| method == wanted)
                .map(|(_, index)| *index)
        };
        let found = of(&HttpMethod::Is(self.method.clone()))
            .or_else(|| {
                (self.method == Method::HEAD && !self.options.head_apart)
                    .then(|| of(&HttpMethod::Is(Method::GET)))?
            })
            .or_else(|| of(&HttpMethod::Any));
        if found.is_none() {
            self.other_methods
                .extend(end.routes.iter().filter_map(|(method, _)| match method {
                    HttpMethod::Is(method) => Some(method.clone()),
                    HttpMethod::Any => None,
                }));
        }
        found
    }
}

/// The segments of a path as byte ranges; `None` if it does not start with a slash.
fn split(path: &str) -> Option<Vec<Range<usize>>> {
    let mut start = 1;
    let of_segment = |segment: &str| {
        let range = start..start + segment.len();
        start = range.end + 1;
        range
    };
    Some(path.strip_prefix('/')?.split('/').map(of_segment).collect())
}

/// The verb after the last colon of the last segment, and the segments without it.
fn split_verb(path: &str, segments: &[Range<usize>]) -> Option<(String, Vec<Range<usize>>)> {
    let (last, before) = segments.split_last()?;
    let (segment, verb) = path[last.clone()].rsplit_once(':')?;
    let mut shorter = before.to_vec();
    let is_root = before.is_empty() && segment.is_empty();
    if !is_root {
        shorter.push(last.start..last.start + segment.len());
    }
    Some((capture::decode_all(verb)?, shorter))
}

fn captures(template: &Template, path: &str, segments: &[Range<usize>]) -> Captures {
    let end_of_path = segments.last().map_or(path.len(), |last| last.end);
    let ranges = template.variables().iter().map(|variable| {
        let to_the_end = template.segments()[variable.segments.end - 1] == Segment::Rest;
        let start = segments
            .get(variable.segments.start)
            .map_or(end_of_path, |first| first.start);
        let end = if to_the_end {
            end_of_path
        } else {
            segments[variable.segments.end - 1].end
        };
        start..end
    });
    Captures::new(path, ranges.collect())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
