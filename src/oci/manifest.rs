//! Manifests of every kind: writing the OCI ones, reading all of them.
//!
//! [`Manifest`] and [`Index`] are for building, with the fields in the order in which oras digests them.
//! [`Document`] is any manifest that was read, of which only the graph matters: children, subject, and what is
//! told of it in a list of referrers. Source: image-spec `manifest.md`, `image-index.md`; docker's schema 2; the
//! artifact manifest of image-spec 1.1.0-rc2.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::descriptor::{filled, nullable};
use super::{Annotations, Descriptor, json, media_type};

/// An OCI image manifest, which is also the manifest of an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// Its own type.
    pub media_type: String,
    /// What the artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config blob.
    pub config: Descriptor,
    /// The layers, in order.
    #[serde(deserialize_with = "nullable")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations of the whole.
    #[serde(default, skip_serializing_if = "Annotations::is_empty", deserialize_with = "nullable")]
    pub annotations: Annotations,
}

/// An OCI image index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    #[serde(default)]
    pub schema_version: u32,
    /// Its own type; empty in older ones.
    #[serde(default, deserialize_with = "nullable")]
    pub media_type: String,
    /// What the artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "filled")]
    pub artifact_type: Option<String>,
    /// The manifests that are listed.
    #[serde(default, deserialize_with = "nullable")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations of the whole.
    #[serde(default, skip_serializing_if = "Annotations::is_empty", deserialize_with = "nullable")]
    pub annotations: Annotations,
    /// All other fields.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Index {
    /// A list of manifests with nothing else to say.
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: media_type::INDEX.to_owned(),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: Annotations::new(),
            other: Map::new(),
        }
    }
}

/// A manifest of any kind as it was read. Fields that its kind does not have are empty.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Its own word on its type; empty in older manifests.
    #[serde(default, deserialize_with = "nullable")]
    pub media_type: String,
    /// What the artifact is.
    #[serde(default, deserialize_with = "filled")]
    pub artifact_type: Option<String>,
    /// The config of an image manifest.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// The layers of an image manifest.
    #[serde(default, deserialize_with = "nullable")]
    pub layers: Vec<Descriptor>,
    /// The blobs of an artifact manifest.
    #[serde(default, deserialize_with = "nullable")]
    pub blobs: Vec<Descriptor>,
    /// The manifests of an index.
    #[serde(default, deserialize_with = "nullable")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default)]
    pub subject: Option<Descriptor>,
    /// Annotations of the whole.
    #[serde(default, deserialize_with = "nullable")]
    pub annotations: Annotations,
}

/// Why bytes are no manifest of the type they are said to have.
#[derive(Debug)]
pub enum DocumentError {
    /// Not the JSON of a manifest.
    Json(String),
    /// A type of which this program does not know the children.
    MediaType(String),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "invalid manifest: {error}"),
            Self::MediaType(media_type) => write!(f, "{media_type:?} is not the type of a manifest"),
        }
    }
}

impl std::error::Error for DocumentError {}

impl Document {
    /// Reads a manifest of the given type. Only the fields that this type has are taken.
    ///
    /// # Errors
    /// Bytes that are no such JSON; a type that is none of a manifest.
    pub fn parse(kind: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        if !media_type::is_manifest(kind) {
            return Err(DocumentError::MediaType(kind.to_owned()));
        }
        let read: Self = json::object(bytes).map_err(DocumentError::Json)?;
        let nothing = Self::default();
        let oci = !matches!(kind, media_type::DOCKER_MANIFEST | media_type::DOCKER_LIST);
        let mut document = match kind {
            media_type::ARTIFACT => Self { blobs: read.blobs, ..nothing },
            kind if media_type::is_index(kind) => Self { manifests: read.manifests, ..nothing },
            _ => Self { config: read.config, layers: read.layers, ..nothing },
        };
        document.media_type = read.media_type;
        document.annotations = read.annotations;
        if oci {
            // Docker's manifests know neither.
            document.artifact_type = read.artifact_type;
            document.subject = read.subject;
        }
        Ok(document)
    }

    /// The nodes that make up this one, without its subject: config, layers, blobs, manifests.
    pub fn children(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers).chain(&self.blobs).chain(&self.manifests)
    }

    /// What the artifact is, as told in a list of referrers: its artifact type, else the type of its config.
    pub fn effective_artifact_type(&self) -> Option<&str> {
        let kind = self.artifact_type.as_deref();
        kind.or(self.config.as_ref().map(|config| config.media_type.as_str())).filter(|kind| !kind.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: media_type::MANIFEST.to_owned(),
            artifact_type: Some("sig/example".to_owned()),
            config: Descriptor::empty(),
            layers: vec![Descriptor::of(media_type::LAYER, b"x")],
            subject: Some(Descriptor::of(media_type::MANIFEST, b"{}")),
            annotations: Annotations::from([("k".to_owned(), "<v>".to_owned())]),
        }
    }

    #[test]
    fn a_manifest_is_written_in_gos_order_with_gos_escapes() {
        let text = String::from_utf8(json::compact(&manifest()).unwrap()).unwrap();
        let order =
            ["schemaVersion", "mediaType", "artifactType", "config", "layers", "subject", "annotations"];
        let places: Vec<usize> = order.iter().map(|key| text.find(&format!("\"{key}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(text.ends_with(r#""annotations":{"k":"\u003cv\u003e"}}"#), "{text}");
    }

    #[test]
    fn only_the_fields_of_its_kind_are_read() {
        let bytes = json::compact(&manifest()).unwrap();
        let image = Document::parse(media_type::MANIFEST, &bytes).unwrap();
        assert_eq!(image.children().count(), 2);
        assert_eq!(image.effective_artifact_type(), Some("sig/example"));
        assert!(image.subject.is_some());
        let index = Document::parse(media_type::INDEX, &bytes).unwrap();
        assert_eq!(index.children().count(), 0);
        let docker = Document::parse(media_type::DOCKER_MANIFEST, &bytes).unwrap();
        assert!(docker.subject.is_none());
    }

    #[test]
    fn null_lists_are_empty_and_other_types_are_refused() {
        let list = Document::parse(media_type::INDEX, br#"{"schemaVersion":2,"manifests":null}"#).unwrap();
        assert_eq!(list.children().count(), 0);
        assert!(Document::parse("text/html", b"{}").is_err());
        assert!(Document::parse(media_type::INDEX, b"<html>").is_err());
        assert!(Document::parse(media_type::INDEX, b"[]").is_err());
    }
}
