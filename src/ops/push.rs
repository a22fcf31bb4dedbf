//! Push: files as an artifact.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::pack::Artifact;
use crate::content::Target;
use crate::error::{Error, Result};
use crate::oci::{Annotations, Descriptor, Locator, Tag};
use crate::progress::Reporter;
use crate::transfer::Limits;

/// What to push.
#[derive(Debug, Clone)]
pub struct Push {
    /// What the artifact is.
    pub artifact: Artifact,
    /// Annotations of the manifest.
    pub annotations: Annotations,
    /// Annotations of the config.
    pub config_annotations: Annotations,
    /// What it is called; nothing means by its digest only.
    pub to: Option<Locator>,
    /// More tags for it.
    pub tags: Vec<Tag>,
    /// The time it is made.
    pub now: Timestamp,
    /// How much at once.
    pub limits: Limits,
}

/// What was pushed.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// The manifest, with its annotations and the type of the artifact.
    pub root: Descriptor,
    /// Its bytes.
    pub manifest: Bytes,
    /// All its tags, those of the request in its order.
    pub tags: Vec<Tag>,
}

/// Packs files and sends them.
///
/// # Errors
/// Files that cannot be read; wishes that do not go together; those of the target.
pub async fn push(target: &dyn Target, request: Push, reporter: Arc<dyn Reporter>) -> Result<Pushed> {
    let _ = (target, request, reporter);
    Err(Error::unsupported("pushing"))
}
