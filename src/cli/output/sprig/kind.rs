//! Functions of what a value is, and of which of two is taken.
//!
//! What does not belong here: what is done with a value of some kind.

use gtmpl_ng::{NumberKind, Value};

use super::argument::{Outcome, functions, is_empty};

functions! {
    "default"(otherwise: Value; given) => match given.first() {
        Some(value) if !is_empty(value) => value.clone(),
        _ => otherwise,
    };
    "empty"(value: Value) => is_empty(&value);
    "ternary"(yes: Value, no: Value, chosen: bool) => if chosen { yes } else { no };
    "fail"(message: String) => Outcome::<Value>::Err(message);
    "kindOf"(value: Value) => kind_of(&value);
    "kindIs"(kind: String, value: Value) => kind == kind_of(&value);
    "typeOf"(value: Value) => type_of(&value);
    "typeIs"(name: String, value: Value) => name == type_of(&value);
    "typeIsLike"(name: String, value: Value) => name == type_of(&value) || format!("*{name}") == type_of(&value);
    "deepEqual"(one: Value, other: Value) => one == other;
}

/// What Go calls this kind of value.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::NoValue | Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Map(_) => "map",
        Value::Object(_) => "ptr",
        Value::Function(_) => "func",
        Value::Number(number) => match number.kind() {
            NumberKind::Float(_) => "float64",
            NumberKind::Unsigned(_) | NumberKind::Signed(_) => "int",
        },
    }
}

/// What Go calls the type of this value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::NoValue | Value::Nil => "<nil>",
        Value::Array(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Object(_) => "*semver.Version",
        other => kind_of(other),
    }
}
