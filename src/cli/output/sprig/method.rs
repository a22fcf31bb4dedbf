//! Methods of values, as `$time.Format "2006"`: those of times, durations and versions.
//!
//! A template has no methods here, so [`super::super::template`] writes them as calls of `method`, with the name, the value and
//! the arguments. On a dict the name is that of a key.
//!
//! What does not belong here: what a method of a kind of value means.

use gtmpl_ng::{FuncError, Value};

use super::argument::text_of;
use super::kind::type_of;
use super::{Entry, date, version};

pub(super) const FUNCTIONS: &[Entry] = &[
    (&["method"], |given| match given {
        [Value::String(name), value, rest @ ..] => called(name, value, rest).map_err(FuncError::Generic),
        _ => Err(FuncError::Generic("a method has a name and a value".to_owned())),
    }),
    // What is printed of a value at the end of an action.
    (&["shown"], |given| Ok(given.last().map_or(Value::NoValue, super::argument::plain))),
];

/// Whether some value has a method of this name.
pub(in crate::cli::output) fn is_method(name: &str) -> bool {
    let tables = [date::TIME_METHODS, date::DURATION_METHODS, version::METHODS];
    tables.iter().any(|table| table.contains(&name))
}

fn called(name: &str, value: &Value, given: &[Value]) -> Result<Value, String> {
    let found = match value {
        Value::NoValue | Value::Nil => Some(Ok(Value::NoValue)),
        Value::Map(dict) if given.is_empty() => Some(Ok(dict.get(name).cloned().unwrap_or(Value::NoValue))),
        Value::Map(_) => return Err(format!("{name} is not a method but has arguments")),
        Value::Object(parts) => version::method(name, parts, given),
        Value::String(text) if name == "String" && given.is_empty() => Some(Ok(Value::from(text.as_str()))),
        Value::String(text) => date::method(name, text, given),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let of = type_of(value);
        let shown: Vec<String> = given.iter().map(text_of).collect();
        Err(match shown.as_slice() {
            [] => format!("can't evaluate field {name} in type {of}"),
            given => format!("can't call {name} of a {of} with {}", given.join(", ")),
        })
    })
}
