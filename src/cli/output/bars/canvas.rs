//! A place on stderr where lines are drawn again and again.
//!
//! Every line ends, so the cursor rests below what is drawn. What a user types meanwhile, as the `^C` of an interrupt, is
//! shown there and wiped away with the lines. The cursor is never hidden, so nothing has to be put right in the end.
//!
//! A terminal that becomes narrower breaks the lines that stand on it. What is wiped away is therefore counted in rows of
//! the width that the terminal has at that moment.
//!
//! What does not belong here: what is drawn, and when.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console::{Term, measure_text_width};

/// Where something is drawn. A clone is the same place.
#[derive(Clone)]
pub(crate) struct Canvas(Arc<Mutex<Screen>>);

struct Screen {
    term: Term,
    /// What is to be seen.
    lines: Vec<String>,
    /// How many columns each of the lines has that are seen.
    drawn: Vec<usize>,
    open: bool,
}

/// How much room there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// The lines that can be drawn and wiped away again.
    pub(super) lines: usize,
    /// The columns of a line. One is left free, since not every terminal can hold back a break behind its last column.
    pub(super) columns: usize,
}

impl Canvas {
    /// On stderr.
    pub(crate) fn stderr() -> Self {
        let term = Term::buffered_stderr();
        Self(Arc::new(Mutex::new(Screen { term, lines: Vec::new(), drawn: Vec::new(), open: true })))
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room at this moment.
    pub(super) fn room(&self) -> Room {
        let (rows, columns) = self.screen().term.size();
        Room {
            lines: usize::from(rows.saturating_sub(1)),
            columns: usize::from(columns.saturating_sub(1).max(1)),
        }
    }

    /// Draws lines in the place of those before, unless drawing has ended.
    pub(super) fn draw(&self, lines: Vec<String>) {
        let mut screen = self.screen();
        screen.lines = lines;
        if screen.open {
            // A stderr that cannot be written has nothing on it.
            let _ = screen.draw();
        }
    }

    /// What is to be seen when something is drawn the next time.
    pub(super) fn prepare(&self, lines: Vec<String>) {
        self.screen().lines = lines;
    }

    /// Does something with the streams while nothing is drawn.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut screen = self.screen();
        let seen = !screen.drawn.is_empty();
        let _ = screen.wipe().and_then(|()| screen.term.flush());
        let done = work();
        if seen && screen.open {
            let _ = screen.draw();
        }
        done
    }

    /// Wipes everything away, for good.
    pub(crate) fn close(&self) {
        let mut screen = self.screen();
        screen.open = false;
        let _ = screen.wipe().and_then(|()| screen.term.flush());
    }
}

impl Screen {
    fn draw(&mut self) -> io::Result<()> {
        self.wipe()?;
        for line in &self.lines {
            self.term.write_line(line)?;
        }
        self.drawn = self.lines.iter().map(|line| measure_text_width(line)).collect();
        self.term.flush()
    }

    fn wipe(&mut self) -> io::Result<()> {
        let columns = usize::from(self.term.size().1);
        let rows = rows(&std::mem::take(&mut self.drawn), columns);
        if rows == 0 {
            return Ok(());
        }
        self.term.move_cursor_up(rows)?;
        // The cursor may be behind what was typed.
        self.term.write_str("\r")?;
        self.term.clear_to_end_of_screen()
    }
}

/// The rows of lines of these widths on a terminal of so many columns.
fn rows(widths: &[usize], columns: usize) -> usize {
    widths.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_a_narrower_terminal_breaks_are_several_rows() {
        assert_eq!(rows(&[79, 40, 0], 80), 3);
        assert_eq!(rows(&[79, 40, 0], 40), 4);
        assert_eq!(rows(&[79, 40, 0], 39), 6);
        assert_eq!(rows(&[], 80), 0);
    }
}
