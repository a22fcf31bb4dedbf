//! The manifest of an artifact: from what is packed to bytes.
//!
//! Pure: the same input gives the same bytes, and they are those of oras, since the digest of the manifest is the name
//! of the artifact. The clock comes in as a value. What does not belong here: files, and sending anything.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::created;
use crate::error::{Error, Result};
use crate::oci::{Annotations, Descriptor, Manifest, Platform, annotations, json, media_type};

/// The version of image-spec by whose rules a manifest is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSpec {
    /// The type of the artifact is that of its config.
    V1_0,
    /// The type of the artifact is a field of its own.
    V1_1,
}

/// What an artifact is, as far as the user says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// Its type; an empty one is none.
    pub artifact_type: Option<String>,
    /// The platform it is for.
    pub platform: Option<Platform>,
    /// The version of the specification, where it was asked for.
    pub image_spec: Option<ImageSpec>,
}

/// Wishes that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackError {
    /// A config and image-spec 1.1, but no type.
    NoType,
    /// A config and a type, but image-spec 1.0, where one is the other.
    TypeAndConfig,
    /// A platform and a type, but image-spec 1.0.
    TypeAndPlatform,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoType => "missing artifact type for OCI image-spec v1.1 artifacts",
            Self::TypeAndConfig => "--artifact-type and --config cannot both be provided for 1.0 OCI image",
            Self::TypeAndPlatform => {
                "artifact type cannot be customized for OCI image-spec v1.0 when platform is specified"
            }
        })
    }
}

impl std::error::Error for PackError {}

impl From<PackError> for Error {
    fn from(error: PackError) -> Self {
        Self::invalid(error.to_string()).caused_by(error)
    }
}

impl Artifact {
    /// The type, if there is one.
    pub fn kind(&self) -> Option<&str> {
        self.artifact_type.as_deref().filter(|kind| !kind.is_empty())
    }

    /// By which rules the manifest is made. A config without a type means the older ones, unless they were named.
    ///
    /// # Errors
    /// The wishes do not go together.
    pub fn rules(&self, has_config: bool) -> Result<ImageSpec, PackError> {
        let typed = self.kind().is_some();
        match self.image_spec {
            None if has_config && !typed => Ok(ImageSpec::V1_0),
            Some(ImageSpec::V1_1) if has_config && !typed => Err(PackError::NoType),
            Some(ImageSpec::V1_0) if has_config && typed => Err(PackError::TypeAndConfig),
            Some(ImageSpec::V1_0) if self.platform.is_some() && typed => Err(PackError::TypeAndPlatform),
            Some(spec) => Ok(spec),
            None => Ok(ImageSpec::V1_1),
        }
    }
}

/// When something is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// At this time, which it is now.
    Now(Timestamp),
    /// At this time, whatever time it is.
    At(Timestamp),
}

impl Made {
    /// The time.
    pub fn time(self) -> Timestamp {
        match self {
            Self::Now(time) | Self::At(time) => time,
        }
    }
}

/// What is packed.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What it is.
    pub artifact: Artifact,
    /// A config of the user's own.
    pub config: Option<Descriptor>,
    /// The files.
    pub layers: Vec<Descriptor>,
    /// The manifest it is attached to.
    pub subject: Option<Descriptor>,
    /// Annotations of the manifest.
    pub annotations: Annotations,
    /// Annotations of the config.
    pub config_annotations: Annotations,
    /// The time it is made.
    pub made: Made,
}

/// A manifest and the small blobs that were made for it.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The manifest, with its annotations and the type of the artifact.
    pub root: Descriptor,
    /// Its bytes.
    pub bytes: Bytes,
    /// Configs and layers that are no files.
    pub blobs: Vec<(Descriptor, Bytes)>,
    /// Whether the manifest says that it was made now, so that nobody can have it yet.
    pub is_new: bool,
}

/// Makes the manifest.
///
/// # Errors
/// Wishes that do not go together; a type that has not the shape of one; a time that is none.
pub fn pack(parts: Parts) -> Result<Packed> {
    let spec = parts.artifact.rules(parts.config.is_some())?;
    let kind = parts.artifact.kind();
    if let Some(kind) = kind.filter(|kind| !media_type::is_well_formed(kind)) {
        return Err(Error::invalid(format!("invalid artifactType format: {kind}: invalid media type")));
    }
    let mut blobs = Vec::new();
    let mut config = match (&parts.config, &parts.artifact.platform) {
        (Some(config), _) => config.clone(),
        (None, Some(platform)) => made(media_type::CONFIG, encoded(platform)?, &mut blobs),
        (None, None) if spec == ImageSpec::V1_0 => {
            made(kind.unwrap_or(media_type::UNKNOWN_CONFIG), EMPTY, &mut blobs)
        }
        (None, None) => empty(&mut blobs),
    };
    if !media_type::is_well_formed(&config.media_type) {
        let kind = &config.media_type;
        return Err(Error::invalid(format!("invalid config mediaType format: {kind}: invalid media type")));
    }
    config.annotations = parts.config_annotations;
    let mut annotations = parts.annotations;
    let dated = annotations.contains_key(annotations::CREATED);
    if !dated {
        annotations.insert(annotations::CREATED.to_owned(), created::written(parts.made.time()));
    }
    annotations.get(annotations::CREATED).map_or(Ok(()), |created| created::check(created))?;
    let is_new = !dated && matches!(parts.made, Made::Now(_));
    let mut manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: None,
        config,
        layers: parts.layers,
        subject: parts.subject,
        annotations,
    };
    if spec == ImageSpec::V1_1 {
        manifest.artifact_type = Some(kind.unwrap_or(media_type::UNKNOWN_ARTIFACT).to_owned());
        if manifest.layers.is_empty() {
            manifest.layers.push(empty(&mut blobs));
        }
    }
    finish(manifest, blobs, is_new)
}

const EMPTY: Bytes = Bytes::from_static(b"{}");

fn empty(blobs: &mut Vec<(Descriptor, Bytes)>) -> Descriptor {
    blobs.push((Descriptor::empty(), EMPTY));
    Descriptor::empty()
}

fn made(kind: &str, bytes: Bytes, blobs: &mut Vec<(Descriptor, Bytes)>) -> Descriptor {
    let node = Descriptor::of(kind, &bytes);
    blobs.push((node.clone(), bytes));
    node
}

fn finish(manifest: Manifest, blobs: Vec<(Descriptor, Bytes)>, is_new: bool) -> Result<Packed> {
    let bytes = encoded(&manifest)?;
    let mut root = Descriptor::of(media_type::MANIFEST, &bytes);
    root.artifact_type = Some(manifest.artifact_type.unwrap_or(manifest.config.media_type));
    root.annotations = manifest.annotations;
    Ok(Packed { root, bytes, blobs, is_new })
}

fn encoded<T: serde::Serialize>(value: &T) -> Result<Bytes> {
    json::compact(value).map(Bytes::from).map_err(|error| Error::invalid(error.to_string()))
}

#[cfg(test)]
mod tests;
