//! Spans in the order of what caused them.

use std::collections::{HashMap, HashSet};

use super::otlp::Span;

/// A span at its place.
#[derive(Debug)]
pub(super) struct Branch<'a> {
    pub(super) span: &'a Span,
    /// The lines that lead to it.
    pub(super) guide: String,
    /// What is wrong with its place.
    pub(super) note: Option<String>,
}

/// Deeper ones are drawn at this depth.
const DEEPEST: usize = 50;

/// A span that waits for its turn.
struct Next<'a> {
    span: &'a Span,
    /// Lines of the spans above.
    above: String,
    depth: usize,
    is_last: bool,
    note: Option<String>,
}

/// Every span once, below its parent, siblings in the order of their beginnings. One whose parent is
/// missing is a root.
pub(super) fn tree(spans: &[Span]) -> Vec<Branch<'_>> {
    let mut ordered: Vec<&Span> = spans.iter().collect();
    ordered.sort_by_key(|span| (span.start, span.end));
    let ids: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut children: HashMap<&str, Vec<&Span>> = HashMap::new();
    let mut next = Vec::new();
    for span in &ordered {
        match &span.parent {
            Some(parent) if ids.contains(parent.as_str()) => {
                children.entry(parent).or_default().push(span);
            }
            Some(parent) => next.push(root(span, Some(format!("its parent {parent} is missing")))),
            None => next.push(root(span, None)),
        }
    }
    // Nothing leads to those that are above themselves.
    next.extend(
        ordered
            .iter()
            .map(|span| root(span, Some("it is above itself".to_owned()))),
    );
    next.reverse();

    let mut tree = Vec::new();
    let mut seen = HashSet::new();
    while let Some(Next {
        span,
        above,
        depth,
        is_last,
        note,
    }) = next.pop()
    {
        if !seen.insert(std::ptr::from_ref(span)) {
            continue;
        }
        let (to_it, past_it) = match (depth, is_last) {
            (0, _) => ("", ""),
            (_, true) => ("└─ ", "   "),
            (_, false) => ("├─ ", "│  "),
        };
        let past_it = if depth < DEEPEST { past_it } else { "" };
        // A span id that two spans share leads to their children once.
        let below = children.remove(span.id.as_str()).unwrap_or_default();
        let last = below.len();
        let below = below.into_iter().enumerate().map(|(at, span)| Next {
            span,
            above: format!("{above}{past_it}"),
            depth: depth + 1,
            is_last: at + 1 == last,
            note: None,
        });
        next.extend(below.rev());
        tree.push(Branch {
            span,
            guide: format!("{above}{to_it}"),
            note,
        });
    }
    tree
}

fn root(span: &Span, note: Option<String>) -> Next<'_> {
    Next {
        span,
        above: String::new(),
        depth: 0,
        is_last: true,
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: &str, start: u64) -> Span {
        Span {
            id: id.to_owned(),
            parent: Some(parent.to_owned()).filter(|it| !it.is_empty()),
            start,
            ..Span::default()
        }
    }

    fn lines(spans: &[Span]) -> Vec<String> {
        let branches = tree(spans).into_iter();
        branches
            .map(|it| {
                let note = it.note.map_or(String::new(), |note| format!(": {note}"));
                format!("{}{}{note}", it.guide, it.span.id)
            })
            .collect()
    }

    #[test]
    fn spans_stand_below_their_parents_in_the_order_of_time() {
        let spans = [
            span("d", "b", 4),
            span("c", "a", 5),
            span("b", "a", 2),
            span("e", "c", 6),
            span("a", "", 1),
        ];
        assert_eq!(lines(&spans), ["a", "├─ b", "│  └─ d", "└─ c", "   └─ e"]);
    }

    #[test]
    fn a_span_whose_parent_is_missing_is_a_root_and_says_so() {
        let spans = [span("b", "x", 2), span("a", "", 1), span("c", "b", 3)];
        assert_eq!(lines(&spans), ["a", "b: its parent x is missing", "└─ c"]);
    }

    #[test]
    fn every_span_is_there_once_whatever_leads_to_it() {
        // Above itself, above each other, and two of one id.
        let spans = [
            span("a", "a", 1),
            span("b", "c", 2),
            span("c", "b", 3),
            span("d", "", 4),
            span("d", "", 5),
            span("e", "d", 6),
        ];
        let lines = lines(&spans);
        let expected = [
            "d",
            "└─ e",
            "d",
            "a: it is above itself",
            "b: it is above itself",
            "└─ c",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_long_chain_is_no_wide_one() {
        let chain: Vec<_> = (0..20_000_u64)
            .map(|number| {
                span(
                    &format!("{number}"),
                    &format!("{}", number.wrapping_sub(1)),
                    number,
                )
            })
            .collect();
        let tree = tree(&chain);
        assert_eq!(tree.len(), chain.len());
        let widest = tree.iter().map(|it| it.guide.chars().count()).max();
        assert!(widest <= Some(3 * (DEEPEST + 1)), "{widest:?}");
    }
}
