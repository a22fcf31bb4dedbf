//! Attach: files as an artifact that refers to another one.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::content::Target;
use crate::error::{Error, Result};
use crate::oci::{Annotations, Descriptor, Locator, Platform};
use crate::progress::Reporter;
use crate::transfer::Limits;

/// What to attach to what.
#[derive(Debug, Clone)]
pub struct Attach {
    /// The manifest that the artifact is about.
    pub subject: Locator,
    /// Which manifest of an index is meant.
    pub platform: Option<Platform>,
    /// What the artifact is.
    pub artifact_type: String,
    /// Annotations of the manifest.
    pub annotations: Annotations,
    /// Annotations of the config.
    pub config_annotations: Annotations,
    /// The time it is made.
    pub now: Timestamp,
    /// How much at once.
    pub limits: Limits,
}

/// What was attached.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The manifest that the artifact is about.
    pub subject: Descriptor,
    /// The manifest of the artifact, with its annotations and the type of the artifact.
    pub root: Descriptor,
    /// Its bytes.
    pub manifest: Bytes,
}

/// Packs files as a referrer of a manifest and sends them.
///
/// # Errors
/// There is no such manifest; nothing to attach; as [`push`](super::push).
pub async fn attach(target: &dyn Target, request: Attach, reporter: Arc<dyn Reporter>) -> Result<Attached> {
    let _ = (target, request, reporter);
    Err(Error::unsupported("attaching"))
}
