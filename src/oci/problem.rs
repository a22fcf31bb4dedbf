//! The document in which a registry says what is wrong.
//!
//! Source: distribution-spec, "Error Codes". The text form is the one that oras shows.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of the `errors` list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Such as `NAME_UNKNOWN`; codes that the specification does not list are kept.
    #[serde(default)]
    pub code: String,
    /// For a person; may be missing.
    #[serde(default)]
    pub message: String,
    /// Anything at all.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// The problems in the body of an answer; empty when the body is something else.
pub fn problems(body: &[u8]) -> Vec<Problem> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default)]
        errors: Vec<Problem>,
    }
    serde_json::from_slice::<List>(body).map(|list| list.errors).unwrap_or_default()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code.to_lowercase().replace('_', " "))?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.detail {
            Value::Null => Ok(()),
            detail => {
                f.write_str(": ")?;
                go_value(f, detail)
            }
        }
    }
}

/// A value as Go's `%v` prints what `encoding/json` decodes.
fn go_value(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("<nil>"),
        Value::Bool(flag) => write!(f, "{flag}"),
        Value::Number(number) => write!(f, "{number}"),
        Value::String(text) => f.write_str(text),
        Value::Array(items) => {
            f.write_str("[")?;
            for (position, item) in items.iter().enumerate() {
                f.write_str(if position == 0 { "" } else { " " })?;
                go_value(f, item)?;
            }
            f.write_str("]")
        }
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            f.write_str("map[")?;
            for (position, key) in keys.into_iter().enumerate() {
                write!(f, "{}{key}:", if position == 0 { "" } else { " " })?;
                go_value(f, &map[key])?;
            }
            f.write_str("]")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_oras_shows_it() {
        let body = br#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry",
            "detail":[{"Type":"repository","Class":""}]},{"code":"DENIED"}]}"#;
        let shown: Vec<String> = problems(body).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["name unknown: repository name not known to registry: [map[Class: Type:repository]]", "denied"]
        );
    }

    #[test]
    fn other_bodies_have_no_problems() {
        assert!(problems(b"<html>").is_empty());
        assert!(problems(b"{}").is_empty());
    }
}
