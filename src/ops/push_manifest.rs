//! A manifest as somebody wrote it, with as many names as wanted.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::copy::named;
use super::manifest::found;
use crate::content::{Body, Target};
use crate::error::Result;
use crate::oci::{Descriptor, Locator, Tag};
use crate::progress::{Ending, Event, Reporter};
use crate::transfer::Limits;

/// Which manifest, under which names.
#[derive(Debug, Clone)]
pub struct PushManifest {
    /// What it is.
    pub node: Descriptor,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is called; nothing means by its digest only.
    pub to: Option<Locator>,
    /// More tags for it.
    pub tags: Vec<Tag>,
    /// How much at once.
    pub limits: Limits,
}

/// Writes a manifest that does not have its name yet, and then its other tags. What it refers to is not looked at.
///
/// Three requests are made one after the other, however many tags there are: is it there, the manifest, all other tags.
///
/// # Errors
/// It is named by the digest of something else; those of the target.
pub async fn push_manifest(
    target: &dyn Target,
    request: PushManifest,
    reporter: Arc<dyn Reporter>,
) -> Result<()> {
    let tags = named(request.to.as_ref(), request.tags.clone(), &request.node)?;
    let (main, more) = match request.to {
        Some(Locator::Tag(_)) => tags.split_first().map_or((None, &[][..]), |(tag, more)| (Some(tag), more)),
        _ => (None, tags.as_slice()),
    };
    let pushed = async {
        request.write(target, main, &*reporter).await?;
        let tagging = stream::iter(more).map(|tag| async {
            let body = Body::bytes(request.bytes.clone());
            target.put_tagged(&request.node, body, tag).await.map(drop)
        });
        tagging.buffer_unordered(request.limits.requests()).try_collect().await
    };
    let pushed: Result<()> = pushed.await;
    pushed.and(target.commit().await)
}

impl PushManifest {
    async fn write(&self, target: &dyn Target, tag: Option<&Tag>, reporter: &dyn Reporter) -> Result<()> {
        let node = &self.node;
        let at = tag.map_or_else(|| Locator::Digest(node.digest.clone()), |tag| Locator::Tag(tag.clone()));
        if found(target.resolve(&at).await)?.is_some_and(|there| there.digest == node.digest) {
            reporter.report(Event::Ended(node, Ending::Existed));
            return Ok(());
        }
        reporter.report(Event::Started(node));
        let body = Body::bytes(self.bytes.clone());
        let written = match tag {
            Some(tag) => target.put_tagged(node, body, tag).await,
            None => target.put_as_manifest(node, body).await,
        };
        reporter.report(Event::Ended(node, if written.is_ok() { Ending::Done } else { Ending::Failed }));
        written.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Memory, Source};
    use crate::oci::{Digest, media_type};

    const BYTES: &[u8] = br#"{"manifests":[]}"#;

    fn request(to: Option<Locator>, tags: &[&str]) -> PushManifest {
        PushManifest {
            node: Descriptor::of(media_type::INDEX, BYTES),
            bytes: Bytes::from_static(BYTES),
            to,
            tags: tags.iter().map(|tag| Tag::any(*tag)).collect(),
            limits: Limits::usual(5),
        }
    }

    fn tag(text: &str) -> Locator {
        Locator::Tag(Tag::any(text))
    }

    #[tokio::test]
    async fn all_names_lead_to_the_manifest() {
        let memory = Memory::new();
        push_manifest(&memory, request(Some(tag("a")), &["b", "c"]), Arc::new(())).await.unwrap();
        for name in ["a", "b", "c"] {
            assert_eq!(memory.resolve(&tag(name)).await.unwrap().digest, Digest::of(BYTES), "{name}");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_the_digest_of_something_else_is_refused() {
        let memory = Memory::new();
        let other = Some(Locator::Digest(Digest::of(b"other")));
        assert!(push_manifest(&memory, request(other, &[]), Arc::new(())).await.is_err());
        assert!(!memory.has_manifests());
        push_manifest(&memory, request(None, &[]), Arc::new(())).await.unwrap();
        assert!(memory.has_manifests());
    }
}
