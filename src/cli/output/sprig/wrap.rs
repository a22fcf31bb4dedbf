//! Text made to fit a width: shortened with dots, or broken into lines.
//!
//! What does not belong here: the table of names, which is in [`super::text`].

/// What happens to a word that is longer than a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Long {
    /// It has a line of its own.
    Kept,
    /// It is cut.
    Cut,
}

/// The text with dots for what is left out on the right, and on the left if what is shown starts later. A width that
/// has no place for letters and dots changes nothing.
pub(super) fn abbreviated(text: &str, left: i64, width: i64) -> String {
    if width < 4 || left > 0 && width < 7 {
        return text.to_owned();
    }
    let (Ok(left), Ok(width)) = (usize::try_from(left.max(0)), usize::try_from(width)) else {
        return text.to_owned();
    };
    let shown = |start: usize, end: usize| String::from_utf8_lossy(&text.as_bytes()[start..end]).into_owned();
    let length = text.len();
    if length <= width {
        return text.to_owned();
    }
    let start = left.min(length - (width - 3));
    if start <= 4 {
        format!("{}...", shown(0, width - 3))
    } else if width < 7 {
        String::new()
    } else if start + width - 3 < length {
        format!("...{}...", shown(start, start + width - 6))
    } else {
        format!("...{}", shown(length - (width - 3), length))
    }
}

/// The text in lines of at most so many letters, broken at blanks.
pub(super) fn wrapped(text: &str, length: i64, line_end: &str, long: Long) -> String {
    let letters: Vec<char> = text.chars().collect();
    let length = usize::try_from(length).unwrap_or(0).max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut start = 0;
    while letters.len() - start > length {
        if letters[start] == ' ' {
            start += 1;
            continue;
        }
        let fits = letters[start..=start + length].iter().rposition(|letter| *letter == ' ');
        let (end, next) = match (fits, long) {
            (Some(blank), _) => (start + blank, start + blank + 1),
            (None, Long::Cut) => (start + length, start + length),
            (None, Long::Kept) => match letters[start + length..].iter().position(|letter| *letter == ' ') {
                Some(blank) => (start + length + blank, start + length + blank + 1),
                None => break,
            },
        };
        lines.push(letters[start..end].iter().collect());
        start = next;
    }
    lines.push(letters[start..].iter().collect());
    lines.join(if line_end.is_empty() { "\n" } else { line_end })
}
