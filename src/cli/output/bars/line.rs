//! How a node looks: two lines, as wide as the terminal and never wider.
//!
//! The form is that of oras. Where there is no room for all of it, the parts that say least go first: the bar, then
//! the sizes and the time, then the percentage, and the name is cut at last.
//!
//! What does not belong here: drawing.

use std::time::Duration;

use console::measure_text_width;

use crate::cli::output::units::{Size, duration};

/// The cells of a bar.
const CELLS: u64 = 20;
/// The pictures of something that moves.
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// The letters of a name for whose sake other parts are left out.
const NAME: usize = 8;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BLUE: &str = "\x1b[104m";
const PLAIN: &str = "\x1b[0m";

/// A node as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// What happens to it.
    pub(super) word: String,
    /// Its title or type, fit to be shown.
    pub(super) name: String,
    /// Its digest.
    pub(super) digest: String,
    /// How many bytes have moved.
    pub(super) bytes: u64,
    /// Of how many.
    pub(super) total: u64,
    /// For how long.
    pub(super) took: Duration,
}

/// What stands in front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is under way; the number of the picture.
    Moving(usize),
    /// It is done.
    Done,
    /// It failed.
    Failed,
}

impl Row {
    /// The two lines, each at most `width` columns wide.
    pub(super) fn lines(&self, mark: Mark, width: usize) -> String {
        let below = format!("  └─ {}", self.digest);
        let line = self.line(mark, width);
        // In a window of a column or two not even the mark has room.
        format!("{}\n{}", console::truncate_str(&line, width, ""), cut(&below, width))
    }

    fn line(&self, mark: Mark, width: usize) -> String {
        let (colour, letter) = match mark {
            Mark::Moving(frame) => (YELLOW, SPINNER[frame % SPINNER.len()]),
            Mark::Done => (GREEN, '✓'),
            Mark::Failed => (RED, '✗'),
        };
        // What must be there: the mark, the word and the beginning of the name, with blanks between them.
        let least = 2 + self.word.len() + 1 + NAME.min(measure_text_width(&self.name));
        let right = self.right(width.saturating_sub(least));
        let room = width.saturating_sub(measure_text_width(&right));
        let gauge = matches!(mark, Mark::Moving(_)).then(|| self.gauge()).unwrap_or_default();
        let gauge_width = measure_text_width(&gauge);
        let gauge = if least + gauge_width <= room { gauge } else { String::new() };
        let left_room = room.saturating_sub(2 + measure_text_width(&gauge));
        let left = cut(&format!("{} {}", self.word, self.name), left_room);
        let fill = left_room.saturating_sub(measure_text_width(&left));
        format!("{colour}{letter}{PLAIN} {gauge}{left}{:fill$}{right}", "")
    }

    /// The bar and how fast it grows.
    fn gauge(&self) -> String {
        let full = (self.bytes.min(self.total) * CELLS).checked_div(self.total).unwrap_or(CELLS);
        let seconds = self.took.as_secs_f64().max(0.001);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate of three digits"
        )]
        let rate = (self.bytes as f64 / seconds) as u64;
        let full = usize::try_from(full).unwrap_or_default();
        let empty = usize::try_from(CELLS).unwrap_or_default() - full;
        format!("[{BLUE}{:full$}{PLAIN}{}]({:>7}/s) ", "", ".".repeat(empty), Size::of(rate).to_string())
    }

    /// Sizes, percentage and time, or as much of it as there is room for.
    fn right(&self, room: usize) -> String {
        let size = Size::of(self.total);
        let percent = match self.total {
            0 => 100.0,
            #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
            total => self.bytes as f64 * 100.0 / total as f64,
        };
        let time = duration(self.took);
        let all = format!(" {}/{size} {percent:6.2}% {time:>6}", size.like(self.bytes));
        let forms = [all, format!(" {percent:6.2}% {time:>6}"), format!(" {percent:.0}%"), String::new()];
        forms.into_iter().find(|form| measure_text_width(form) <= room).unwrap_or_default()
    }
}

/// The text, cut to a width, with a dot where something is missing.
fn cut(text: &str, width: usize) -> String {
    // Where there is no room at all, the dot has none either.
    let tail = if width == 0 { "" } else { "." };
    console::truncate_str(text, width, tail).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            word: "Uploading".to_owned(),
            name: "big.bin".to_owned(),
            digest: format!("sha256:{}", "0c98".repeat(16)),
            bytes: 2_350_000,
            total: 3_000_000,
            took: Duration::from_millis(5),
        }
    }

    fn shown(row: &Row, mark: Mark, width: usize) -> Vec<String> {
        let lines = row.lines(mark, width);
        assert!(lines.lines().all(|line| measure_text_width(line) <= width), "{width}: {lines}");
        console::strip_ansi_codes(&lines).lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_moves_has_a_bar_a_rate_sizes_and_a_time() {
        let lines = shown(&row(), Mark::Moving(0), 100);
        assert_eq!(
            lines[0],
            format!("⠋ [{:15}.....]( 448 MB/s) Uploading big.bin{:20}2.24/2.86 MB  78.33%    5ms", "", "")
        );
        assert_eq!(lines[1], format!("  └─ sha256:{}", "0c98".repeat(16)));
    }

    #[test]
    fn what_is_done_has_no_bar() {
        let done = Row { word: "Uploaded ".to_owned(), bytes: 3_000_000, ..row() };
        let line = shown(&done, Mark::Done, 100).remove(0);
        assert_eq!(line, format!("✓ Uploaded  big.bin{:54}2.86/2.86 MB 100.00%    5ms", ""));
        assert!(shown(&row(), Mark::Failed, 100)[0].starts_with("✗ Uploading big.bin"));
    }

    #[test]
    fn narrow_windows_lose_what_says_least() {
        assert_eq!(
            shown(&row(), Mark::Moving(3), 60)[0],
            format!("⠸ Uploading big.bin{:14}2.24/2.86 MB  78.33%    5ms", "")
        );
        assert_eq!(shown(&row(), Mark::Moving(3), 36)[0], "⠸ Uploading big.bin    78.33%    5ms");
        assert_eq!(shown(&row(), Mark::Moving(3), 24)[0], "⠸ Uploading big.bin  78%");
        assert_eq!(shown(&row(), Mark::Moving(3), 20)[0], "⠸ Uploading big.bin ");
        for width in 0..120 {
            shown(&row(), Mark::Moving(1), width);
            shown(&Row { name: "ü日本語".repeat(20), ..row() }, Mark::Done, width);
        }
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let empty = Row { bytes: 0, total: 0, took: Duration::ZERO, ..row() };
        assert!(shown(&empty, Mark::Moving(0), 100)[0].ends_with("0/0  B 100.00%     0s"));
    }
}
