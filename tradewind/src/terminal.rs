//! The terminal that a command prints to, if it is one, and how things read there.

use console::{Style, Term};

/// How standard output is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Columns; none if it is no terminal, where lines are as long as they are.
    pub(crate) width: Option<usize>,
    /// Lines.
    pub(crate) height: Option<usize>,
    pub(crate) has_colours: bool,
}

impl Terminal {
    /// As it is now: its user may change its size. There are no colours with `NO_COLOR`.
    pub(crate) fn now() -> Terminal {
        let output = Term::stdout();
        let size = output.size_checked();
        Terminal {
            width: size.map(|(_, columns)| columns.into()),
            height: size.map(|(lines, _)| lines.into()),
            has_colours: output.features().colors_supported(),
        }
    }

    pub(crate) fn paint(self, text: &str, style: &Style) -> String {
        let style = style.clone().force_styling(self.has_colours);
        style.apply_to(text).to_string()
    }

    /// A line, cut where the terminal ends.
    pub(crate) fn fit(self, line: &str) -> String {
        match self.width {
            Some(width) => console::truncate_str(line, width, "…").into_owned(),
            None => line.to_owned(),
        }
    }
}

/// What somebody else wrote, as one line that does nothing to the terminal.
pub(crate) fn plain(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(shown).collect()
}

/// A duration as people say it.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        0.0 => "0".to_owned(),
        _ if seconds < 0.001 => format!("{:.0}us", seconds * 1e6),
        _ if seconds < 0.1 => format!("{:.1}ms", seconds * 1e3),
        _ if seconds < 1.0 => format!("{:.0}ms", seconds * 1e3),
        _ if seconds < 60.0 => format!("{seconds:.1}s"),
        _ if seconds < 3600.0 => format!("{:.0}m", seconds / 60.0),
        _ if seconds < 86_400.0 => format!("{:.0}h", seconds / 3600.0),
        _ => format!("{:.0}d", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_precise_as_anybody_wants_them() {
        for (seconds, text) in [
            (0.0, "0"),
            (0.000_041_2, "41us"),
            (0.041_23, "41.2ms"),
            (0.4123, "412ms"),
            (41.23, "41.2s"),
            (412.3, "7m"),
            (90_000.0, "1d"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn what_others_wrote_does_nothing_to_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
