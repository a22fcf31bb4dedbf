//! The check of size and digest.
//!
//! The only one there is: everything that a source gives and everything that a target takes goes through here. Bytes
//! beyond the promised size end the stream at once, so nobody can be made to store more than was announced. The last
//! piece is held back until all is known to be right: whoever sends on what comes never sends wrong content whole, and
//! what fits into one piece, as a file that a layout links to by another's digest, is not seen at all.
//!
//! Each byte is hashed once on its way: a body that is to be checked as a node already is left as it is. Large content
//! is hashed on a thread of its own, beside the reading before and the writing after it.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Body, ByteStream, DOCUMENT_LIMIT};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, Hasher};

/// Content of at least this size is worth a thread.
const LARGE: u64 = 4 * 1024 * 1024;
/// So many bytes are handed to that thread at once, at least.
const BATCH: usize = 128 * 1024;
/// Batches that may wait for it, while it is at one. More of them take memory and save no time.
const QUEUE: usize = 1;

/// The same bytes; the stream ends with an error where they are not those that the descriptor names.
///
/// Opened at an offset only the number of bytes can be checked: whoever goes on from there has the beginning, and
/// keeps the hash of it.
pub fn checked(body: Body, node: &Descriptor) -> Body {
    body.being(node)
}

/// A stream that fails where it is not that node from that offset on.
pub(super) fn check(stream: ByteStream, from: u64, node: &Descriptor) -> ByteStream {
    let hashing = (from == 0).then(|| Hashing::of(node));
    let check = Check { stream, node: node.clone(), seen: from, held: None, hashing };
    stream::unfold(Some(check), |check| async { check?.next().await }).boxed()
}

/// A stream on its way through the check.
struct Check {
    stream: ByteStream,
    node: Descriptor,
    seen: u64,
    held: Option<Bytes>,
    hashing: Option<Hashing>,
}

impl Check {
    async fn next(mut self) -> Option<(Result<Bytes>, Option<Self>)> {
        loop {
            match self.stream.next().await {
                Some(Ok(piece)) => {
                    self.seen += piece.len() as u64;
                    if self.seen > self.node.size {
                        return Some((Err(longer(&self.node)), None));
                    }
                    if let Some(hashing) = &mut self.hashing {
                        hashing.update(&piece).await;
                    }
                    if let Some(before) = self.held.replace(piece) {
                        return Some((Ok(before), Some(self)));
                    }
                }
                Some(Err(error)) => return Some((Err(error), None)),
                None => {
                    let held = self.held.take();
                    return match self.at_end().await {
                        Ok(()) => held.map(|piece| (Ok(piece), None)),
                        Err(error) => Some((Err(error), None)),
                    };
                }
            }
        }
    }

    async fn at_end(self) -> Result<()> {
        let Self { node, seen, hashing, .. } = self;
        if seen != node.size {
            return Err(Error::mismatch(format!(
                "content of {seen} bytes where {} has {}",
                node.digest, node.size
            )));
        }
        match hashing {
            Some(hashing) => match hashing.finish().await? {
                digest if digest == node.digest => Ok(()),
                _ => Err(Error::mismatch("mismatched digest")),
            },
            None => Ok(()),
        }
    }
}

/// Where the bytes are hashed.
enum Hashing {
    Here(Box<Hasher>),
    Beside { batch: Vec<Bytes>, length: usize, sender: mpsc::Sender<Vec<Bytes>>, digest: JoinHandle<Digest> },
}

impl Hashing {
    fn of(node: &Descriptor) -> Self {
        let mut hasher = Hasher::new(node.digest.algorithm());
        if node.size < LARGE {
            return Self::Here(Box::new(hasher));
        }
        let (sender, mut batches) = mpsc::channel::<Vec<Bytes>>(QUEUE);
        let digest = spawn_blocking(move || {
            while let Some(batch) = batches.blocking_recv() {
                for piece in &batch {
                    hasher.update(piece);
                }
            }
            hasher.finish()
        });
        Self::Beside { batch: Vec::new(), length: 0, sender, digest }
    }

    async fn update(&mut self, piece: &Bytes) {
        match self {
            Self::Here(hasher) => hasher.update(piece),
            Self::Beside { batch, length, sender, .. } => {
                batch.push(piece.clone());
                *length += piece.len();
                if *length >= BATCH {
                    *length = 0;
                    // A thread that has gone away is found out at the end.
                    let _ = sender.send(std::mem::take(batch)).await;
                }
            }
        }
    }

    async fn finish(self) -> Result<Digest> {
        match self {
            Self::Here(hasher) => Ok(hasher.finish()),
            Self::Beside { batch, sender, digest, .. } => {
                let _ = sender.send(batch).await;
                drop(sender);
                digest.await.map_err(|error| Error::new(Kind::Interrupted).caused_by(error))
            }
        }
    }
}

fn longer(node: &Descriptor) -> Error {
    Error::mismatch(format!("content is longer than the {} bytes of {}", node.size, node.digest))
}

/// A document in memory, checked. Not more than [`DOCUMENT_LIMIT`] bytes.
///
/// # Errors
/// Those of the body; other bytes than the descriptor names; a document that is too large.
pub async fn read_checked(body: &Body, node: &Descriptor) -> Result<Bytes> {
    if node.size > DOCUMENT_LIMIT {
        let text = format!(
            "content size {} exceeds the limit of {DOCUMENT_LIMIT} bytes: size exceeds limit",
            node.size
        );
        return Err(Error::new(Kind::TooLarge(text)));
    }
    checked(body.clone(), node).read(DOCUMENT_LIMIT).await
}

#[cfg(test)]
mod tests {
    use futures_util::future;

    use super::*;
    use crate::oci::media_type;

    async fn outcome(content: &'static str, promised: &str) -> Result<Bytes> {
        let node = Descriptor::of(media_type::OCTET_STREAM, promised.as_bytes());
        checked(Body::bytes(content), &node).read(100).await
    }

    #[tokio::test]
    async fn right_bytes_pass_and_wrong_ones_do_not() {
        assert_eq!(outcome("abc", "abc").await.unwrap(), "abc");
        assert_eq!(outcome("abd", "abc").await.unwrap_err().to_string(), "mismatched digest");
        for wrong in ["ab", "abcd"] {
            assert!(matches!(outcome(wrong, "abc").await.unwrap_err().kind(), Kind::Mismatch(_)), "{wrong}");
        }
        assert_eq!(outcome("", "").await.unwrap(), "");
    }

    #[tokio::test]
    async fn the_last_piece_of_wrong_content_is_never_seen() {
        let node = Descriptor::of(media_type::OCTET_STREAM, b"abcd");
        for (pieces, seen) in [(vec!["abcx"], 0), (vec!["ab", "cx"], 1), (vec!["ab", "cd", "e"], 1)] {
            let open = move |_| {
                let pieces = pieces.clone();
                async move { Ok(stream::iter(pieces).map(|piece| Ok(Bytes::from(piece))).boxed()) }
            };
            let body = checked(Body::reopening(None, open), &node);
            let all: Vec<_> = body.open(0).await.unwrap().collect().await;
            assert_eq!(all.iter().filter(|piece| piece.is_ok()).count(), seen);
            assert!(all.last().unwrap().is_err());
        }
    }

    /// Large enough for a thread, in pieces that are no multiples of anything.
    async fn large(flipped: Option<usize>) -> (u64, Option<String>) {
        let mut content = vec![7; usize::try_from(LARGE).unwrap() + 12345];
        let node = Descriptor::of(media_type::OCTET_STREAM, &content);
        if let Some(at) = flipped {
            content[at] = 8;
        }
        let content = Bytes::from(content);
        let open = move |_| {
            let content = content.clone();
            let parts = (0..content.len()).step_by(70_001);
            let pieces = parts.map(move |at| Ok(content.slice(at..content.len().min(at + 70_001))));
            async move { Ok(stream::iter(pieces.collect::<Vec<_>>()).boxed()) }
        };
        let mut stream = checked(Body::reopening(None, open), &node).open(0).await.unwrap();
        let (mut seen, mut error) = (0, None);
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => seen += piece.len() as u64,
                Err(why) => error = Some(why.to_string()),
            }
        }
        (seen, error)
    }

    #[tokio::test]
    async fn one_bit_anywhere_in_large_content_is_found_before_its_end_is_seen() {
        assert_eq!(large(None).await, (LARGE + 12345, None));
        for at in [0, 2_000_000, usize::try_from(LARGE).unwrap() + 12344] {
            let (seen, error) = large(Some(at)).await;
            assert_eq!(error.as_deref(), Some("mismatched digest"), "{at}");
            assert!(seen < LARGE + 12345);
        }
    }

    #[tokio::test]
    async fn whoever_touches_checked_bytes_has_them_checked_again() {
        let node = Descriptor::of(media_type::OCTET_STREAM, b"abc");
        let body = checked(Body::bytes("abc"), &node);
        assert_eq!(checked(body.clone(), &node).read(9).await.unwrap(), "abc");
        let other = Descriptor::of(media_type::OCTET_STREAM, b"abd");
        assert!(checked(body.clone(), &other).read(9).await.is_err());
        let swapped = body.through(|_, _| stream::iter([Ok(Bytes::from_static(b"abd"))]).boxed());
        assert!(checked(swapped, &node).read(9).await.is_err());
    }

    #[tokio::test]
    async fn what_is_chosen_late_is_checked_too() {
        let node = Descriptor::of(media_type::OCTET_STREAM, b"abc");
        for (content, right) in [("abc", true), ("abd", false)] {
            let body = checked(Body::chosen(None, move || async move { Ok(Body::bytes(content)) }), &node);
            assert_eq!(body.read(9).await.is_ok(), right);
            assert_eq!(body.for_checker().read(9).await.is_ok(), right);
        }
    }

    #[tokio::test]
    async fn only_what_was_hashed_just_before_is_left_to_another_checker() {
        let node = Descriptor::of(media_type::OCTET_STREAM, b"abc");
        let wrong = checked(Body::bytes("abd"), &node);
        assert!(wrong.clone().for_checker().read(9).await.is_err());
        let hashed = wrong.hashed_before();
        assert!(hashed.read(9).await.is_err());
        assert_eq!(hashed.clone().for_checker().read(9).await.unwrap(), "abd");
        let chosen = Body::chosen(None, move || future::ready(Ok(hashed.clone())));
        assert!(checked(chosen.clone(), &node).read(9).await.is_err());
        assert_eq!(checked(chosen, &node).for_checker().read(9).await.unwrap(), "abd");
    }

    #[tokio::test]
    async fn at_an_offset_the_length_is_checked() {
        let node = Descriptor::of(media_type::OCTET_STREAM, b"abcdef");
        let body = checked(Body::bytes("abcdef"), &node);
        assert_eq!(body.open(4).await.unwrap().count().await, 1);
        let short = checked(Body::bytes("abcde"), &node);
        assert!(short.open(4).await.unwrap().any(|piece| async move { piece.is_err() }).await);
    }
}
