//! The check of size and digest.
//!
//! The only one there is: everything that a source gives and everything that a target takes goes through here. Bytes
//! beyond the promised size end the stream at once, so nobody can be made to store more than was announced. The last
//! piece is held back until all is known to be right: whoever sends on what comes never sends wrong content whole, and
//! what fits into one piece, as a file that a layout links to by another's digest, is not seen at all.

use std::task::{Poll, ready};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{Body, ByteStream, DOCUMENT_LIMIT};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Hasher};

/// The same bytes; the stream ends with an error where they are not those that the descriptor names.
///
/// Opened at an offset only the number of bytes can be checked: whoever goes on from there has the beginning, and
/// keeps the hash of it.
pub fn checked(body: Body, node: &Descriptor) -> Body {
    let node = node.bare();
    body.through(move |stream, from| check(stream, from, &node))
}

fn check(mut stream: ByteStream, from: u64, node: &Descriptor) -> ByteStream {
    let node = node.clone();
    let mut hasher = (from == 0).then(|| Hasher::new(node.digest.algorithm()));
    let mut seen = from;
    let (mut over, mut held) = (false, None);
    stream::poll_fn(move |context| {
        loop {
            if over {
                return Poll::Ready(None);
            }
            let next = match ready!(stream.poll_next_unpin(context)) {
                Some(Ok(piece)) => {
                    seen += piece.len() as u64;
                    if let Some(hasher) = &mut hasher {
                        hasher.update(&piece);
                    }
                    if seen <= node.size {
                        match held.replace(piece) {
                            Some(before) => return Poll::Ready(Some(Ok(before))),
                            None => continue,
                        }
                    }
                    Some(Err(longer(&node)))
                }
                Some(Err(error)) => Some(Err(error)),
                None => at_end(seen, hasher.take(), &node)
                    .map_or_else(|error| Some(Err(error)), |()| held.take().map(Ok)),
            };
            over = true;
            return Poll::Ready(next);
        }
    })
    .boxed()
}

fn at_end(seen: u64, hasher: Option<Hasher>, node: &Descriptor) -> Result<()> {
    if seen != node.size {
        return Err(Error::mismatch(format!(
            "content of {seen} bytes where {} has {}",
            node.digest, node.size
        )));
    }
    match hasher.map(Hasher::finish) {
        Some(digest) if digest != node.digest => Err(Error::mismatch("mismatched digest")),
        _ => Ok(()),
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

    #[tokio::test]
    async fn at_an_offset_the_length_is_checked() {
        let node = Descriptor::of(media_type::OCTET_STREAM, b"abcdef");
        let body = checked(Body::bytes("abcdef"), &node);
        assert_eq!(body.open(4).await.unwrap().count().await, 1);
        let short = checked(Body::bytes("abcde"), &node);
        assert!(short.open(4).await.unwrap().any(|piece| async move { piece.is_err() }).await);
    }
}
