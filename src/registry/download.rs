//! A blob as a body that goes on where its stream broke.
//!
//! The registry is asked again at the last good byte, never the URL that a redirect led to: signed URLs expire.
//! The check of size and digest lies around the whole and sees one stream without a gap.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_RANGE, RANGE};
use http::{Method, StatusCode};

use super::blobs::described;
use super::repository::{Repository, found, locked};
use super::{headers, urls};
use crate::content::{Body, ByteStream, checked, skip};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, Locator};
use crate::transport::{Action, Response};

/// How often in a row a stream may break without having given [`PROGRESS`] bytes.
const FRUITLESS_LIMIT: u32 = 3;

/// As many bytes make it worth going on, so that a stream that breaks at each byte comes to an end.
const PROGRESS: u64 = 64 * 1024;

impl Repository {
    /// The bytes of a blob.
    pub(super) fn download(&self, node: &Descriptor) -> Body {
        self.body(node, None)
    }

    /// A blob of which only the digest is known: the head of the answer tells the rest, and its body is the first
    /// stream that is opened.
    pub(super) async fn get_blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        let url = urls::blob(self.base(), self.name(), digest);
        let response = self.send(self.request(Method::GET, url, Action::Pull)).await?;
        let name = || self.named(&Locator::Digest(digest.clone()));
        let response = found(response, StatusCode::OK, name).await?;
        headers::same_digest(&response, digest)?;
        let node = match described(&response, digest)? {
            Some(node) => node,
            None => self.head_blob(digest).await?,
        };
        let body = self.body(&node, Some(response.body));
        Ok((node, body))
    }

    fn body(&self, node: &Descriptor, first: Option<ByteStream>) -> Body {
        let blob = Blob { repository: self.clone(), node: node.bare() };
        let first = Arc::new(Mutex::new(first));
        let body = Body::reopening(Some(node.size), move |from| {
            let first = locked(&first).take().filter(|_| from == 0);
            blob.clone().open(from, first)
        });
        checked(body, node)
    }
}

#[derive(Clone)]
struct Blob {
    repository: Repository,
    node: Descriptor,
}

struct Download {
    blob: Blob,
    stream: ByteStream,
    at: u64,
    /// Where the last attempt that got somewhere began.
    mark: u64,
    fruitless: u32,
}

impl Blob {
    async fn open(self, from: u64, first: Option<ByteStream>) -> Result<ByteStream> {
        let stream = match first {
            Some(stream) => stream,
            None => self.request(from).await?,
        };
        let download = Download { blob: self, stream, at: from, mark: from, fruitless: 0 };
        Ok(stream::try_unfold(download, Download::next).boxed())
    }

    async fn request(&self, from: u64) -> Result<ByteStream> {
        let url = urls::blob(self.repository.base(), self.repository.name(), &self.node.digest);
        let mut request = self.repository.request(Method::GET, url, Action::Pull);
        if from > 0 {
            request = request.header(RANGE, &format!("bytes={from}-"));
        }
        let response = self.repository.send(request).await?;
        if from > 0 && response.status == StatusCode::PARTIAL_CONTENT {
            same_range(&response, from, self.node.size)?;
            return Ok(response.body);
        }
        let response = found(response, StatusCode::OK, || self.node.digest.to_string()).await?;
        headers::same_length(&response, self.node.size)?;
        headers::same_digest(&response, &self.node.digest)?;
        Ok(skip(response.body, from))
    }
}

impl Download {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        loop {
            let error = match self.stream.next().await {
                None => return Ok(None),
                Some(Ok(piece)) => {
                    self.at += piece.len() as u64;
                    return Ok(Some((piece, self)));
                }
                Some(Err(error)) => error,
            };
            if self.at - self.mark >= PROGRESS {
                (self.mark, self.fruitless) = (self.at, 0);
            }
            let broken = matches!(error.kind(), Kind::Network { unreachable: false, .. });
            if !broken || self.fruitless == FRUITLESS_LIMIT {
                return Err(error);
            }
            self.fruitless += 1;
            self.stream = self.blob.request(self.at).await?;
        }
    }
}

/// Checks that a part is the one that was asked for: RFC 9110 section 14.4.
fn same_range(response: &Response, from: u64, size: u64) -> Result<()> {
    let text = response.header(CONTENT_RANGE.as_str()).unwrap_or_default();
    let parts = text.strip_prefix("bytes ").and_then(|rest| rest.split_once('/'));
    let begins = parts.and_then(|(range, _)| range.split_once('-')).and_then(|(first, _)| first.parse().ok());
    let whole = parts.is_some_and(|(_, total)| total == "*" || total.parse() == Ok(size));
    if begins == Some(from) && whole {
        return Ok(());
    }
    let request = headers::request(response);
    Err(Error::mismatch(format!(
        "{request}: mismatch Content-Range: received {text:?} when expecting \"bytes {from}-/{size}\""
    )))
}

#[cfg(test)]
mod tests;
