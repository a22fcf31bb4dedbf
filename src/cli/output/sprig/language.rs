//! Functions of the language itself where the engine differs: what is missing, and what failures say.
//!
//! What does not belong here: functions that the language has not.

use gtmpl_ng::{Func, Value, funcs};

use super::argument::{List, Outcome, functions, held};
use super::kind::{kind_of, type_of};

functions! {
    "html"(; values) => shown(funcs::html, values);
    "js"(; values) => shown(funcs::js, values);
    "urlquery"(; values) => shown(funcs::urlquery, values);
    "len"(value: Value) => match &value {
        Value::String(_) | Value::Array(_) | Value::Map(_) => funcs::len(&[value]).map_err(|error| error.to_string()),
        other => Err(format!("len of type {}", type_of(other))),
    };
    "index"(value: Value; keys) => keys.iter().try_fold(value, element);
}

/// Escapes what is missing as the text that stands for it.
fn shown(escape: Func, values: &[Value]) -> Outcome<Value> {
    escape(&values.iter().map(held).collect::<List>()).map_err(|error| error.to_string())
}

fn element(value: Value, key: &Value) -> Outcome<Value> {
    match (&value, key) {
        (Value::NoValue | Value::Nil, _) => return Err("index of untyped nil".to_owned()),
        (Value::Array(_) | Value::String(_), Value::Number(_)) | (Value::Map(_), Value::String(_)) => {}
        (Value::Array(_) | Value::String(_), key) => {
            return Err(format!("cannot index slice/array with type {}", type_of(key)));
        }
        (Value::Map(_), key) => return Err(format!("value has type {}; should be string", type_of(key))),
        (other, _) => return Err(format!("can't index item of type {}", kind_of(other))),
    }
    funcs::index(&[value, key.clone()]).map_err(|_| format!("index out of range: {key}"))
}
