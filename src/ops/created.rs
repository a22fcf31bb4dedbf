//! The time in an annotation: RFC 3339, with the words of Go where it is none.
//!
//! oras reads it by Go's `time.Parse` and shows what that says; here the same layout is walked in the same order.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::error::{Error, Result};

const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// A moment as it is written into an annotation: UTC, whole seconds.
pub(super) fn written(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// Whether the text is an RFC 3339 time.
///
/// # Errors
/// It is none.
pub(super) fn check(text: &str) -> Result<()> {
    let mut reader = Reader { text, rest: text, out_of_range: None };
    match reader.time() {
        Some(expected) => Err(refusal(&format!(
            "parsing time {text:?} as {LAYOUT:?}: cannot parse {:?} as {expected:?}",
            reader.rest
        ))),
        None => reader.range(),
    }
}

fn refusal(why: &str) -> Error {
    Error::invalid(format!("invalid date and time format: {why}"))
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    out_of_range: Option<&'static str>,
}

impl<'a> Reader<'a> {
    /// Reads the whole layout; the element of it that the text does not have, if one is missing.
    fn time(&mut self) -> Option<&'static str> {
        let mut fields = [0_u32; 6];
        let elements = [
            ("2006", 4, "-", 0..=9999, ""),
            ("01", 2, "-", 1..=12, "month"),
            ("02", 2, "T", 0..=99, "day"),
            ("15", 2, ":", 0..=23, "hour"),
            ("04", 2, ":", 0..=59, "minute"),
            ("05", 2, "", 0..=59, "second"),
        ];
        for ((name, digits, then, range, word), field) in elements.into_iter().zip(&mut fields) {
            match self.number(digits) {
                Some(number) => *field = number,
                None => return Some(name),
            }
            if !range.contains(field) {
                // Go looks at the day of the month last of all.
                self.out_of_range = Some(word);
                return None;
            }
            if !self.take(then) {
                return Some(then);
            }
        }
        self.fraction();
        if !self.zone() {
            return Some("Z07:00");
        }
        let [year, month, day, ..] = fields.map(|field| i16::try_from(field).unwrap_or_default());
        let [month, day] = [month, day].map(|field| i8::try_from(field).unwrap_or_default());
        if self.rest.is_empty() && Date::new(year, month, day).is_err() {
            self.out_of_range = Some("day");
        }
        None
    }

    /// What is wrong with a text that has every element.
    fn range(&self) -> Result<()> {
        match self.out_of_range {
            Some(word) => Err(refusal(&format!("parsing time {:?}: {word} out of range", self.text))),
            None if self.rest.is_empty() => Ok(()),
            None => Err(refusal(&format!("parsing time {:?}: extra text: {:?}", self.text, self.rest))),
        }
    }

    fn number(&mut self, digits: usize) -> Option<u32> {
        let number = self.rest.get(..digits)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = &self.rest[digits..];
        number.parse().ok()
    }

    fn take(&mut self, text: &str) -> bool {
        let rest: Option<&'a str> = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn fraction(&mut self) {
        if let Some(after) = self.rest.strip_prefix(['.', ',']) {
            let rest = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
            if rest.len() < after.len() {
                self.rest = rest;
            }
        }
    }

    fn zone(&mut self) -> bool {
        if self.take("Z") {
            return true;
        }
        let before = self.rest;
        let signed = self.take("+") || self.take("-");
        let good = signed && self.number(2).is_some() && self.take(":") && self.number(2).is_some();
        if !good {
            self.rest = before;
        }
        good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_times_pass() {
        for good in ["2024-01-01T00:00:00Z", "2024-02-29T23:59:59.123+05:30", "0000-01-01T00:00:00-00:00"] {
            assert!(check(good).is_ok(), "{good}");
        }
    }

    /// The words are what oras 1.3.6 printed for the same texts.
    #[test]
    fn bad_ones_are_refused_in_the_words_of_go() {
        let says = |text: &str| check(text).unwrap_err().to_string();
        let layout = |text: &str, rest: &str, element: &str| {
            format!(
                "invalid date and time format: parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {rest:?} as {element:?}"
            )
        };
        assert_eq!(says("xx"), layout("xx", "xx", "2006"));
        assert_eq!(says("2024-11-01"), layout("2024-11-01", "", "T"));
        assert_eq!(says("2024-02-20T00:00:00+0100"), layout("2024-02-20T00:00:00+0100", "+0100", "Z07:00"));
        let short =
            |text: &str, why: &str| format!("invalid date and time format: parsing time {text:?}: {why}");
        assert_eq!(says("2024-13-01T00:00:00Z"), short("2024-13-01T00:00:00Z", "month out of range"));
        assert_eq!(says("2024-02-30T00:00:00Z"), short("2024-02-30T00:00:00Z", "day out of range"));
        assert_eq!(says("2024-11-01T00:00:00ZZ"), short("2024-11-01T00:00:00ZZ", "extra text: \"Z\""));
    }

    #[test]
    fn seconds_are_enough_for_what_is_written() {
        let now: Timestamp = "2024-01-01T00:00:00.9Z".parse().unwrap();
        assert_eq!(written(now), "2024-01-01T00:00:00Z");
    }
}
