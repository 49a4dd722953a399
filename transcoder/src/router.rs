//! Which route a path is of.
//!
//! A path is read (`reading`): segments, and perhaps a verb behind the last colon. What was read is
//! looked up in one tree over all templates (`tree`). Both know the dialects; `exhaustive` holds
//! them against each dialect's own words.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use http::Method;

use crate::capture::{self, Captures};
use crate::template::Template;
use crate::{Dialect, HttpMethod, Route, Segment};

mod reading;
mod tree;

use reading::Reading;
use tree::{Node, Search};

#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
    /// By the index of the route.
    templates: Vec<(HttpMethod, Template)>,
    /// All that some template has.
    verbs: BTreeSet<String>,
    dialect: Dialect,
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

/// Takes out the routes that no request would reach: of those with the same method and shape one is
/// served, the first; to grpc-gateway it is the last. Gives back which were taken out, and for whom.
pub(crate) fn take_out_conflicts(
    routes: &mut Vec<Arc<Route>>,
    dialect: Dialect,
) -> Vec<(Arc<Route>, Arc<Route>)> {
    let mut served: HashMap<_, Arc<Route>> = HashMap::new();
    let mut conflicts = Vec::new();
    let newest_first = dialect == Dialect::GrpcGateway;
    if newest_first {
        routes.reverse();
    }
    routes.retain(|route| {
        let (method, template) = (route.http_method.clone(), &route.template);
        let verb = template.verb().map(str::to_owned);
        let shape = (method, template.segments().to_vec(), verb);
        match served.get(&shape) {
            Some(other) => conflicts.push((Arc::clone(route), Arc::clone(other))),
            None => {
                served.insert(shape, Arc::clone(route));
                return true;
            }
        }
        false
    });
    if newest_first {
        routes.reverse();
        conflicts.reverse();
    }
    conflicts
}

impl Router {
    /// Of routes of which no two have the same method and shape.
    pub(crate) fn new(routes: &[Arc<Route>], dialect: Dialect) -> Self {
        let templates = routes
            .iter()
            .map(|route| (route.http_method.clone(), route.template.clone()));
        Self::of(templates, dialect)
    }

    fn of(templates: impl Iterator<Item = (HttpMethod, Template)>, dialect: Dialect) -> Self {
        let mut router = Self {
            dialect,
            ..Self::default()
        };
        for (method, template) in templates {
            router
                .root
                .add(&template, method.clone(), router.templates.len());
            router.verbs.extend(template.verb().map(str::to_owned));
            router.templates.push((method, template));
        }
        router
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        if !path.starts_with('/') {
            return Found::Nothing;
        }
        // To grpc-gateway a path is decoded. What cannot be is looked up as it is, and is no value.
        let decoded = match self.dialect {
            Dialect::GrpcGateway if path.contains('%') => capture::decode_all(path),
            _ => None,
        };
        let is_decoded = decoded.is_some();
        let path = decoded.map_or(Cow::Borrowed(path), Cow::Owned);
        let mut others = Vec::new();
        let mut last: Option<(usize, Reading<'_>)> = None;
        for reading in Reading::all(&path, &self.verbs, self.dialect) {
            let search = Search::new(&path, &reading, method, self.dialect);
            let (found, other_methods) = search.run(&self.root);
            let is_somebodys = found.is_some() || !other_methods.is_empty();
            others.extend(other_methods);
            if let Some(index) = found
                && last.as_ref().is_none_or(|(other, _)| *other < index)
            {
                last = Some((index, reading));
            }
            // To grpc-gateway the last route counts that fits in any reading, and otherwise the
            // first reading that fits any.
            if is_somebodys && self.dialect != Dialect::GrpcGateway {
                break;
            }
        }
        match last {
            Some((index, reading)) if !self.is_cut_short(method, &path, Some(index)) => {
                let captures = self.captures(index, &path, &reading.segments, is_decoded);
                Found::Route { index, captures }
            }
            None if !others.is_empty() && !self.is_cut_short(method, &path, None) => {
                Found::OtherMethods(allow(others))
            }
            _ => Found::Nothing,
        }
    }

    /// grpc-gateway looks no further when it meets a template of this method whose verb is all that
    /// the last segment holds. It goes from the last to the first.
    fn is_cut_short(&self, method: &Method, path: &str, found: Option<usize>) -> bool {
        let verb = path.rsplit('/').next().unwrap_or_default();
        let Some(verb) = verb.strip_prefix(':') else {
            return false;
        };
        let mut newer = self
            .templates
            .iter()
            .skip(found.map_or(0, |found| found + 1));
        self.dialect == Dialect::GrpcGateway
            && newer.any(|(of, template)| {
                *of == HttpMethod::Is(method.clone()) && template.verb() == Some(verb)
            })
    }

    fn captures(
        &self,
        index: usize,
        path: &str,
        segments: &[Range<usize>],
        is_decoded: bool,
    ) -> Captures {
        let (_, template) = &self.templates[index];
        if template.variables().is_empty() {
            return Captures::default();
        }
        let rest = template.segments().iter().position(|s| *s == Segment::Rest);
        let end = segments.last().map_or(0, |last| last.end);
        if let Some(rest) = rest
            && self.dialect == Dialect::GrpcGateway
            && segments.len() + 1 == template.segments().len()
        {
            // To it, no segment at a `**` that is the first is an empty one.
            let at = segments.get(rest).map_or(end, |segment| segment.start);
            let path = format!("{}/{}", &path[..at], &path[at..end]);
            let segments = reading::segments(&path);
            return self.captures(index, &path, &segments, is_decoded);
        }
        // What stands behind `**` is counted from the end.
        let place = |at: usize| match rest {
            Some(rest) if at > rest => at + segments.len() - template.segments().len(),
            _ => at,
        };
        let ranges = template.variables().iter().map(|variable| {
            let (first, behind) = (place(variable.segments.start), place(variable.segments.end));
            match first < behind {
                true => segments[first].start..segments[behind - 1].end,
                false => 0..0,
            }
        });
        Captures::new(path, ranges.collect(), is_decoded)
    }
}

fn allow(mut methods: Vec<Method>) -> Vec<Method> {
    if methods.contains(&Method::GET) {
        methods.push(Method::HEAD);
    }
    methods.push(Method::OPTIONS);
    methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    methods.dedup();
    methods
}

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod tests;
