//! A trace, drawn.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use console::{Alignment, Style, measure_text_width, pad_str};

use super::{
    id::TraceId,
    otlp::Span,
    tree::{Branch, tree},
};
use crate::terminal::{Terminal, duration, plain};

/// The column of the bars.
const BARS: usize = 4;
/// How wide it is, and at least: it gives way to names.
const BAR: usize = 24;
const SHORTEST_BAR: usize = 8;
/// As wide as that are the names of spans, where there is hardly room.
const NAME: usize = 28;
const GAP: &str = "  ";

/// When all of it happened.
#[derive(Clone, Copy)]
struct Extent {
    start: u64,
    end: u64,
}

/// A trace as a tree, a line for each span, and below it what there is to say of it.
pub(super) fn text(id: &TraceId, spans: &[Span], terminal: Terminal) -> String {
    let extent = Extent {
        start: spans
            .iter()
            .map(|span| span.start)
            .min()
            .unwrap_or_default(),
        end: spans.iter().map(|span| span.end).max().unwrap_or_default(),
    };
    let mut text = summary(id, spans, extent);
    let branches = tree(spans);
    let mut rows: Vec<[String; 6]> = branches.iter().map(|it| row(it, extent)).collect();
    let mut head = ["SPAN", "SERVICE", "AT", "TOOK", "", "STATUS"].map(str::to_owned);
    let widths = widths(&rows, &head, terminal);
    let bar = widths[BARS];
    head[BARS] = format!("{:>bar$}", duration(extent.seconds()));
    for (branch, row) in branches.iter().zip(&mut rows) {
        row[BARS] = extent.bar(branch.span, bar);
    }
    text += &line(&head, &widths, terminal, &Style::new().bold());
    for (branch, row) in branches.iter().zip(&rows) {
        let colour = match branch.span.has_failed {
            true => Style::new().red(),
            false => Style::new(),
        };
        text += &line(row, &widths, terminal, &colour);
        let indent = " ".repeat(measure_text_width(&branch.guide) + GAP.len());
        for remark in remarks(branch) {
            text += &format!("{indent}{}\n", plain(&remark));
        }
    }
    text
}

fn summary(id: &TraceId, spans: &[Span], extent: Extent) -> String {
    let services: BTreeSet<_> = spans.iter().map(|span| &span.service).collect();
    let failed = spans.iter().filter(|span| span.has_failed).count();
    let start = DateTime::<Utc>::from_timestamp_nanos(extent.start.cast_signed());
    let start = start.to_rfc3339_opts(SecondsFormat::Millis, true);
    let number = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let (of_spans, of_services) = (
        number(spans.len(), "span"),
        number(services.len(), "service"),
    );
    let (took, errors) = (duration(extent.seconds()), number(failed, "error"));
    format!("trace {id}: {of_spans} of {of_services} in {took} from {start}, {errors}\n")
}

fn row(branch: &Branch<'_>, extent: Extent) -> [String; 6] {
    let span = branch.span;
    let failed = if span.has_failed { "ERROR" } else { "" };
    let status = [failed, span.code.as_deref().unwrap_or_default()];
    let status: Vec<_> = status.into_iter().filter(|it| !it.is_empty()).collect();
    let took = span.end.saturating_sub(span.start);
    [
        format!("{}{}", branch.guide, plain(short(&span.name))),
        plain(&span.service),
        duration(seconds(span.start - extent.start)),
        duration(seconds(took)),
        String::new(),
        plain(&status.join(" ")),
    ]
}

/// A method without its package: there is only so much room.
fn short(name: &str) -> &str {
    match name.split_once('/') {
        Some((service, _)) if !service.contains(' ') => {
            let package = service.rfind('.').map_or(0, |dot| dot + 1);
            &name[package..]
        }
        _ => name,
    }
}

fn remarks(branch: &Branch<'_>) -> Vec<String> {
    let errors = branch.span.errors.iter().map(|what| format!("! {what}"));
    let links = branch.span.links.iter();
    let links = links.map(|(trace, span)| format!("> linked to span {span} of trace {trace}"));
    let note = branch.note.iter().map(|note| format!("? {note}"));
    errors.chain(links).chain(note).collect()
}

/// Those of the columns: where there is not room for all, the bars get shorter, then names, and then there
/// are no bars.
fn widths(rows: &[[String; 6]], head: &[String; 6], terminal: Terminal) -> [usize; 6] {
    let mut widths: [usize; 6] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([head]);
        let cells = cells.map(|row| measure_text_width(&row[column]));
        cells.max().unwrap_or_default()
    });
    let name = widths[0];
    let others = widths[1..].iter().filter(|width| **width > 0);
    let others: usize = others.map(|width| width + GAP.len()).sum();
    let left = match terminal.width {
        Some(room) => room.saturating_sub(others),
        None => name + GAP.len() + BAR,
    };
    let bar = left.saturating_sub(name.min(NAME) + GAP.len()).min(BAR);
    let mut left_to_name = left;
    if bar >= SHORTEST_BAR {
        widths[BARS] = bar;
        left_to_name -= bar + GAP.len();
    }
    widths[0] = name.min(left_to_name.max(NAME));
    widths
}

fn line(row: &[String; 6], widths: &[usize; 6], terminal: Terminal, style: &Style) -> String {
    let columns = row.iter().zip(widths).enumerate();
    let columns = columns.filter(|(_, (_, width))| **width > 0);
    let columns = columns.map(|(column, (cell, width))| {
        let side = match column {
            2 | 3 => Alignment::Right,
            _ => Alignment::Left,
        };
        pad_str(cell, *width, side, Some("…"))
    });
    let line = columns.collect::<Vec<_>>().join(GAP);
    let line = terminal.fit(line.trim_end());
    format!("{}\n", terminal.paint(&line, style))
}

impl Extent {
    fn seconds(self) -> f64 {
        seconds(self.end.saturating_sub(self.start))
    }

    /// When a span was, of all the time.
    fn bar(self, span: &Span, width: usize) -> String {
        if width == 0 {
            return String::new();
        }
        let scale = width as f64 / self.seconds().max(1e-9);
        let columns = |from: u64, to: u64| seconds(to.saturating_sub(from)) * scale;
        let before = (columns(self.start, span.start).floor() as usize).min(width - 1);
        let long = columns(span.start, span.end).round() as usize;
        let long = long.clamp(1, width - before);
        format!("{}{}", " ".repeat(before), "█".repeat(long))
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::otlp;

    const JAEGER: &str = include_str!("../../tests/data/traces/jaeger.json");
    const TEMPO: &str = include_str!("../../tests/data/traces/tempo.json");

    fn draw(otlp: &str, id: &str, width: Option<usize>) -> String {
        let terminal = Terminal {
            width,
            height: None,
            has_colours: false,
        };
        let spans = otlp::read(otlp).expect("it is OTLP");
        text(&id.parse().expect("it is an id"), &spans, terminal)
    }

    #[test]
    fn a_trace_is_a_tree_with_what_went_wrong_and_what_it_is_linked_to() {
        let drawn = draw(TEMPO, "63a0a84ef0d404944c50127e3aa74fff", None);
        let expected = "\
trace 63a0a84ef0d404944c50127e3aa74fff: 3 spans of 2 services in 5.3ms from 2026-11-30T09:08:58.395Z, 2 errors
SPAN                            SERVICE        AT   TOOK                     5.3ms  STATUS
OrdersService/ListOrders        edge            0  4.0ms  ██████████████████        ERROR 504
  ! request failed
  > linked to span b7ad6b7169203331 of trace 0af7651916cd43dd8448eb211c80319c
└─ OrdersService/ListOrders     edge        1.1ms  1.6ms       ███████              ERROR DEADLINE_EXCEEDED
   └─ OrdersService/ListOrders  svc-orders  2.1ms  3.2ms           ███████████████  OK
";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn an_order_that_somebody_else_began_has_a_root_without_its_parent() {
        let drawn = draw(JAEGER, "0af7651916cd43dd8448eb211c80319c", None);
        let lines: Vec<_> = drawn.lines().skip(2).take(3).collect();
        assert!(lines[0].starts_with("POST /v1/orders") && lines[0].ends_with("201"));
        assert_eq!(lines[1].trim(), "? its parent b7ad6b7169203331 is missing");
        assert!(
            lines[2].starts_with("└─ OrdersService/CreateOrder"),
            "{drawn}"
        );
        assert!(
            drawn.contains("└─ process payments.v1.PaymentAuthorized  svc-orders"),
            "{drawn}"
        );
    }

    #[test]
    fn a_narrow_terminal_has_shorter_bars_and_names_and_then_no_bars() {
        let trace = "63a0a84ef0d404944c50127e3aa74fff";
        for (width, bars) in [(120, true), (90, true), (85, false), (30, false)] {
            let drawn = draw(TEMPO, trace, Some(width));
            assert_eq!(drawn.contains('█'), bars, "{width}:\n{drawn}");
            let spans = drawn.lines().filter(|line| line.contains("OrdersService"));
            let longest = spans.map(measure_text_width).max();
            assert!(longest <= Some(width), "{width}:\n{drawn}");
        }
    }
}
