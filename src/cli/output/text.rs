//! Results as lines for people.
//!
//! What does not belong here: what any one command says.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::Outcome;

/// Between two columns.
const GAP: usize = 3;

/// A result in words.
pub(crate) fn of<T: Outcome>(outcome: &T) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = outcome.text(&mut text);
    text
}

/// Text from outside, fit for a terminal: what would move the cursor, begin a line or turn the direction of
/// writing is shown as an escape. Everything else stays as it is.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        let _ = match u32::from(letter) {
            code if !is_unseen(letter) || code > 0x10_ffff => shown.write_char(letter),
            code @ ..=0xff => write!(shown, "\\x{code:02x}"),
            code => write!(shown, "\\u{{{code:x}}}"),
        };
    }
    Cow::Owned(shown)
}

/// Controls (C0, DEL, C1), marks of direction, and the two separators that some programs take for the end of a line.
pub(crate) fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A line for each name that has a value, the values in one column.
pub(crate) fn facts<V: fmt::Display>(facts: impl IntoIterator<Item = (&'static str, Option<V>)>) -> String {
    let facts: Vec<_> = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let width = facts.iter().map(|(name, _)| name.len() + ":  ".len()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in facts {
        // A string takes all that is written to it.
        let _ = writeln!(text, "{:width$}{value}", format!("{name}:"));
    }
    text
}

/// Writes two columns under their names; nothing at all when there are no rows.
pub(crate) fn columns(
    out: &mut dyn fmt::Write,
    names: (&str, &str),
    rows: &[(Cow<'_, str>, String, Option<String>)],
) -> fmt::Result {
    let width = rows.iter().map(|(left, _, _)| left.chars().count()).chain([names.0.len()]).max();
    let width = width.unwrap_or_default() + GAP;
    if !rows.is_empty() {
        writeln!(out, "{:width$}{}", names.0, names.1)?;
    }
    for (left, right, below) in rows {
        writeln!(out, "{left:width$}{right}")?;
        if let Some(below) = below {
            out.write_str(below)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_shown_as_an_escape() {
        assert_eq!(
            visible("a\u{1b}[2Jb\n\u{7f}\u{9b}\u{202e}c\u{2066}"),
            "a\\x1b[2Jb\\x0a\\x7f\\x9b\\u{202e}c\\u{2066}"
        );
        assert!(matches!(visible("hällo 日本 😀 \\x"), Cow::Borrowed(_)));
    }

    #[test]
    fn columns_are_as_wide_as_their_longest_entry() {
        let mut text = String::new();
        let row = |left: &str| (Cow::Owned(left.to_owned()), "d".to_owned(), None);
        columns(&mut text, ("Name", "Digest"), &[row("a"), row("long-er")]).unwrap();
        assert_eq!(text, "Name      Digest\na         d\nlong-er   d\n");
        text.clear();
        columns(&mut text, ("Name", "Digest"), &[]).unwrap();
        assert_eq!(text, "");
    }
}
