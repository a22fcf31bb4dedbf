//! Attach: files as an artifact that refers to another one.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::ahead::{Held, beside, look};
use super::manifest::resolve;
use super::pack::{Artifact, Made, Packed, Parts, pack};
use super::stage::{Files, Staged};
use crate::content::Target;
use crate::error::{Context, Error, Result};
use crate::oci::{Descriptor, Document, Locator, Platform, annotations};
use crate::progress::Reporter;
use crate::transfer::{Documents, Known, Limits, Present, parse};

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
    pub made: Made,
    /// What becomes of an artifact that is the same.
    pub same: Same,
    /// How much at once.
    pub limits: Limits,
}

/// What becomes of an artifact that is attached already and says the same: its type, its config, its layers and its
/// annotations, except the time at which it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Same {
    /// It is not looked for; there is one more then.
    #[default]
    Ignored,
    /// It is found, and nothing is attached.
    Taken,
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
    /// Whether it was there already.
    pub existing: bool,
}

/// Packs files as a referrer of a manifest and sends them.
///
/// One request more is made one after the other than by a push, that for the subject. Where the registry is far away the
/// first few small files are looked for beside it: if they are there, only the manifest comes after that, which makes two,
/// else their uploads are opened and sent before it, which makes four. Where the registry has no referrers API three more
/// follow, to read the list, to write it, and to look after a while whether others have overwritten it. To look for an
/// artifact that is the same takes two, and comes before anything is asked about files.
///
/// # Errors
/// There is no such manifest; nothing to attach; as [`push`](super::push()).
pub async fn attach(target: &dyn Target, request: Attach, reporter: Arc<dyn Reporter>) -> Result<Attached> {
    let Attach { subject, platform, artifact_type, files, made, same, limits } = request;
    if files.arguments.is_empty() && files.annotations.manifest.is_empty() {
        return Err(Error::invalid("neither file nor annotation provided in the command"));
    }
    let found = Box::pin(async {
        let found = resolve(target, &subject, platform.as_ref()).await;
        found.within(|| format!("failed to resolve {subject}").into())
    });
    let packing = |staged: &Staged, subject: Option<&Descriptor>| {
        if artifact_type.is_empty() {
            return Err(Error::invalid("missing artifact type"));
        }
        pack(Parts {
            artifact: Artifact { artifact_type: Some(artifact_type.clone()), ..Artifact::default() },
            config: staged.config.clone(),
            layers: staged.layers.clone(),
            subject: subject.cloned(),
            annotations: files.annotations.manifest.clone(),
            config_annotations: files.annotations.config.clone(),
            made,
        })
    };
    // A target on this machine takes files into keeping when they are read, and not before it has the subject.
    let (subject, (staged, known)) = if target.origin().is_some() {
        let held = Held::new(Arc::clone(&reporter));
        let work = Box::pin(async {
            let staged = files.stage(target, &held).await?;
            // What is wrong with it is told when it is packed for its subject.
            let known = match packing(&staged, None) {
                Ok(packed) if same == Same::Ignored && !limits.is_capped() => {
                    look(&packed, target, &held).await
                }
                _ => Known::default(),
            };
            Ok((staged, known))
        });
        beside(found, work, &held).await?
    } else {
        let subject = found.await?;
        (subject, (files.stage(target, &reporter).await?, Known::default()))
    };
    let packed = packing(&staged, Some(&subject))?;
    if same == Same::Taken
        && let Some((root, manifest)) = find(target, &subject, &packed, limits).await?
    {
        return Ok(Attached { subject, root, manifest, existing: true });
    }
    files.send(&packed, &[], target, (limits, Present::Kept), known, reporter).await?;
    Ok(Attached { subject, root: packed.root, manifest: packed.bytes, existing: false })
}

/// The referrer that says what this one would say, with its bytes. Of several it is the first one of the list.
async fn find(
    target: &dyn Target,
    subject: &Descriptor,
    packed: &Packed,
    limits: Limits,
) -> Result<Option<(Descriptor, Bytes)>> {
    let wanted = parse(&packed.root, &packed.bytes)?;
    let list = target.referrers(subject, packed.root.artifact_type.as_deref()).await?;
    let documents = Documents::new(target);
    let read = stream::iter(list.iter().filter(|node| node.is_manifest())).map(|node| {
        let documents = &documents;
        async move { Ok::<_, Error>((node, documents.bytes(node).await?)) }
    });
    let mut read = std::pin::pin!(read.buffered(limits.requests()));
    while let Some((node, bytes)) = read.try_next().await? {
        let document = parse(node, &bytes)?;
        if said(&document) == said(&wanted) {
            let mut root = node.bare();
            root.artifact_type = document.artifact_type;
            root.annotations = document.annotations;
            return Ok(Some((root, bytes)));
        }
    }
    Ok(None)
}

/// What a manifest says, without the time at which it was made.
fn said(document: &Document) -> Document {
    let mut said = document.clone();
    said.annotations.remove(annotations::CREATED);
    said
}
