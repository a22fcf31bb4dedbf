//! Attach: files as an artifact that refers to another one.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::manifest::resolve;
use super::pack::{Artifact, Parts, pack};
use super::stage::Files;
use crate::content::Target;
use crate::error::{Context, Error, Result};
use crate::oci::{Descriptor, Locator, Platform};
use crate::progress::Reporter;
use crate::transfer::{Limits, Present};

/// What to attach to what.
#[derive(Debug, Clone)]
pub struct Attach {
    /// The manifest that the artifact is about.
    pub subject: Locator,
    /// Which manifest of an index is meant.
    pub platform: Option<Platform>,
    /// What the artifact is.
    pub artifact_type: String,
    /// Its files; without any there must be annotations.
    pub files: Files,
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
/// One request more is made one after the other than by a push, that for the manifest; where the registry has no
/// referrers API it is followed by two more, to read and to write the list.
///
/// # Errors
/// There is no such manifest; nothing to attach; as [`push`](super::push()).
pub async fn attach(target: &dyn Target, request: Attach, reporter: Arc<dyn Reporter>) -> Result<Attached> {
    let Attach { subject, platform, artifact_type, files, now, limits } = request;
    if files.arguments.is_empty() && files.annotations.manifest.is_empty() {
        return Err(Error::invalid("neither file nor annotation provided in the command"));
    }
    let subject = resolve(target, &subject, platform.as_ref())
        .await
        .within(|| format!("failed to resolve {subject}").into())?;
    let staged = files.stage(&reporter).await?;
    if artifact_type.is_empty() {
        return Err(Error::invalid("missing artifact type"));
    }
    let packed = pack(Parts {
        artifact: Artifact { artifact_type: Some(artifact_type), ..Artifact::default() },
        config: staged.config,
        layers: staged.layers,
        subject: Some(subject.clone()),
        annotations: files.annotations.manifest.clone(),
        config_annotations: files.annotations.config.clone(),
        now,
    })?;
    files.send(&packed, &[], target, (limits, Present::Kept), reporter).await?;
    Ok(Attached { subject, root: packed.root, manifest: packed.bytes })
}
