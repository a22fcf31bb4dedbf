//! Push: files as an artifact.

use std::sync::Arc;

use bytes::Bytes;

use super::copy::named;
use super::pack::{Artifact, Made, Parts, pack};
use super::stage::Files;
use crate::content::Target;
use crate::error::Result;
use crate::oci::{Descriptor, Locator, Tag};
use crate::progress::Reporter;
use crate::transfer::{Known, Limits, Present};

/// What to push.
#[derive(Debug, Clone)]
pub struct Push {
    /// What the artifact is.
    pub artifact: Artifact,
    /// Its files; there need not be any.
    pub files: Files,
    /// What it is called; nothing means by its digest only.
    pub to: Option<Locator>,
    /// More tags for it.
    pub tags: Vec<Tag>,
    /// The time it is made.
    pub made: Made,
    /// What becomes of manifests that are there.
    pub present: Present,
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
/// Four requests are made one after the other, however many small files there are: of all files at once is it there, open
/// an upload, send it; then the manifest with its tag. Of a few small files the uploads are opened while they are looked
/// for, and then it is three. Where the time is not that of now there is one before them: is the manifest there.
///
/// # Errors
/// Files that cannot be read; wishes that do not go together; those of the target.
pub async fn push(target: &dyn Target, request: Push, reporter: Arc<dyn Reporter>) -> Result<Pushed> {
    let Push { artifact, files, to, tags, made, present, limits } = request;
    artifact.rules(files.config.is_some())?;
    let staged = files.stage(target, &reporter).await?;
    let packed = pack(Parts {
        artifact,
        config: staged.config,
        layers: staged.layers,
        subject: None,
        annotations: files.annotations.manifest.clone(),
        config_annotations: files.annotations.config.clone(),
        made,
    })?;
    let tags = named(to.as_ref(), tags, &packed.root)?;
    files.send(&packed, &tags, target, (limits, present), Known::default(), reporter).await?;
    Ok(Pushed { root: packed.root, manifest: packed.bytes, tags })
}
