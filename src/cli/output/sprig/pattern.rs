//! Functions that take a regular expression.
//!
//! The syntax is RE2's, as in Go. What does not belong here: text that is searched for as it
//! is.

use gtmpl_ng::Value;
use regex::{NoExpand, Regex, RegexBuilder};

use super::argument::{Outcome, functions};
use super::expression::translated;

/// The most memory that one expression may take, compiled.
const SIZE_LIMIT: usize = 10 * 1024 * 1024;

functions! {
    "regexMatch"(pattern: String, text: String) => compiled(&pattern).is_ok_and(|found| found.is_match(&text));
    "mustRegexMatch"(pattern: String, text: String) => compiled(&pattern).map(|found| found.is_match(&text));
    "regexFind" | "mustRegexFind"(pattern: String, text: String) => find(&pattern, &text);
    "regexFindAll" | "mustRegexFindAll"(pattern: String, text: String, most: i64) => find_all(&pattern, &text, most);
    "regexReplaceAll" | "mustRegexReplaceAll"(pattern: String, text: String, new: String) =>
        compiled(&pattern).map(|found| found.replace_all(&text, new.as_str()).into_owned());
    "regexReplaceAllLiteral" | "mustRegexReplaceAllLiteral"(pattern: String, text: String, new: String) =>
        compiled(&pattern).map(|found| found.replace_all(&text, NoExpand(&new)).into_owned());
    "regexSplit" | "mustRegexSplit"(pattern: String, text: String, most: i64) => split(&pattern, &text, most);
    "regexQuoteMeta"(text: String) => escaped(&text);
}

fn compiled(pattern: &str) -> Outcome<Regex> {
    RegexBuilder::new(&translated(pattern)).octal(true).size_limit(SIZE_LIMIT).build().map_err(|error| {
        match error {
            // The text of a mistake is a drawing on several lines; the last one says what it is.
            regex::Error::Syntax(text) => {
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("error parsing regexp: {reason}: `{pattern}`")
            }
            other => format!("error parsing regexp: {other}"),
        }
    })
}

fn find(pattern: &str, text: &str) -> Outcome<String> {
    Ok(compiled(pattern)?.find(text).map_or_else(String::new, |found| found.as_str().to_owned()))
}

/// What matches, at most so often; without a bound for a negative number.
fn find_all(pattern: &str, text: &str, most: i64) -> Outcome<Vec<String>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let pattern = compiled(pattern)?;
    Ok(pattern.find_iter(text).take(most).map(|found| found.as_str().to_owned()).collect())
}

/// What is between the matches, in at most so many parts.
fn split(pattern: &str, text: &str, most: i64) -> Outcome<Vec<Value>> {
    let found = compiled(pattern)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most == 0 {
        return Ok(Vec::new());
    }
    if !pattern.is_empty() && text.is_empty() {
        return Ok(vec![Value::from("")]);
    }
    let (mut parts, mut start, mut end) = (Vec::new(), 0, 0);
    for found in found.find_iter(text) {
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        // What matches nothing at the very beginning splits nothing off.
        if found.end() != 0 {
            parts.push(Value::from(&text[start..end]));
        }
        start = found.end();
    }
    if end != text.len() {
        parts.push(Value::from(&text[start..]));
    }
    Ok(parts)
}

/// The pattern that matches just this text.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}
