//! Functions of text: parts of it, and text put around it.
//!
//! Lengths count bytes, as in Go; what is left of a character that was cut is shown as U+FFFD.
//!
//! What does not belong here: words and their letters, which are in [`super::case`], and lines, in [`super::wrap`].

use std::collections::HashMap;

use gtmpl_ng::{Value, funcs};

use super::argument::{Dict, LIMIT, Outcome, functions, is_nothing, text_of};
use super::wrap;

functions! {
    "hello"() => "Hello!";
    "abbrev"(width: i64, text: String) => wrap::abbreviated(&text, 0, width);
    "abbrevboth"(left: i64, right: i64, text: String) => wrap::abbreviated(&text, left, right);
    "wrap"(length: i64, text: String) => wrap::wrapped(&text, length, "\n", wrap::Long::Kept);
    "wrapWith"(length: i64, separator: String, text: String) => wrap::wrapped(&text, length, &separator, wrap::Long::Cut);
    "trunc"(length: i64, text: String) => truncated(length, text);
    "substr"(start: i64, end: i64, text: String) => part(start, end, &text);
    "trim"(text: String) => text.trim();
    "trimAll" | "trimall"(letters: String, text: String) => text.trim_matches(|letter| letters.contains(letter));
    "trimPrefix"(prefix: String, text: String) => text.strip_prefix(prefix.as_str()).unwrap_or(&text);
    "trimSuffix"(suffix: String, text: String) => text.strip_suffix(suffix.as_str()).unwrap_or(&text);
    "nospace"(text: String) => text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    "repeat"(count: i64, text: String) => repeated(&text, count);
    "replace"(old: String, new: String, text: String) => text.replace(&old, &new);
    "contains"(part: String, text: String) => text.contains(&part);
    "hasPrefix"(prefix: String, text: String) => text.starts_with(&prefix);
    "hasSuffix"(suffix: String, text: String) => text.ends_with(&suffix);
    "quote"(; values) => spaced(values, quoted);
    "squote"(; values) => spaced(values, |value| format!("'{value}'"));
    "cat"(; values) => spaced(values, text_of);
    "indent"(spaces: i64, text: String) => indented(spaces, &text);
    "nindent"(spaces: i64, text: String) => indented(spaces, &text).map(|text| format!("\n{text}"));
    "plural"(one: String, many: String, count: i64) => if count == 1 { one } else { many };
    "toString"(value: Value) => text_of(&value);
    "toStrings"(value: Value) => texts(&value);
    "join"(separator: String, value: Value) => texts(&value).join(&separator);
    "split"(separator: String, text: String) => numbered(parts(&separator, &text, -1));
    "splitn"(separator: String, count: i64, text: String) => numbered(parts(&separator, &text, count));
    "splitList"(separator: String, text: String) => parts(&separator, &text, -1);
}

/// From the start, or with a negative length from the end.
fn truncated(length: i64, text: String) -> String {
    let Ok(kept) = usize::try_from(length.unsigned_abs()) else { return text };
    match text.len().checked_sub(kept) {
        None | Some(0) => text,
        Some(left) if length < 0 => bytes(&text, left, text.len()),
        Some(_) => bytes(&text, 0, kept),
    }
}

fn part(start: i64, end: i64, text: &str) -> Outcome<String> {
    let (start, end) = (usize::try_from(start), usize::try_from(end));
    let range = match (start, end) {
        (Err(_), Ok(end)) => (0, end),
        (Ok(start), Ok(end)) if end <= text.len() => (start, end),
        (Ok(start), _) => (start, text.len()),
        (Err(_), Err(_)) => return Err("slice bounds out of range".to_owned()),
    };
    if range.0 > range.1 || range.1 > text.len() {
        return Err("slice bounds out of range".to_owned());
    }
    Ok(bytes(text, range.0, range.1))
}

fn bytes(text: &str, start: usize, end: usize) -> String {
    String::from_utf8_lossy(&text.as_bytes()[start..end]).into_owned()
}

fn repeated(text: &str, count: i64) -> Outcome<String> {
    let count = usize::try_from(count).map_err(|_| "strings: negative Repeat count".to_owned())?;
    match text.len().checked_mul(count) {
        Some(length) if length <= LIMIT => Ok(text.repeat(count)),
        _ => Err(format!("the result would be longer than {LIMIT} bytes")),
    }
}

fn indented(spaces: i64, text: &str) -> Outcome<String> {
    let pad = repeated(" ", spaces)?;
    let lines = text.matches('\n').count() + 1;
    match pad.len().checked_mul(lines) {
        Some(length) if length <= LIMIT => Ok(format!("{pad}{}", text.replace('\n', &format!("\n{pad}")))),
        _ => Err(format!("the result would be longer than {LIMIT} bytes")),
    }
}

/// What there is, with blanks between.
fn spaced(values: &[Value], form: impl Fn(&Value) -> String) -> String {
    let values: Vec<_> = values.iter().filter(|value| !is_nothing(value)).map(form).collect();
    values.join(" ")
}

/// As a literal of Go.
fn quoted(value: &Value) -> String {
    let text = Value::from(text_of(value));
    funcs::printf(&[Value::from("%q"), text]).map_or_else(|_| String::new(), |quoted| quoted.to_string())
}

/// The elements as text, without those that are nothing.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::NoValue | Value::Nil => Vec::new(),
        Value::Array(list) => list.iter().filter(|value| !is_nothing(value)).map(text_of).collect(),
        other => vec![text_of(other)],
    }
}

/// The parts between separators, at most so many; without a separator the letters.
fn parts(separator: &str, text: &str, count: i64) -> Vec<String> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    if separator.is_empty() {
        let mut letters: Vec<String> = text.chars().map(String::from).collect();
        if letters.len() > most {
            let rest = letters.split_off(most - 1).concat();
            letters.push(rest);
        }
        return letters;
    }
    text.splitn(most, separator).map(str::to_owned).collect()
}

/// A dict with the keys `_0`, `_1` and so on.
fn numbered(parts: Vec<String>) -> Dict {
    let keyed = parts.into_iter().enumerate().map(|(at, part)| (format!("_{at}"), Value::from(part)));
    keyed.collect::<HashMap<_, _>>()
}
