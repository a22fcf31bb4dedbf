//! Values of flags, read and refused as Go's `strconv` does it.
//!
//! What does not belong here: flags.

use std::path::PathBuf;

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
    fn yes_and_no_have_the_spellings_of_go() {
        assert_eq!(boolean("T"), Ok(true));
        assert_eq!(boolean("0"), Ok(false));
        assert_eq!(boolean("yes"), Err("strconv.ParseBool: parsing \"yes\": invalid syntax".to_owned()));
    }
}
