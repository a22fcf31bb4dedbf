//! What is stored to see what a registry does with it.
//!
//! Its bytes are random, so that it is nobody else's: what removes it removes nothing that was there before.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::content::{Body, Source, Target};
use crate::error::{Error, Result};
use crate::oci::{Annotations, Descriptor, Manifest, Tag, json, media_type};
use crate::registry::repository::Repository;

/// The types of the artifact and of its only blob.
const ARTIFACT_TYPE: &str = "application/vnd.oras.examination.v1";
const BLOB_TYPE: &str = "application/vnd.oras.examination.v1+json";

/// A manifest with one blob and two tags.
#[derive(Debug)]
pub(super) struct Artifact {
    pub(super) blob: Descriptor,
    pub(super) manifest: Descriptor,
    pub(super) tags: [Tag; 2],
    content: [Vec<u8>; 2],
    stored: bool,
}

impl Artifact {
    pub(super) fn new() -> Result<Self> {
        // The keys of a hasher are random, and so is what it makes of nothing.
        let random = || RandomState::new().build_hasher().finish();
        let name = format!("{:016x}{:016x}", random(), random());
        let content = format!(r#"{{"examination":"{name}"}}"#).into_bytes();
        let blob = Descriptor::of(BLOB_TYPE, &content);
        let manifest = Manifest {
            schema_version: 2,
            media_type: media_type::MANIFEST.to_owned(),
            artifact_type: Some(ARTIFACT_TYPE.to_owned()),
            config: blob.clone(),
            layers: vec![blob.clone()],
            subject: None,
            annotations: Annotations::new(),
        };
        let bytes = json::compact(&manifest).map_err(|error| Error::invalid(error.to_string()))?;
        let manifest = Descriptor::of(media_type::MANIFEST, &bytes);
        let tags = ["a", "b"].map(|end| Tag::any(format!("oras-doctor-{name}-{end}")));
        Ok(Self { blob, manifest, tags, content: [content, bytes], stored: false })
    }

    /// Whether all of it was stored.
    pub(super) fn is_stored(&self) -> bool {
        self.stored
    }

    /// Stores it; the parts that were stored before one failed are for [`Artifact::remove_from`].
    pub(super) async fn store(&mut self, repository: &Repository) -> Result<()> {
        let [content, manifest] = &self.content;
        repository.put(&self.blob, Body::bytes(content.clone())).await?;
        for tag in &self.tags {
            repository.put_tagged(&self.manifest, Body::bytes(manifest.clone()), tag).await?;
        }
        self.stored = true;
        Ok(())
    }

    /// Removes what of it is still there, and names what stays as a user would. What cannot be looked at is taken to be
    /// there.
    pub(super) async fn remove_from(&self, repository: &Repository) -> Vec<String> {
        let mut left = Vec::new();
        for node in [&self.manifest, &self.blob] {
            if !is_there(repository, node).await {
                continue;
            }
            // Whether it was removed is seen by looking.
            drop(repository.delete(node).await);
            if is_there(repository, node).await {
                left.push(format!("{}@{}", repository.place(), node.digest));
            }
        }
        left
    }
}

async fn is_there(repository: &Repository, node: &Descriptor) -> bool {
    repository.exists(node).await.unwrap_or(true)
}
