//! Descriptors: what names a node, its type, digest and size.
//!
//! The order of the fields is that of Go's struct, because manifests that oras builds are digested in it. Fields
//! that nobody here knows are kept. Source: image-spec `descriptor.md`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Annotations, Digest, Platform, media_type};

/// A node by name: what it is, its digest and its size in bytes.
///
/// Lists have thousands of them, so what few of them have takes no room in the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The type of the content.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Other places where it can be had.
    #[serde(default, skip_serializing_if = "is_empty", deserialize_with = "nullable")]
    pub urls: Vec<String>,
    /// What its user should know of it.
    #[serde(default, skip_serializing_if = "Annotations::is_empty", deserialize_with = "nullable")]
    pub annotations: Annotations,
    /// The content itself in base64, where it is small.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "filled")]
    pub data: Option<String>,
    /// What it runs on; used in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Box<Platform>>,
    /// The type of the artifact that a manifest holds; used in an index and in lists of referrers.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "filled")]
    pub artifact_type: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// Fields that nobody here knows, in the order in which they came. Without any there is no map.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OtherFields(Option<Box<Fields>>);

type Fields = Map<String, Value>;

impl From<Fields> for OtherFields {
    fn from(fields: Fields) -> Self {
        Self((!fields.is_empty()).then(|| Box::new(fields)))
    }
}

impl OtherFields {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }
}

impl Serialize for OtherFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().flat_map(|fields| fields.iter()))
    }
}

impl<'de> Deserialize<'de> for OtherFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::deserialize(deserializer).map(Self::from)
    }
}

fn is_empty(list: &[String]) -> bool {
    list.is_empty()
}

/// Go writes `null` for a list or map that was never made; it means empty.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Go leaves an empty text out where it may be missing; so both are the same.
pub(super) fn filled<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

impl Descriptor {
    /// A descriptor with nothing but the three fields that each must have.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            urls: Vec::new(),
            annotations: Annotations::new(),
            data: None,
            platform: None,
            artifact_type: None,
            other: OtherFields::default(),
        }
    }

    /// The descriptor of bytes in memory, by SHA-256.
    pub fn of(media_type: impl Into<String>, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// The descriptor of the two bytes `{}`, with them inside.
    pub fn empty() -> Self {
        Self { data: Some("e30=".to_owned()), ..Self::of(media_type::EMPTY, b"{}") }
    }

    /// Type, digest and size alone, as a `subject` is written.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self::new(self.media_type.clone(), self.digest.clone(), self.size)
    }

    /// Whether both name the same content, whatever else they say of it.
    pub fn same_content(&self, other: &Self) -> bool {
        self.digest == other.digest && self.size == other.size && self.media_type == other.media_type
    }

    /// Whether the node is stored as a manifest.
    pub fn is_manifest(&self) -> bool {
        media_type::is_manifest(&self.media_type)
    }

    /// The name of the file that the node holds; an empty one is none.
    pub fn title(&self) -> Option<&str> {
        self.annotations.get(super::annotations::TITLE).map(String::as_str).filter(|title| !title.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::json;

    #[test]
    fn fields_come_in_the_order_of_go_and_unknown_ones_stay() {
        let text = r#"{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"urls":["u"],"annotations":{"a":"1","b":"2"},"data":"e30=","platform":{"architecture":"amd64","os":"linux"},"artifactType":"c/d","x-future":{"z":1,"a":2}}"#;
        let descriptor: Descriptor = serde_json::from_str(text).unwrap();
        assert_eq!(String::from_utf8(json::compact(&descriptor).unwrap()).unwrap(), text);
    }

    #[test]
    fn what_is_empty_is_not_written_again() {
        let digest = Digest::of(b"{}");
        let bare = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":2}}"#);
        let text = bare.replace('}', r#","urls":[],"data":"","artifactType":""}"#);
        let descriptor: Descriptor = serde_json::from_str(&text).unwrap();
        assert_eq!(String::from_utf8(json::compact(&descriptor).unwrap()).unwrap(), bare);
    }

    #[test]
    fn null_is_empty_and_a_negative_size_is_refused() {
        let digest = Digest::of(b"{}");
        let text =
            format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":2,"urls":null,"annotations":null}}"#);
        assert!(serde_json::from_str::<Descriptor>(&text).unwrap().annotations.is_empty());
        let text = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":-2}}"#);
        assert!(serde_json::from_str::<Descriptor>(&text).is_err());
    }

    #[test]
    fn the_empty_descriptor_carries_its_content() {
        let empty = Descriptor::empty();
        assert_eq!(empty.digest, Digest::of(b"{}"));
        assert_eq!(empty.size, 2);
    }
}
