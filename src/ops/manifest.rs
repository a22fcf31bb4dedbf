//! One manifest: resolve, fetch, delete.

use bytes::Bytes;

use crate::content::{Source, Target};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Document, DocumentError, Locator, Platform};
use crate::transfer::{Documents, select};

/// A manifest with its bytes.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// What it is.
    pub node: Descriptor,
    /// Its bytes as they are stored.
    pub bytes: Bytes,
}

/// The manifest with that tag or digest, of an index the one for the platform.
///
/// This is one request, and two where the platform of a manifest that is no index is looked at.
///
/// # Errors
/// Those of the source; no manifest fits the platform.
pub async fn resolve(source: &dyn Source, at: &Locator, platform: Option<&Platform>) -> Result<Descriptor> {
    let Some(platform) = platform else {
        return source.resolve(at).await;
    };
    let documents = Documents::new(source);
    let (root, _) = documents.at(at).await?;
    select(&documents, &root, platform).await
}

/// The bytes of the manifest with that tag or digest, of an index those of the one for the platform.
///
/// This is one request, and two with a platform: for what is chosen in an index, or for the config.
///
/// # Errors
/// As [`resolve`]; bytes that are not those of the digest.
pub async fn fetch_manifest(
    source: &dyn Source,
    at: &Locator,
    platform: Option<&Platform>,
) -> Result<Fetched> {
    let documents = Documents::new(source);
    let (root, bytes) = documents.at(at).await?;
    let Some(platform) = platform else {
        return Ok(Fetched { node: root, bytes });
    };
    let node = select(&documents, &root, platform).await?;
    let bytes = documents.bytes(&node).await?;
    Ok(Fetched { node, bytes })
}

/// The config of the manifest with that tag or digest, of an index that of the one for the platform: the descriptor as
/// the manifest has it.
///
/// # Errors
/// As [`resolve`]; it is no manifest with a config.
pub async fn find_config(
    source: &dyn Source,
    at: &Locator,
    platform: Option<&Platform>,
) -> Result<Descriptor> {
    let Fetched { node, bytes } = fetch_manifest(source, at, platform).await?;
    let config = match Document::parse(&node.media_type, &bytes) {
        Ok(document) => document.config,
        Err(DocumentError::MediaType(_)) => None,
        Err(error) => return Err(Error::invalid(error.to_string())),
    };
    config.ok_or_else(|| {
        let digest = node.digest.to_string();
        Error::invalid(format!("{digest:?} is not an image manifest and does not have a config"))
    })
}

/// What was found, if it is there: what is asked before something is deleted.
///
/// # Errors
/// Those of the source, except that it is not there.
pub fn found(found: Result<Descriptor>) -> Result<Option<Descriptor>> {
    match found {
        Ok(node) => Ok(Some(node)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Deletes a blob, or a manifest with all its tags. At a registry a manifest takes two requests, made one after the other.
///
/// # Errors
/// Those of the target.
pub async fn delete(target: &dyn Target, node: &Descriptor) -> Result<()> {
    let deleted = target.delete(node).await;
    deleted.and(target.commit().await)
}
