//! Results as documents: JSON as Go writes it, indented by two blanks, with the end of its last line.
//!
//! The same data feeds every form that is made of a document. What does not belong here: JSON that is digested.

use std::fmt::Write;

use oras::error::{Error, Result};
use oras::oci::{Annotations, Descriptor, json};
use serde::Serialize;
use serde_json::Value;

use super::text::is_unseen;

/// A result as a document.
pub(crate) fn document<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let bytes = json::pretty(value).map_err(|error| Error::invalid(error.to_string()))?;
    let mut text = harmless(bytes);
    text.push('\n');
    Ok(text.into_bytes())
}

/// The same JSON, fit for a terminal. Go escapes the lower controls only; what else could deceive gets an escape as well,
/// which every reader of JSON takes for the letter itself.
pub(crate) fn harmless(json: Vec<u8>) -> String {
    let text =
        String::from_utf8(json).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into());
    // The ends of lines are those between members.
    let is_unseen = |letter: char| letter != '\n' && is_unseen(letter);
    if !text.chars().any(is_unseen) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_unseen(letter) {
            // A string takes all that is written to it, and none of these letters needs more than four digits.
            let _ = write!(shown, "\\u{:04x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// A node as results name it: where it is, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    reference: String,
    media_type: String,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
}

impl Node {
    /// The node at this path: `registry/repository`, or the path of a layout.
    pub(crate) fn new(path: &str, node: &Descriptor) -> Self {
        Self {
            reference: format!("{path}@{}", node.digest),
            media_type: node.media_type.clone(),
            digest: node.digest.to_string(),
            size: node.size,
            annotations: node.annotations.clone(),
            artifact_type: node.artifact_type.clone().filter(|kind| !kind.is_empty()),
        }
    }
}

/// The same JSON with the keys of every object in their order, as Go writes a map.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_its_fields_in_the_order_of_oras_and_no_empty_ones() {
        let mut node = Descriptor::of("a/b", b"x");
        let digest = node.digest.clone();
        let bare = format!(
            "{{\n  \"reference\": \"h/r@{digest}\",\n  \"mediaType\": \"a/b\",\n  \"digest\": \"{digest}\",\n  \"size\": 1\n}}\n"
        );
        assert_eq!(document(&Node::new("h/r", &node)).unwrap(), bare.as_bytes());
        node.annotations.insert("k".into(), "<v>".into());
        node.artifact_type = Some("c/d".into());
        let text = String::from_utf8(document(&Node::new("h/r", &node)).unwrap()).unwrap();
        let tail = "  \"size\": 1,\n  \"annotations\": {\n    \"k\": \"\\u003cv\\u003e\"\n  },\n  \"artifactType\": \"c/d\"\n}\n";
        assert!(text.ends_with(tail), "{text}");
    }

    #[test]
    fn what_could_deceive_is_escaped_and_means_the_same() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{2066}b";
        let document = String::from_utf8(document(&[text]).unwrap()).unwrap();
        assert_eq!(document, "[\n  \"a\\u001b\\u007f\\u009b\\u202e\\u2066b\"\n]\n");
        assert_eq!(serde_json::from_str::<[String; 1]>(&document).unwrap(), [text]);
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b":[{"d":1,"c":2}],"a":null}"#).unwrap();
        assert_eq!(sorted(value).to_string(), r#"{"a":null,"b":[{"c":2,"d":1}]}"#);
    }
}
