//! One blob: find, fetch, push.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::manifest::delete;
use crate::content::{Body, ByteStream, Put, Source, Target, Watch};
use crate::error::Result;
use crate::oci::{Descriptor, Locator, media_type};
use crate::progress::{Ending, Event, Reporter};

/// What is known of a blob. A layout, where everything is a blob, may also be asked for what has a tag.
///
/// This is one request.
///
/// # Errors
/// Those of the source.
pub async fn stat_blob(source: &dyn Source, at: &Locator) -> Result<Descriptor> {
    match at {
        Locator::Digest(digest) => source.stat(digest).await,
        Locator::Tag(_) => source.resolve(at).await,
    }
}

/// A blob and its bytes, named as in [`stat_blob`]. The reporter hears of them as they are read.
///
/// This is one request. Further parts of a large blob are asked for while it is read, several at once.
///
/// # Errors
/// Those of the source.
pub async fn fetch_blob(
    source: &dyn Source,
    at: &Locator,
    reporter: Arc<dyn Reporter>,
) -> Result<(Descriptor, Body)> {
    let (node, body) = match at {
        Locator::Digest(digest) => source.blob(digest).await?,
        Locator::Tag(_) => {
            let node = source.resolve(at).await?;
            let body = source.fetch(&node);
            (node, body)
        }
    };
    let told = Arc::new(node.clone());
    let body = counted(body, &node, Arc::clone(&reporter)).through(move |stream, _| {
        reporter.report(Event::Started(&told));
        let (told, reporter) = (Arc::clone(&told), Arc::clone(&reporter));
        let ended = move |ending| reporter.report(Event::Ended(&told, ending));
        let ending = stream::unfold((Some(stream), ended), |(stream, ended)| async move {
            let mut stream = stream?;
            match stream.next().await {
                Some(Ok(piece)) => Some((Ok(piece), (Some(stream), ended))),
                Some(Err(error)) => {
                    ended(Ending::Failed);
                    Some((Err(error), (None, ended)))
                }
                None => {
                    ended(Ending::Done);
                    None
                }
            }
        });
        ending.boxed()
    });
    Ok((node, body))
}

/// Sends a blob that is not there yet. Its type is only told; it is a blob even if that is the type of a manifest.
///
/// One request, and where it is not there two more, one after the other: to open an upload, and to send it.
///
/// # Errors
/// Those of the body and of the target.
pub async fn push_blob(
    target: &dyn Target,
    node: &Descriptor,
    body: Body,
    reporter: Arc<dyn Reporter>,
) -> Result<Put> {
    let blob = blob(node);
    if target.exists(&blob).await? {
        reporter.report(Event::Ended(node, Ending::Existed));
        return Ok(Put::AlreadyThere);
    }
    reporter.report(Event::Started(node));
    let sent = target.put(&blob, counted(body, node, Arc::clone(&reporter))).await;
    let settled = target.commit().await;
    let sent = sent.and_then(|put| settled.map(|()| put));
    reporter.report(Event::Ended(node, if sent.is_ok() { Ending::Done } else { Ending::Failed }));
    sent
}

/// Sends a blob of which nothing is known before its end, and tells what it was. Its type is only told.
///
/// # Errors
/// Those of the stream and of the target.
pub async fn push_stream(
    target: &dyn Target,
    stream: ByteStream,
    media_type: &str,
    reporter: Arc<dyn Reporter>,
) -> Result<Descriptor> {
    let sent = target.put_unnamed(stream).await;
    let settled = target.commit().await;
    let sent = sent.and_then(|node| settled.map(|()| node))?;
    let node = Descriptor::new(media_type, sent.digest, sent.size);
    reporter.report(Event::Ended(&node, Ending::Done));
    Ok(node)
}

/// Deletes a blob; in a layout also what is a manifest.
///
/// This is one request.
///
/// # Errors
/// Those of the target.
pub async fn delete_blob(target: &dyn Target, node: &Descriptor) -> Result<()> {
    delete(target, &blob(node)).await
}

/// A node as a blob, whatever its type says.
fn blob(node: &Descriptor) -> Descriptor {
    Descriptor::new(media_type::OCTET_STREAM, node.digest.clone(), node.size)
}

/// The same bytes, told as they pass.
fn counted(body: Body, node: &Descriptor, reporter: Arc<dyn Reporter>) -> Body {
    body.watched(Arc::new(Counted { node: node.clone(), reporter }))
}

struct Counted {
    node: Descriptor,
    reporter: Arc<dyn Reporter>,
}

impl Watch for Counted {
    fn passed(&self, bytes: u64) {
        self.reporter.report(Event::At { node: &self.node, bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Memory;

    #[tokio::test]
    async fn a_blob_stays_a_blob_under_any_type_and_is_sent_once() {
        let (memory, body) = (Memory::new(), || Body::bytes("no manifest"));
        let node = Descriptor::of(media_type::MANIFEST, b"no manifest");
        assert_eq!(push_blob(&memory, &node, body(), Arc::new(())).await.unwrap(), Put::Stored);
        assert_eq!(push_blob(&memory, &node, body(), Arc::new(())).await.unwrap(), Put::AlreadyThere);
        let (found, body) = fetch_blob(&memory, &Locator::Digest(node.digest), Arc::new(())).await.unwrap();
        assert_eq!(found.media_type, media_type::OCTET_STREAM);
        assert_eq!(body.read(99).await.unwrap(), "no manifest");
    }

    #[tokio::test]
    async fn a_blob_that_nothing_is_known_of_is_told_at_its_end() {
        let memory = Memory::new();
        let pieces = stream::iter([Ok("ab".into()), Ok("c".into())]).boxed();
        let node = push_stream(&memory, pieces, "a/b", Arc::new(())).await.unwrap();
        assert_eq!(node, Descriptor::of("a/b", b"abc"));
        assert!(memory.exists(&blob(&node)).await.unwrap());
    }

    #[tokio::test]
    async fn a_failed_blob_is_not_there() {
        let memory = Memory::new();
        let node = Descriptor::of(media_type::OCTET_STREAM, b"one");
        assert!(push_blob(&memory, &node, Body::bytes("two"), Arc::new(())).await.is_err());
        assert!(stat_blob(&memory, &Locator::Digest(node.digest)).await.unwrap_err().is_not_found());
    }
}
