//! How a path is taken apart before it is looked up.
//!
//! Segments are split before anything is decoded, so an encoded slash never separates; to
//! grpc-gateway the path is a decoded one already.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::Dialect;
use crate::capture;

/// A path's segments, as ranges of its bytes, and its verb.
pub(super) struct Reading<'p> {
    pub(super) segments: Vec<Range<usize>>,
    pub(super) verb: Option<Cow<'p, str>>,
}

impl<'p> Reading<'p> {
    /// Every way to read the path, the strongest first. `verbs` are those of all templates.
    pub(super) fn all(
        path: &'p str,
        verbs: &'p BTreeSet<String>,
        dialect: Dialect,
    ) -> impl Iterator<Item = Self> {
        let whole = segments(path);
        let last = whole.last().cloned().unwrap_or_default();
        let (with_verb, whole) = match dialect {
            Dialect::HttpProto => {
                let verb = verb_of(path, &last);
                let with_verb = verb.map(|(verb, at)| Self::before(&whole, verb, at));
                (with_verb.into_iter().collect(), Some(whole))
            }
            Dialect::Envoy => {
                let verb = verb_of(path, &last).filter(|(verb, _)| verbs.contains(&**verb));
                match verb {
                    Some((verb, at)) => (vec![Self::before(&whole, verb, at)], None),
                    None => (Vec::new(), Some(whole)),
                }
            }
            Dialect::GrpcGateway => {
                let ends = |verb: &'p String| {
                    let before = path[last.clone()]
                        .strip_suffix(&**verb)?
                        .strip_suffix(':')?;
                    let at = last.start + before.len();
                    (!before.is_empty())
                        .then(|| Self::before(&whole, Cow::Borrowed(verb.as_str()), at))
                };
                (verbs.iter().filter_map(ends).collect(), Some(whole))
            }
        };
        let whole = whole.map(|segments| Self {
            segments,
            verb: None,
        });
        let with_verb: Vec<_> = with_verb;
        with_verb
            .into_iter()
            .chain(whole)
            .map(move |reading| reading.without_empty_end(path, dialect))
    }

    /// The segments up to a colon in the last one.
    fn before(whole: &[Range<usize>], verb: Cow<'p, str>, colon: usize) -> Self {
        let mut segments = whole.to_vec();
        if let Some(last) = segments.last_mut() {
            last.end = colon;
        }
        Self {
            segments,
            verb: Some(verb),
        }
    }

    /// To Envoy, slashes at the end say nothing; otherwise `/` alone has no segment.
    fn without_empty_end(mut self, path: &str, dialect: Dialect) -> Self {
        let is_empty = |segment: &Range<usize>| path[segment.clone()].is_empty();
        match dialect {
            Dialect::HttpProto if self.segments.len() == 1 && is_empty(&self.segments[0]) => {
                self.segments.clear();
            }
            Dialect::Envoy => {
                while self.segments.last().is_some_and(is_empty) {
                    self.segments.pop();
                }
            }
            _ => {}
        }
        self
    }
}

/// The segments of a path that begins with a slash.
pub(super) fn segments(path: &str) -> Vec<Range<usize>> {
    let mut start = 1;
    let of_segment = |segment: &str| {
        let range = start..start + segment.len();
        start = range.end + 1;
        range
    };
    path[1..].split('/').map(of_segment).collect()
}

/// What stands behind the last colon of the last segment, and where that colon is.
fn verb_of<'p>(path: &'p str, last: &Range<usize>) -> Option<(Cow<'p, str>, usize)> {
    let at = last.start + path[last.clone()].rfind(':')?;
    let verb = capture::decode_variable(&path[at + 1..], capture::Reserved::Nothing)?;
    Some((verb, at))
}
