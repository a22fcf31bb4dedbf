//! Where bars are drawn: a terminal for indicatif that takes the lines of a frame and draws them itself.
//!
//! indicatif fills every line with blanks up to the last column, counts on the terminal to break it there, and wipes away
//! as many rows as there were when it drew. On a terminal that becomes narrower meanwhile all of that is wrong. Here
//! every line ends, and what is wiped away is counted in rows of the width that the terminal has at that moment.
//!
//! The cursor rests below what is drawn. What a user types meanwhile, as the `^C` of an interrupt, is shown there and
//! wiped away with the lines. The cursor is never hidden, so nothing has to be put right in the end.
//!
//! What does not belong here: what is drawn, and when.

use std::io::Result;
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::{Term, measure_text_width};
use indicatif::TermLike;

/// Where bars are drawn. They are wiped away with it.
#[derive(Debug)]
pub(super) struct Canvas(Mutex<Screen>);

#[derive(Debug)]
struct Screen {
    term: Term,
    /// The lines of the frame that is being made.
    lines: Vec<String>,
    /// How many columns each of the lines has that are seen.
    drawn: Vec<usize>,
}

impl Canvas {
    /// On stderr.
    pub(super) fn stderr() -> Self {
        let term = Term::buffered_stderr();
        Self(Mutex::new(Screen { term, lines: Vec::new(), drawn: Vec::new() }))
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        // As in `flush`.
        let _ = self.screen().draw();
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        self.screen().term.size().1.max(1)
    }

    /// There is room for all lines: which of them are seen is decided when they are drawn.
    fn height(&self) -> u16 {
        u16::MAX
    }

    /// The blanks that fill a line are left out.
    fn write_str(&self, text: &str) -> Result<()> {
        if !text.trim().is_empty() {
            self.screen().lines.push(text.to_owned());
        }
        Ok(())
    }

    fn write_line(&self, text: &str) -> Result<()> {
        self.write_str(text)
    }

    /// The end of a frame.
    fn flush(&self) -> Result<()> {
        // A stderr that cannot be written has nothing on it, and indicatif takes no error.
        let _ = self.screen().draw();
        Ok(())
    }

    fn move_cursor_up(&self, _: usize) -> Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> Result<()> {
        Ok(())
    }
    fn clear_line(&self) -> Result<()> {
        Ok(())
    }
}

impl Screen {
    /// Draws the frame in the place of the one before: the latest nodes, two lines each, where there is not room for all.
    fn draw(&mut self) -> Result<()> {
        let (rows, columns) = self.term.size();
        self.wipe(usize::from(columns))?;
        let lines = std::mem::take(&mut self.lines);
        let room = usize::from(rows.saturating_sub(1)) / 2 * 2;
        let seen = &lines[lines.len().saturating_sub(room)..];
        for line in seen {
            self.term.write_line(line)?;
        }
        self.drawn = seen.iter().map(|line| measure_text_width(line)).collect();
        self.term.flush()
    }

    fn wipe(&mut self, columns: usize) -> Result<()> {
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
