//! Values of flags, read and refused as Go's `strconv` does it.
//!
//! What does not belong here: flags.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// A number, in Go's notation: decimal, or with one of the prefixes `0x`, `0o`, `0b` and `0`.
pub(crate) fn integer(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let wrong = |reason: &str| format!("strconv.ParseInt: parsing {text:?}: {reason}");
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(wrong("invalid syntax"));
    }
    let value = i128::from_str_radix(digits, radix).map(|value| if negative { -value } else { value });
    value.ok().and_then(|value| value.try_into().ok()).ok_or_else(|| wrong("value out of range"))
}

/// A number of things.
pub(crate) fn count(text: &str) -> Result<u32, String> {
    u32::try_from(integer(text)?).map_err(|_| format!("must be between 0 and {}", u32::MAX))
}

/// Units of a duration in nanoseconds, the longer names first where one begins with another.
const UNITS: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 6e10),
    ("h", 3.6e12),
];

/// A duration as Go writes it: numbers with units one after the other, `1m30s` or `1.5h`, or a plain `0`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    if rest.starts_with('-') {
        return Err(format!("{text:?} is negative"));
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let number =
            rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let value: f64 = rest[..number].parse().map_err(|_| invalid())?;
        rest = &rest[number..];
        let end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        let unit = &rest[..end];
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        nanoseconds += value * factor;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(nanoseconds / 1e9).map_err(|_| invalid())
}

/// A path; an empty one is a value too, and means none.
pub(crate) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Yes or no.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        for (text, value) in
            [("5", 5), ("-3", -3), ("0x10", 16), ("010", 8), ("0b11", 3), ("0", 0), ("+7", 7)]
        {
            assert_eq!(integer(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn bad_numbers_are_refused_in_the_words_of_go() {
        for (text, reason) in [
            ("abc", "invalid syntax"),
            ("", "invalid syntax"),
            ("99999999999999999999", "value out of range"),
        ] {
            assert_eq!(integer(text), Err(format!("strconv.ParseInt: parsing {text:?}: {reason}")));
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        for (text, milliseconds) in [
            ("0", 0),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("300ms", 300),
            ("+2s", 2000),
            (".5s", 500),
            ("1h2m", 3_720_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for (text, reason) in [
            ("", "time: invalid duration \"\""),
            ("abc", "time: invalid duration \"abc\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5x", "time: unknown unit \"x\" in duration \"5x\""),
            ("-1s", "\"-1s\" is negative"),
            ("1.2.3s", "time: invalid duration \"1.2.3s\""),
        ] {
            assert_eq!(duration(text), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_number_of_things_is_not_negative() {
        assert_eq!(count("0"), Ok(0));
        assert!(count("-1").is_err() && count("4294967296").is_err() && count("x").is_err());
    }

    #[test]
    fn yes_and_no_have_the_spellings_of_go() {
        assert_eq!(boolean("T"), Ok(true));
        assert_eq!(boolean("0"), Ok(false));
        assert_eq!(boolean("yes"), Err("strconv.ParseBool: parsing \"yes\": invalid syntax".to_owned()));
    }
}
