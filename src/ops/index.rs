//! Indexes: lists of manifests that are there, made and changed.
//!
//! An index is made from a source alone, and given to a target in a step of its own, because the user may want to see
//! it first or have it as a file. Manifests are looked up together, and what is told of them, failures too, stands in the
//! order in which they were named. What does not belong here: indexes cut down to some platforms ([`super::copy()`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::content::{Body, DOCUMENT_LIMIT, Source, Target, read_checked};
use crate::error::{Context, Error, Kind, Result};
use crate::oci::{
    Annotations, Descriptor, Digest, Document, Index, Locator, Platform, Tag, json, media_type,
};
use crate::progress::{Ending, Event, Reporter};
use crate::transfer::Limits;

/// A manifest, and what the user calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// As it was typed; failures name it so.
    pub name: String,
    /// What that means.
    pub at: Locator,
}

/// A new index.
#[derive(Debug, Clone)]
pub struct CreateIndex {
    /// The manifests that it lists.
    pub manifests: Vec<Named>,
    /// Its artifact type; an empty one is none.
    pub artifact_type: Option<String>,
    /// Its annotations.
    pub annotations: Annotations,
}

/// A change of an index: first manifests are removed, then others added, then those of other indexes.
#[derive(Debug, Clone)]
pub struct UpdateIndex {
    /// The index.
    pub index: Named,
    /// What it is to list no longer.
    pub remove: BTreeSet<Digest>,
    /// Manifests that it is to list as well.
    pub add: Vec<Named>,
    /// Indexes whose manifests it is to list as well.
    pub merge: Vec<Named>,
    /// Its new artifact type, if it is to have another one; an empty one is none.
    pub artifact_type: Option<String>,
}

/// Something that happens on the way to an index.
#[derive(Debug, Clone, Copy)]
pub enum IndexStep<'a> {
    /// A manifest is asked for.
    Fetching(&'a Named),
    /// It is there.
    Fetched(&'a Named, &'a Digest),
    /// The index lists it no longer.
    Removed(&'a Digest),
    /// The index lists it.
    Added(&'a Named, &'a Digest),
    /// The index lists all that it lists.
    Merged(&'a Named, &'a Digest),
}

/// Who hears of the steps.
pub type Told<'a> = &'a (dyn Fn(IndexStep<'_>) + Sync);

/// Makes an index; nothing is written yet.
///
/// Two requests are made one after the other: one for all manifests at once, and one for the configs that tell their
/// platforms. To push it is one more, and one for all further tags: [`push_index`].
///
/// # Errors
/// Those of the source; something that is no manifest.
pub async fn create_index(
    source: &dyn Source,
    request: CreateIndex,
    told: Told<'_>,
) -> Result<(Descriptor, Bytes)> {
    let mut manifests = Vec::with_capacity(request.manifests.len());
    let looked = request.manifests.iter().map(|named| entry(source, named));
    in_order(&request.manifests, looked, told, |_, _, node| manifests.push(node)).await?;
    let index = Index {
        artifact_type: request.artifact_type.filter(|kind| !kind.is_empty()),
        annotations: request.annotations,
        ..Index::new(manifests)
    };
    made(&index)
}

/// Makes a changed index; nothing is written yet. What the request does not name stays as it is.
///
/// Four requests are made one after the other at most: one for the index, two for all that is added as in
/// [`create_index`], and one for all that is merged.
///
/// # Errors
/// Those of the source; something that is no manifest or no index; nothing to remove where something was to be.
pub async fn update_index(
    source: &dyn Source,
    request: UpdateIndex,
    told: Told<'_>,
) -> Result<(Descriptor, Bytes)> {
    let (mut found, named) = (None, std::slice::from_ref(&request.index));
    let looked = [existing(source, &request.index)];
    in_order(named, looked, told, |_, _, index| found = Some(index)).await?;
    let mut index = found.ok_or_else(Error::missing)?;
    for digest in &request.remove {
        let before = index.manifests.len();
        index.manifests.retain(|node| node.digest != *digest);
        if index.manifests.len() == before {
            let name = &request.index.name;
            return Err(Error::invalid(format!("{digest} does not exist in the index {name}")));
        }
        told(IndexStep::Removed(digest));
    }
    let looked = request.add.iter().map(|named| entry(source, named));
    let add = |named: &Named, digest: &Digest, node| {
        told(IndexStep::Added(named, digest));
        index.manifests.push(node);
    };
    in_order(&request.add, looked, told, add).await?;
    let looked = request.merge.iter().map(|named| existing(source, named));
    let merge = |named: &Named, digest: &Digest, merged: Index| {
        index.manifests.extend(merged.manifests);
        told(IndexStep::Merged(named, digest));
    };
    in_order(&request.merge, looked, told, merge).await?;
    if let Some(kind) = request.artifact_type {
        index.artifact_type = Some(kind).filter(|kind| !kind.is_empty());
    }
    made(&index)
}

/// Gives an index to a target, under tags or by its digest alone. Tells when it is there, and then of each tag but the
/// main one.
///
/// # Errors
/// Those of the target.
pub async fn push_index(
    target: &dyn Target,
    (node, bytes): (&Descriptor, Bytes),
    main: Option<&Tag>,
    others: &[Tag],
    reporter: Arc<dyn Reporter>,
) -> Result<()> {
    let body = Body::bytes(bytes);
    let put = |tag| {
        let body = body.clone();
        async move { target.put_tagged(node, body, tag).await.map(|_| tag) }
    };
    // Any tag can come with the index itself.
    let (first, others) = match (main, others.split_first()) {
        (None, Some((first, rest))) => (Some(first), rest),
        _ => (main, others),
    };
    let work = async {
        match first {
            Some(tag) => put(tag).await.map(drop)?,
            None => target.put(node, body.clone()).await.map(drop)?,
        }
        reporter.report(Event::Ended(node, Ending::Done));
        if let (None, Some(tag)) = (main, first) {
            reporter.report(Event::Tagged(node, tag));
        }
        let mut tagging = stream::iter(others).map(put).buffered(at_once());
        while let Some(tag) = tagging.try_next().await? {
            reporter.report(Event::Tagged(node, tag));
        }
        Ok(())
    };
    let done = work.await;
    done.and(target.commit().await)
}

/// How many manifests are asked for, and how many tags are set, at once.
fn at_once() -> usize {
    Limits::usual(5).requests()
}

/// What is there under a name, and what was made of it.
type Looked<T> = (Digest, Result<T>);

/// Looks all up at once, and takes and tells them one after the other. The first failure in this order ends it.
async fn in_order<T, F>(
    all: &[Named],
    looked: impl IntoIterator<Item = F>,
    told: Told<'_>,
    mut take: impl FnMut(&Named, &Digest, T),
) -> Result<()>
where
    F: Future<Output = Result<Looked<T>>>,
{
    let mut looked = stream::iter(looked).buffered(at_once());
    for named in all {
        told(IndexStep::Fetching(named));
        let Some((digest, made)) = looked.try_next().await? else { break };
        told(IndexStep::Fetched(named, &digest));
        take(named, &digest, made?);
    }
    Ok(())
}

/// A manifest as an index lists it.
async fn entry(source: &dyn Source, named: &Named) -> Result<Looked<Descriptor>> {
    let found = source.manifest(&named.at).await;
    let (node, bytes) = found.within(|| format!("could not find the manifest {}", named.name).into())?;
    if !media_type::is_image(&node.media_type) && !media_type::is_index(&node.media_type) {
        return Err(Error::invalid(format!("{} is not a manifest", named.name)));
    }
    Ok((node.digest.clone(), described(source, node, &bytes).await))
}

/// A manifest with what it says of itself, and its config of the platform.
async fn described(source: &dyn Source, node: Descriptor, bytes: &[u8]) -> Result<Descriptor> {
    // Not as a document of its type: an index lists the artifact type of docker's manifests, too.
    let document: Document = parsed(bytes)?;
    let config = document.config.filter(|_| media_type::is_image(&node.media_type));
    let platform = match &config {
        Some(config) if media_type::is_image_config(&config.media_type) => platform(source, config).await?,
        _ => None,
    };
    let artifact_type = document.artifact_type.or_else(|| config.and_then(kind_of_config));
    Ok(Descriptor { platform: platform.map(Box::new), artifact_type, ..node.bare() })
}

/// What the type of a config says of an artifact: nothing if it is that of an image or of no config.
fn kind_of_config(config: Descriptor) -> Option<String> {
    let kind = config.media_type;
    let says = !kind.is_empty() && kind != media_type::EMPTY && !media_type::is_image_config(&kind);
    says.then_some(kind)
}

/// The platform that the config of an image tells. One that cannot be understood tells none.
async fn platform(source: &dyn Source, config: &Descriptor) -> Result<Option<Platform>> {
    if config.size > DOCUMENT_LIMIT {
        return Err(Error::new(Kind::TooLarge(format!(
            "config size {} exceeds the limit of {DOCUMENT_LIMIT} bytes: size exceeds limit",
            config.size
        ))));
    }
    let bytes = read_checked(&source.fetch(config), config).await?;
    let platform: Option<Platform> = serde_json::from_slice(&bytes).ok();
    Ok(platform.filter(|platform| !platform.os.is_empty() || !platform.architecture.is_empty()))
}

/// An index that is there. One that does not tell its type has the one that it is stored with.
async fn existing(source: &dyn Source, named: &Named) -> Result<Looked<Index>> {
    let found = source.manifest(&named.at).await;
    let (node, bytes) = found.within(|| format!("could not find the index {}", named.name).into())?;
    if !media_type::is_index(&node.media_type) {
        return Err(Error::invalid(format!("{} is not an index", named.name)));
    }
    let index = parsed(&bytes).map(|mut index: Index| {
        if !media_type::is_index(&index.media_type) {
            index.media_type = node.media_type;
        }
        index
    });
    Ok((node.digest, index))
}

fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    json::object(bytes).map_err(|why| Error::invalid(format!("invalid manifest: {why}")))
}

fn made(index: &Index) -> Result<(Descriptor, Bytes)> {
    let bytes = json::compact(index).map_err(|error| Error::invalid(error.to_string()))?;
    Ok((Descriptor::of(&index.media_type, &bytes), bytes.into()))
}

#[cfg(test)]
mod tests;
