//! Text as one YAML scalar on one line, quoted only where YAML would otherwise read something else.
//!
//! oras prints annotations so. Its choice of quotes is kept: double ones for what would be read as a number, a time
//! or `null`, single ones for what YAML 1.1 had other meanings for and for what has a sign of the syntax in it. It
//! prints text of several lines as a block that breaks the drawing around it; here that is one double-quoted
//! line, as are all other characters that a terminal would not show. Source: YAML 1.2.2, chapters 5, 7 and 10.
//!
//! What does not belong here: reading YAML.

use std::fmt::Write;

use jiff::civil::{Date, Time};

use super::text::is_unseen;

/// The text as a scalar.
pub(crate) fn scalar(text: &str) -> String {
    if text.chars().any(|letter| !is_printable(letter)) || has_a_type(text) {
        double_quoted(text)
    } else if had_a_type(text) || !is_plain(text) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        text.to_owned()
    }
}

/// Letters beyond the basic plane are printable too, but oras escapes them.
fn is_printable(letter: char) -> bool {
    !is_unseen(letter) && letter < '\u{1_0000}' && !matches!(letter, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        let short = match letter {
            '"' | '\\' => Some(letter),
            '\0' => Some('0'),
            '\u{7}' => Some('a'),
            '\u{8}' => Some('b'),
            '\t' => Some('t'),
            '\n' => Some('n'),
            '\u{b}' => Some('v'),
            '\u{c}' => Some('f'),
            '\r' => Some('r'),
            '\u{1b}' => Some('e'),
            '\u{85}' => Some('N'),
            '\u{2028}' => Some('L'),
            '\u{2029}' => Some('P'),
            _ => None,
        };
        // Writing to a string does not fail.
        let _ = match (short, u32::from(letter)) {
            (Some(short), _) => write!(quoted, "\\{short}"),
            (None, _) if is_printable(letter) => quoted.write_char(letter),
            (None, code @ ..=0xff) => write!(quoted, "\\x{code:02X}"),
            (None, code @ ..=0xffff) => write!(quoted, "\\u{code:04X}"),
            (None, code) => write!(quoted, "\\U{code:08X}"),
        };
    }
    quoted.push('"');
    quoted
}

/// Whether the text needs no quotes for its form.
fn is_plain(text: &str) -> bool {
    let opens = |letter: char| "#,[]{}&*!|>'\"%@`".contains(letter);
    if text.starts_with(opens) || text.starts_with("---") || text.starts_with("...") {
        return false;
    }
    let mut after_blank = true;
    let mut letters = text.chars().peekable();
    let mut first = true;
    while let Some(letter) = letters.next() {
        let before_blank = letters.peek().is_none_or(|next| *next == ' ');
        let splits = match letter {
            ':' => before_blank,
            '-' | '?' => first && before_blank,
            '#' => after_blank,
            _ => false,
        };
        if splits {
            return false;
        }
        after_blank = letter == ' ';
        first = false;
    }
    !text.starts_with(' ') && !text.ends_with(' ')
}

/// Whether the text without quotes would be no text.
fn has_a_type(text: &str) -> bool {
    const WORDS: [&str; 11] =
        ["", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"];
    WORDS.contains(&text) || is_special_float(text) || is_number(text) || is_time(text)
}

/// Words and forms that were no text in YAML 1.1, and the key of a merge.
fn had_a_type(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF",
        "<<",
    ];
    WORDS.contains(&text) || is_base_sixty(text)
}

fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// Whole numbers of the bases that have a sign, and fractions. Underscores between digits do not count.
fn is_number(text: &str) -> bool {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return false;
    }
    let digits = if text.starts_with('.') { text.to_owned() } else { text.replace('_', "") };
    let (negative, unsigned) = match digits.strip_prefix(['+', '-']) {
        Some(unsigned) => (digits.starts_with('-'), unsigned),
        None => (false, digits.as_str()),
    };
    let base = match unsigned.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    if let Some(base) = base {
        // Go's 64 bits, with or without a sign.
        let value = u64::from_str_radix(&unsigned[2..], base);
        let limit = if negative { 1 << 63 } else { u64::MAX };
        return !unsigned[2..].starts_with('+') && value.is_ok_and(|value| value <= limit);
    }
    is_decimal(unsigned) && unsigned.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Digits, a fraction, an exponent: at least one digit before it.
fn is_decimal(text: &str) -> bool {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent
}

/// `12:30`: sixty to the next place.
fn is_base_sixty(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut places = whole.split(':');
    let spaced = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let first = places.next().unwrap_or_default();
    let more = whole.contains(':');
    more && first.starts_with(|digit: char| digit.is_ascii_digit())
        && spaced(first)
        && spaced(fraction)
        && places.all(|place| small_number(place).is_some_and(|value| value < 60))
}

/// One or two digits.
fn small_number(text: &str) -> Option<i8> {
    let good = matches!(text.len(), 1..=2) && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| text.parse().ok())?
}

/// A day, or a day and a time of it with its zone.
fn is_time(text: &str) -> bool {
    let (day, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((&text[at..=at], &text[at + 1..]))),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(|year| year.parse::<i16>().ok());
    let (month, date) = (parts.next().and_then(small_number), parts.next().and_then(small_number));
    let (Some(year), Some(month), Some(date), None) = (year, month, date, parts.next()) else {
        return false;
    };
    if Date::new(year, month, date).is_err() {
        return false;
    }
    match time {
        None => true,
        Some((" ", clock)) => is_clock(clock),
        Some((_, clock)) => match clock.strip_suffix('Z') {
            Some(clock) => is_clock(clock),
            None => clock.rfind(['+', '-']).is_some_and(|at| {
                is_clock(&clock[..at])
                    && clock[at + 1..].len() == 5
                    && clock[at + 1..].split_once(':').is_some_and(|(hours, minutes)| {
                        small_number(hours).is_some_and(|value| value <= 24)
                            && small_number(minutes).is_some_and(|value| value <= 60)
                    })
            }),
        },
    }
}

/// Hours, minutes and seconds.
fn is_clock(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':').map(small_number);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(hour)), Some(Some(minute)), Some(Some(second)), None) => {
            Time::new(hour, minute, second, 0).is_ok()
                && !fraction.is_empty()
                && fraction.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
