//! The terminal that bars are drawn on, a little narrower than it is.
//!
//! An interrupt that is typed shows as `^C` behind the last line. If that line were as wide as the terminal, the
//! letters would begin a new one, and what is wiped away afterwards would be one line too low.
//!
//! What does not belong here: what is drawn.

use std::io;

use console::Term;
use indicatif::TermLike;

/// The columns that are left free.
const MARGIN: u16 = 2;

/// Stderr without its last columns.
#[derive(Debug)]
pub(crate) struct Narrow(Term);

impl Narrow {
    /// On stderr.
    pub(crate) fn stderr() -> Self {
        Self(Term::buffered_stderr())
    }

    /// The columns that may be drawn on.
    pub(crate) fn columns() -> usize {
        usize::from(Self::stderr().width())
    }
}

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(MARGIN).max(1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
