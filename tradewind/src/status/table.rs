//! Processes as a table.

use console::{Alignment, Style, measure_text_width, pad_str};

use super::{
    calls::Estimate,
    look::{Process, State},
    told::Service,
};
use crate::terminal::{Terminal, duration, plain};

/// Those that matter most first: the last are left out where there is no room.
const COLUMNS: [(&str, Alignment); 11] = [
    ("SERVICE", Alignment::Left),
    ("HEALTH", Alignment::Left),
    ("CALLS/S", Alignment::Right),
    ("ERRORS/S", Alignment::Right),
    ("P99", Alignment::Right),
    ("PENDING", Alignment::Right),
    ("OLDEST", Alignment::Right),
    ("LAG", Alignment::Right),
    ("STREAMS", Alignment::Right),
    ("VERSION", Alignment::Left),
    ("OPS PORT", Alignment::Left),
];
/// Where the service, its state and its process stand.
const NAME: usize = 0;
const HEALTH: usize = 1;
const ADDRESS: usize = COLUMNS.len() - 1;
const GAP: &str = "  ";

/// A service of a process.
#[derive(Debug, PartialEq)]
struct Row {
    state: State,
    cells: [String; COLUMNS.len()],
}

/// A line for each service of each process, and what is wrong with them.
pub(super) fn text(processes: &[Process], terminal: Terminal) -> String {
    let mut rows: Vec<Row> = processes.iter().flat_map(rows_of).collect();
    rows.sort_by_key(|row| [NAME, ADDRESS].map(|column| row.cells[column].clone()));
    let mut text = table(&rows, terminal);
    for what in processes.iter().flat_map(wrong_with) {
        text += &terminal.fit(&plain(&what));
        text.push('\n');
    }
    text
}

fn rows_of(process: &Process) -> Vec<Row> {
    let Some(now) = &process.now else {
        return Vec::new();
    };
    let address = process.address();
    let version = now.told.version.as_deref().unwrap_or("-");
    let names: Vec<&str> = match process.services.is_empty() {
        true => vec![address],
        false => process.services.iter().map(String::as_str).collect(),
    };
    let row = |name: &str| {
        let service = now.told.services.get(name);
        let before = process.before.as_ref();
        let before = before.and_then(|it| Some((it.at, it.told.services.get(name)?)));
        let interval = before.map(|(at, before)| ((now.at - at).as_secs_f64(), before));
        let state = now.health.of(name);
        let mut cells = vec![plain(name), state.name().to_owned()];
        cells.extend(numbers(service, interval));
        cells.extend([plain(version), address.to_owned()]);
        Row {
            state,
            cells: cells.try_into().expect("there is a cell for each column"),
        }
    };
    names.into_iter().map(row).collect()
}

/// What is counted and measured, from `CALLS/S` to `STREAMS`; `before` is what was so many seconds ago.
fn numbers(now: Option<&Service>, before: Option<(f64, &Service)>) -> [String; 7] {
    let new = now.zip(before);
    let new = new.map(|(now, (seconds, before))| (seconds, now.calls.since(&before.calls)));
    let told = |value: Option<f64>, write: fn(f64) -> String| value.map_or("-".to_owned(), write);
    let p99 = new.as_ref().and_then(|(_, new)| new.quantile(0.99));
    [
        told(new.as_ref().map(|(seconds, new)| new.count / seconds), rate),
        told(
            new.as_ref().map(|(seconds, new)| new.errors / seconds),
            rate,
        ),
        match p99 {
            Some(Estimate::About(seconds)) => duration(seconds),
            Some(Estimate::Above(seconds)) => format!(">{}", duration(seconds)),
            None => "-".to_owned(),
        },
        told(now.and_then(|it| it.pending), |it| format!("{it:.0}")),
        told(now.and_then(|it| it.oldest), duration),
        told(now.and_then(|it| it.lag), duration),
        told(now.and_then(|it| it.streams), |it| format!("{it:.0}")),
    ]
}

fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0".to_owned(),
        _ if rate < 10.0 => format!("{rate:.1}"),
        _ => format!("{rate:.0}"),
    }
}

fn table(rows: &[Row], terminal: Terminal) -> String {
    let head = COLUMNS.map(|(name, _)| name.to_owned());
    let mut widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| {
            let cells = rows.iter().map(|row| &row.cells[column]);
            let widths = cells
                .chain([&head[column]])
                .map(|it| measure_text_width(it));
            widths.max().unwrap_or_default()
        })
        .collect();
    let room = terminal.width.unwrap_or(usize::MAX);
    let taken = |widths: &[usize]| widths.iter().map(|it| it + GAP.len()).sum::<usize>();
    // Who there is and how it is, is told in any case.
    while widths.len() > HEALTH + 1 && taken(&widths) > room.saturating_add(GAP.len()) {
        widths.pop();
    }
    let line = |cells: &[String], styles: [&Style; 2]| {
        let cells = widths.iter().zip(cells).enumerate();
        let cells = cells.map(|(column, (width, cell))| {
            let padded = pad_str(cell, *width, COLUMNS[column].1, None);
            let is_last = column + 1 == widths.len();
            let padded = if is_last { padded.trim_end() } else { &padded };
            terminal.paint(padded, styles[usize::from(column == HEALTH)])
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        format!("{}\n", terminal.fit(&line))
    };
    let bold = Style::new().bold();
    let mut text = line(&head, [&bold, &bold]);
    for row in rows {
        let colour = match row.state {
            State::Ready => Style::new().green(),
            State::Degraded | State::Draining => Style::new().yellow(),
            State::Waiting | State::Down => Style::new().red(),
        };
        text += &line(&row.cells, [&Style::new(), &colour]);
    }
    text
}

/// What a process says of what is wrong, or what is wrong with it.
fn wrong_with(process: &Process) -> Vec<String> {
    let Some(now) = &process.now else {
        return Vec::new();
    };
    let (address, state) = (process.address(), now.health.state.name());
    let conditions = now.health.conditions.iter();
    conditions
        .map(|condition| {
            let about = [&condition.service, &condition.dependency, &condition.why];
            let about = about.map(String::as_str).into_iter();
            let about: Vec<_> = about.filter(|it| !it.is_empty()).collect();
            format!("{address} is {state}: {}", about.join(": "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Terminal = Terminal {
        width: None,
        height: None,
        has_colours: false,
    };

    fn row(state: State, cells: [&str; 11]) -> Row {
        Row {
            state,
            cells: cells.map(str::to_owned),
        }
    }

    fn rows() -> [Row; 2] {
        let orders = "svc-orders ready 12 0.5 41.2ms 3 1.5s - 0 0.3.0 10.0.0.7:5005";
        let users = "10.0.0.8:5001 down - - - - - - - - 10.0.0.8:5001";
        let cells = |line: &'static str| {
            let cells: Vec<_> = line.split(' ').collect();
            cells.try_into().expect("a cell for each column")
        };
        [
            row(State::Ready, cells(orders)),
            row(State::Down, cells(users)),
        ]
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out() {
        let whole = "\
SERVICE        HEALTH  CALLS/S  ERRORS/S     P99  PENDING  OLDEST  LAG  STREAMS  VERSION  OPS PORT
svc-orders     ready        12       0.5  41.2ms        3    1.5s    -        0  0.3.0    10.0.0.7:5005
10.0.0.8:5001  down          -         -       -        -       -    -        -  -        10.0.0.8:5001
";
        assert_eq!(table(&rows(), WIDE), whole);
        for (width, last) in [
            (103, "OPS PORT"),
            (102, "VERSION"),
            (40, "ERRORS/S"),
            (9, "…"),
        ] {
            let narrow = Terminal {
                width: Some(width),
                ..WIDE
            };
            let text = table(&rows(), narrow);
            let head = text.lines().next().expect("there is a head");
            assert!(head.ends_with(last), "{width}: {text}");
            let longest = text.lines().map(measure_text_width).max();
            assert!(longest <= Some(width), "{width}: {text}");
        }
    }

    #[test]
    fn there_are_colours_only_where_they_are_wanted() {
        let colourful = Terminal {
            has_colours: true,
            ..WIDE
        };
        let text = table(&rows(), colourful);
        assert!(text.contains("\u{1b}[31mdown"), "{text:?}");
        assert_eq!(console::strip_ansi_codes(&text), table(&rows(), WIDE));
    }

    #[test]
    fn a_service_that_was_looked_at_once_has_no_rates_yet() {
        let mut service = Service {
            pending: Some(0.0),
            ..Service::default()
        };
        let unknown = ["-", "-", "-", "0", "-", "-", "-"];
        assert_eq!(numbers(Some(&service), None), unknown);
        let before = Service::default();
        service.calls.count = 3.0;
        let known = ["1.5", "0", "-", "0", "-", "-", "-"];
        assert_eq!(numbers(Some(&service), Some((2.0, &before))), known);
        assert_eq!(numbers(None, Some((2.0, &before))), ["-"; 7]);
    }
}
