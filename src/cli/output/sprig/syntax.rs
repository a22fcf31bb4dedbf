//! `print` and its relatives: what has a text of its own is shown by that, and `%#v` writes values as Go's source has them.
//!
//! What does not belong here: how the other verbs are written, which the engine knows.

use std::fmt::Write;

use gtmpl_ng::{Func, Value, funcs};

use super::argument::{List, Outcome, functions, is_nothing, plain, text_of};

functions! {
    "print"(; values) => written(funcs::print, &values.iter().map(plain).collect());
    "println"(; values) => written(funcs::println, &values.iter().map(plain).collect());
    "printf"(format: String; values) => formatted(&format, values);
}

fn written(function: Func, values: &List) -> Outcome<Value> {
    function(values).map_err(|error| error.to_string())
}

/// As the engine does, with text for each value that is shown by `%#v`.
fn formatted(format: &str, values: &[Value]) -> Outcome<Value> {
    let mut values: List = values.iter().map(plain).collect();
    let mut new = String::with_capacity(format.len());
    let mut rest = format;
    let mut next = 0;
    while let Some(start) = rest.find('%') {
        new.push_str(&rest[..start]);
        let length = rest[start + 1..].find(|letter: char| !"#+-0 .123456789*".contains(letter));
        // An index such as `%[2]d` takes arguments out of their order, which is the engine's to know.
        let Some(length) = length.filter(|length| !rest[start + 1 + length..].starts_with('[')) else {
            rest = &rest[start..];
            break;
        };
        let (flags, after) = rest[start + 1..].split_at(length);
        let verb = after.chars().next().unwrap_or('%');
        next += flags.matches('*').count();
        let value =
            values.get_mut(next).filter(|value| verb == 'v' && flags.contains('#') && !is_nothing(value));
        match value {
            Some(value) => {
                *value = Value::from(source(value));
                let flags = flags.replace('#', "");
                // Writing to a string does not fail.
                let _ = write!(new, "%{flags}s");
            }
            None => new.extend(["%", flags, &after[..verb.len_utf8()]]),
        }
        next += usize::from(verb != '%');
        rest = &after[verb.len_utf8()..];
    }
    new.push_str(rest);
    written(funcs::printf, &[vec![Value::from(new)], values].concat())
}

/// The value as Go's source has it.
fn source(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            format!("[]interface {{}}{{{}}}", list.iter().map(source).collect::<Vec<_>>().join(", "))
        }
        Value::Map(dict) => {
            let mut entries: Vec<_> = dict.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries = entries.iter().map(|(key, value)| format!("{}:{}", quoted(key), source(value)));
            format!("map[string]interface {{}}{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Nil | Value::NoValue => "interface {}(nil)".to_owned(),
        other => text_of(other),
    }
}

fn quoted(text: &str) -> String {
    let arguments = [Value::from("%q"), Value::from(text)];
    funcs::printf(&arguments).map_or_else(|_| text.to_owned(), |text| text.to_string())
}
