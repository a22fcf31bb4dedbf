//! Functions of numbers.
//!
//! Text and truth values count as the number they stand for, and what stands for none as zero.
//!
//! What does not belong here: sums with fractions as they are written, which are in [`super::decimal`].

use gtmpl_ng::{NumberKind, Value};

use super::argument::{LIMIT, List, Outcome, functions, text_of};
use super::decimal::{self, Sum};

functions! {
    "atoi"(text: String) => text.parse::<i64>().unwrap_or(0);
    "int" | "int64"(value: Value) => integer(&value);
    "float64"(value: Value) => float(&value);
    "toDecimal"(value: Value) => octal(&text_of(&value));
    "add1"(value: Value) => integer(&value).wrapping_add(1);
    "add"(; values) => values.iter().map(integer).fold(0, i64::wrapping_add);
    "sub"(one: Value, other: Value) => integer(&one).wrapping_sub(integer(&other));
    "mul"(first: Value; values) => values.iter().map(integer).fold(integer(&first), i64::wrapping_mul);
    "div"(one: Value, other: Value) => divided(&one, &other, i64::wrapping_div);
    "mod"(one: Value, other: Value) => divided(&one, &other, i64::wrapping_rem);
    "max" | "biggest"(first: Value; values) => values.iter().map(integer).fold(integer(&first), i64::max);
    "min"(first: Value; values) => values.iter().map(integer).fold(integer(&first), i64::min);
    "maxf"(first: Value; values) => values.iter().map(float).fold(float(&first), f64::max);
    "minf"(first: Value; values) => values.iter().map(float).fold(float(&first), f64::min);
    "add1f"(value: Value) => decimal::sum(Sum::Add, float(&value), &[1.0]);
    "addf"(; values) => decimal::sum(Sum::Add, 0.0, &floats(values));
    "subf"(first: Value; values) => decimal::sum(Sum::Subtract, float(&first), &floats(values));
    "mulf"(first: Value; values) => decimal::sum(Sum::Multiply, float(&first), &floats(values));
    "divf"(first: Value; values) => decimal::sum(Sum::Divide, float(&first), &floats(values));
    "ceil"(value: Value) => float(&value).ceil();
    "floor"(value: Value) => float(&value).floor();
    "round"(value: Value, places: i64; from) => rounded(float(&value), places, from.first().map_or(0.5, float));
    "until"(count: i64) => counted(0, count, if count < 0 { -1 } else { 1 });
    "untilStep"(start: i64, end: i64, step: i64) => counted(start, end, step);
    "seq"(; given) => sequence(&given.iter().map(integer).collect::<Vec<_>>());
}

/// The whole number that a value stands for.
#[expect(clippy::cast_possible_truncation, reason = "fractions go, and what is too large is the largest")]
pub(super) fn integer(value: &Value) -> i64 {
    match value {
        Value::Number(number) => match number.kind() {
            NumberKind::Signed(number) => number,
            NumberKind::Unsigned(number) => number.cast_signed(),
            NumberKind::Float(number) => number as i64,
        },
        Value::Bool(value) => i64::from(*value),
        Value::String(text) => written(text).unwrap_or(0),
        _ => 0,
    }
}

/// A whole number as Go reads it: in the base that its beginning names. A fraction goes.
fn written(text: &str) -> Option<i64> {
    let text = &text.replace('_', "");
    let text = match text.split_once('.') {
        Some((whole, digits)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => whole,
        _ => text,
    };
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    let (base, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok()
}

/// The number that a value stands for.
#[expect(clippy::cast_precision_loss, reason = "it is what a float can hold")]
pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Number(number) => match number.kind() {
            NumberKind::Signed(number) => number as f64,
            NumberKind::Unsigned(number) => number as f64,
            NumberKind::Float(number) => number,
        },
        Value::Bool(true) => 1.0,
        Value::String(text) => text.replace('_', "").parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

fn floats(values: &[Value]) -> Vec<f64> {
    values.iter().map(float).collect()
}

/// The value of octal digits, such as the mode of a file.
fn octal(digits: &str) -> i64 {
    i64::from_str_radix(digits, 8).unwrap_or(0)
}

fn divided(one: &Value, other: &Value, divide: fn(i64, i64) -> i64) -> Outcome<i64> {
    match integer(other) {
        0 => Err("runtime error: integer divide by zero".to_owned()),
        other => Ok(divide(integer(one), other)),
    }
}

/// To so many places, upwards from this part of the last one.
fn rounded(value: f64, places: i64, from: f64) -> f64 {
    let scale = 10_f64.powi(i32::try_from(places).unwrap_or(i32::MAX));
    let scaled = scale * value;
    let whole = if scaled.fract() >= from { scaled.ceil() } else { scaled.floor() };
    whole / scale
}

/// The numbers from the start to before the end.
fn numbers(start: i64, end: i64, step: i64) -> Outcome<Vec<i64>> {
    let away = if end < start { step >= 0 } else { step <= 0 };
    if away {
        return Ok(Vec::new());
    }
    // Every element of a list takes more room than a byte of text.
    if start.abs_diff(end) / step.unsigned_abs() >= LIMIT as u64 / 16 {
        return Err(format!("the list would be longer than {} numbers", LIMIT / 16));
    }
    let next = |number: &i64| number.checked_add(step);
    let inside = |number: &i64| if step > 0 { *number < end } else { *number > end };
    Ok(std::iter::successors(Some(start), next).take_while(inside).collect())
}

fn counted(start: i64, end: i64, step: i64) -> Outcome<List> {
    Ok(numbers(start, end, step)?.into_iter().map(Value::from).collect())
}

/// As the program of that name: to the end, from a start, by a step.
fn sequence(given: &[i64]) -> Outcome<String> {
    let (start, step, end) = match *given {
        [end] => (1, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return Ok(String::new()),
    };
    let towards = if end < start { -1 } else { 1 };
    let step = step.unwrap_or(towards);
    if towards < 0 && step > 0 {
        return Ok(String::new());
    }
    let numbers = numbers(start, end.saturating_add(towards), step)?;
    Ok(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
}
