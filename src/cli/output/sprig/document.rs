//! Functions of JSON, which is written as Go writes it: keys in their order, and `<`, `>` and `&` escaped.
//!
//! What does not belong here: how a result becomes the data of a template.

use gtmpl_ng::{Number, NumberKind, Value};
use oras::oci::json;

use super::argument::{Outcome, functions, text_of};

functions! {
    "fromJson"(text: String) => parsed(&text).unwrap_or(Value::Nil);
    "mustFromJson"(text: String) => parsed(&text);
    "toJson" | "mustToJson"(value: Value) => text(json::compact(&written(&value)));
    "toPrettyJson" | "mustToPrettyJson"(value: Value) => text(json::pretty(&written(&value)));
    "toRawJson" | "mustToRawJson"(value: Value) => raw(&written(&value));
}

fn parsed(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map(read).map_err(|error| error.to_string())
}

fn text(written: serde_json::Result<Vec<u8>>) -> Outcome<String> {
    written.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|error| error.to_string())
}

/// Without escapes, but for the two separators of lines that no JSON of Go has as they are.
fn raw(document: &serde_json::Value) -> Outcome<String> {
    let text = text(serde_json::to_vec(document))?;
    Ok(text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

/// A document as the value of a template.
pub(in crate::cli::output) fn read(document: serde_json::Value) -> Value {
    match document {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::from(value),
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(list) => Value::Array(list.into_iter().map(read).collect()),
        serde_json::Value::Object(object) => {
            Value::Map(object.into_iter().map(|(key, value)| (key, read(value))).collect())
        }
        serde_json::Value::Number(number) => Value::Number(match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Number::from(number),
            (None, Some(number)) => Number::from(number),
            // Like `3.0`, which is shown as `3`.
            (None, None) => Number::from(number.as_f64().unwrap_or_default()),
        }),
    }
}

/// The value of a template as a document.
fn written(value: &Value) -> serde_json::Value {
    match value {
        Value::NoValue | Value::Nil | Value::Function(_) => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().map(written).collect(),
        Value::Object(_) => text_of(value).into(),
        Value::Map(dict) => {
            let mut entries: Vec<_> = dict.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries.into_iter().map(|(key, value)| (key.clone(), written(value))).collect()
        }
        Value::Number(number) => match number.kind() {
            NumberKind::Signed(number) => number.into(),
            NumberKind::Unsigned(number) => number.into(),
            NumberKind::Float(number) => number.into(),
        },
    }
}
