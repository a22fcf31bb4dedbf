//! Tag: more names for a manifest.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;

use crate::content::{Body, Target};
use crate::error::{Context, Error, Result};
use crate::oci::{Descriptor, Locator, Tag};
use crate::progress::{Event, Reporter};
use crate::transfer::Limits;

/// Which names for which manifest.
#[derive(Debug, Clone)]
pub struct Retag {
    /// The manifest.
    pub at: Locator,
    /// Its new tags.
    pub tags: Vec<Tag>,
    /// How much at once.
    pub limits: Limits,
}

/// A manifest with its new tags.
#[derive(Debug, Clone)]
pub struct Retagged {
    /// The manifest.
    pub root: Descriptor,
    /// The tags, in the order of the request.
    pub tags: Vec<Tag>,
}

/// Gives a manifest more tags. Tells when the manifest is found ([`Event::Started`]), and then of each tag.
///
/// Two requests are made one after the other: one for the manifest, and one for all tags at once.
///
/// # Errors
/// Those of the target; with more than one tag they name the tag.
pub async fn tag(target: &dyn Target, request: Retag, reporter: Arc<dyn Reporter>) -> Result<Retagged> {
    let (root, bytes) = target.manifest(&request.at).await?;
    reporter.report(Event::Started(&root));
    let several = request.tags.len() > 1;
    let tagging = stream::iter(&request.tags).map(|tag| {
        let (root, body, reporter) = (&root, Body::bytes(bytes.clone()), &reporter);
        async move {
            let outcome = target.put_tagged(root, body, tag).await;
            if several {
                outcome.within(|| format!("failed to tag {tag}").into())?;
            } else {
                outcome?;
            }
            reporter.report(Event::Tagged(root, tag));
            Ok(())
        }
    });
    let tagged: Result<()> = tagging.buffer_unordered(request.limits.requests()).try_collect().await;
    tagged.and(target.commit().await)?;
    Ok(Retagged { root, tags: request.tags })
}

/// Removes a tag and leaves the manifest.
///
/// This is one request.
///
/// # Errors
/// There is no such tag; a place that does not remove a tag alone, where nothing is deleted.
pub async fn untag(target: &dyn Target, tag: &Tag) -> Result<()> {
    let removed = target.untag(tag).await.map_err(|error| {
        let refused = [StatusCode::BAD_REQUEST, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];
        match error.refusal() {
            Some(refusal) if refused.contains(&refusal.status) => {
                let text = "the registry does not remove a tag alone, nothing was deleted";
                Error::unsupported(text).caused_by(error)
            }
            _ => error,
        }
    });
    removed.and(target.commit().await)
}
