//! Where the live view is shown: in place on a terminal, one below the other elsewhere.

use std::io;

use crate::terminal::Terminal;

/// The screen of a terminal, which is as it was when this is dropped.
pub(super) struct Screen {
    pub(super) is_live: bool,
}

// ECMA-48, and the alternate screen of xterm.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
const HOME: &str = "\u{1b}[H";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

impl Screen {
    pub(super) fn open() -> io::Result<Screen> {
        let is_live = Terminal::now().height.is_some();
        if is_live {
            crate::print(ENTER)?;
        }
        Ok(Screen { is_live })
    }

    /// Shows a text instead of the last one, as much of it as there are lines.
    pub(super) fn show(&self, text: &str) -> io::Result<()> {
        if !self.is_live {
            return crate::print(&format!("{text}\n"));
        }
        // The cursor's line stays free.
        let room = Terminal::now().height.unwrap_or(usize::MAX);
        let room = room.saturating_sub(1);
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        if lines.len() > room {
            let shown = room.saturating_sub(1);
            let more = format!("and {} lines more", lines.len() - shown);
            lines.truncate(shown);
            lines.push(more);
        }
        let lines = lines.join(&format!("{CLEAR_LINE}\n"));
        crate::print(&format!("{HOME}{lines}{CLEAR_LINE}\n{CLEAR_BELOW}"))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_live {
            // A terminal that is gone needs nothing.
            let _ = crate::print(LEAVE);
        }
    }
}
