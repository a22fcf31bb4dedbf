//! A blob as a body that goes on where its stream broke.
//!
//! The registry is asked again at the last good byte, never the URL that a redirect led to: signed URLs expire.
//! The check of size and digest lies around the whole and sees one stream without a gap. Where one connection is slow, parts
//! of a large blob are fetched ahead ([`ahead`]).
//!
//! What does not belong here: how often and when it is asked again, which the transport says.

pub(super) mod ahead;
mod part;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use http::{Method, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use self::ahead::Ahead;
use super::blobs::described;
use super::repository::{Repository, found, locked};
use super::{headers, urls};
use crate::content::{Body, ByteStream, Landing, checked, skip};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, Locator};
use crate::transport::{Action, Failures, Request, Response, shown};

impl Repository {
    /// The bytes of a blob.
    pub(super) fn download(&self, node: &Descriptor) -> Body {
        self.body(node, None)
    }

    /// A blob of which only the digest is known: the head of the answer tells the rest, and its body is the first
    /// stream that is opened.
    pub(super) async fn get_blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        let url = urls::blob(self.base(), self.name(), digest);
        let failures = Failures::default();
        let request = self.request(Method::GET, url, Action::Pull).streamed(&failures);
        let name = || self.named(&Locator::Digest(digest.clone()));
        let response = found(self.send(request).await?, StatusCode::OK, name).await?;
        headers::same_digest(&response, digest)?;
        if let Some(node) = described(&response, digest)? {
            let body = self.body(&node, Some(First { response, failures }));
            return Ok((node, body));
        }
        // Nobody waits for another answer while one is open.
        drop(response);
        let node = self.head_blob(digest).await?;
        let body = self.body(&node, None);
        Ok((node, body))
    }

    fn body(&self, node: &Descriptor, first: Option<First>) -> Body {
        let blob = Blob { repository: self.clone(), node: node.bare() };
        let first = Arc::new(Mutex::new(first));
        let body = Body::placing(Some(node.size), move |from, landing| {
            let first = locked(&first).take().filter(|_| from == 0);
            blob.clone().open(from, first, landing)
        });
        checked(body, node)
    }
}

#[derive(Clone)]
struct Blob {
    repository: Repository,
    node: Descriptor,
}

/// An answer that has come already.
struct First {
    response: Response,
    failures: Failures,
}

struct Download {
    blob: Blob,
    stream: ByteStream,
    at: u64,
    /// Where the stream is left, for that of the next part or at the end of the blob.
    until: u64,
    /// Whether it is that of a part which was fetched ahead.
    is_part: bool,
    ahead: Ahead,
    /// Up to where bytes had come when the stream last broke.
    mark: u64,
    failures: Failures,
    /// What the content is called by who gives it, so that two parts are of the same.
    tag: Option<String>,
    _seat: Option<OwnedSemaphorePermit>,
}

impl Blob {
    async fn open(self, from: u64, first: Option<First>, landing: Option<Landing>) -> Result<ByteStream> {
        let seat = self.repository.seats.taken().await;
        let (failures, (stream, tag)) = if let Some(First { response, failures }) = first {
            let tag = strong_tag(&response);
            (failures, (response.body, tag))
        } else {
            let failures = Failures::default();
            let opened = self.request(from, self.node.size, &failures, None).await?;
            (failures, opened)
        };
        let (until, splitting) = (self.node.size, self.repository.splitting);
        let download = Download {
            ahead: Ahead::new(splitting, self.node.size, from, landing),
            blob: self,
            stream,
            at: from,
            until,
            is_part: false,
            mark: from,
            failures,
            tag,
            _seat: seat,
        };
        Ok(stream::try_unfold(download, Download::next).boxed())
    }

    fn get(&self, failures: &Failures) -> Request {
        let url = urls::blob(self.repository.base(), self.repository.name(), &self.node.digest);
        self.repository.request(Method::GET, url, Action::Pull).streamed(failures)
    }

    /// A part of the content that is fetched ahead. Nobody waits for it yet, so nothing is tried again.
    async fn part(&self, from: u64, until: u64, tag: Option<&str>) -> Result<ByteStream> {
        let mut request = self.get(&Failures::default()).once().apart();
        request = request.header(RANGE, &range(from, until, self.node.size));
        if let Some(tag) = tag {
            request = request.header(IF_RANGE, tag);
        }
        let response = self.repository.send(request).await?;
        let response = response.expect(&[StatusCode::PARTIAL_CONTENT]).await?;
        same_range(&response, from, self.node.size)?;
        Ok(response.body)
    }

    /// The content from one offset to another, or further, and what it is called there.
    async fn request(
        &self,
        from: u64,
        until: u64,
        failures: &Failures,
        tag: Option<&str>,
    ) -> Result<(ByteStream, Option<String>)> {
        let mut request = self.get(failures);
        if from > 0 {
            request = request.header(RANGE, &range(from, until, self.node.size));
        }
        if let Some(tag) = tag.filter(|_| from > 0) {
            request = request.header(IF_RANGE, tag);
        }
        let mut response = self.repository.send(request).await?;
        if from > 0 && response.status == StatusCode::PARTIAL_CONTENT {
            same_range(&response, from, self.node.size)?;
            let tag = strong_tag(&response);
            return Ok((response.body, tag));
        }
        if from > 0 && response.status == StatusCode::RANGE_NOT_SATISFIABLE {
            // Some have the content and no parts of it.
            response = self.repository.send(self.get(failures)).await?;
        }
        let response = found(response, StatusCode::OK, || self.node.digest.to_string()).await?;
        headers::same_length(&response, self.node.size)?;
        headers::same_digest(&response, &self.node.digest)?;
        let tag = strong_tag(&response);
        Ok((skip(response.body, from), tag))
    }

    /// The failure of a stream that ended too early without saying so.
    fn short(&self) -> Error {
        let url = urls::blob(self.repository.base(), self.repository.name(), &self.node.digest);
        let (url, reason) = (shown(&url, true), "unexpected EOF".to_owned());
        Error::new(Kind::Network { method: Method::GET, url, reason, unreachable: false }).passing()
    }
}

impl Download {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        loop {
            if self.at == self.until && self.at < self.blob.node.size {
                self.turn().await?;
            }
            let asked = Instant::now();
            let came = self.stream.next().await;
            self.ahead.waited(asked.elapsed());
            let (error, quiet) = match came {
                Some(Ok(mut piece)) => {
                    // What comes after the end of the blob is for the check to refuse.
                    if self.until < self.blob.node.size {
                        piece.truncate(usize::try_from(self.until - self.at).unwrap_or(usize::MAX));
                    }
                    self.at += piece.len() as u64;
                    if !self.is_part {
                        self.ahead.came(piece.len());
                    }
                    self.ahead.measure();
                    self.until = self.ahead.fill(&self.blob, self.tag.as_deref(), self.at, self.until);
                    return Ok(Some((piece, self)));
                }
                None if self.at >= self.blob.node.size => return Ok(None),
                None => (self.blob.short(), true),
                // All that was promised has come, and the check will say whether it is right.
                Some(Err(_)) if self.at == self.blob.node.size => return Ok(None),
                Some(Err(error)) => (error, false),
            };
            if self.at > self.mark {
                self.mark = self.at;
                self.failures.end();
            }
            if self.is_part && !matches!(error.kind(), Kind::Network { unreachable: false, .. }) {
                // There is more than one kind of server that gives all or nothing, or not so much at once. What could
                // not wait in the reader's file comes once more, and the reader finds out why.
                self.until = self.ahead.give_up().await;
                self.reopen().await?;
                continue;
            }
            let client = self.blob.repository.client();
            if !client.again(&self.failures, &error, (self.at, Some(self.blob.node.size))).await {
                // Where nothing broke there may be no more of it, and the check tells best what that means.
                return if quiet { Ok(None) } else { Err(error) };
            }
            self.reopen().await?;
        }
    }

    /// Goes on with the part whose turn it is, or with one stream if there is none.
    async fn turn(&mut self) -> Result<()> {
        let Some(part) = self.ahead.pop() else {
            self.until = self.blob.node.size;
            return self.reopen().await;
        };
        (self.until, self.is_part) = (part.end, true);
        self.stream = part.stream();
        Ok(())
    }

    /// Asks again for what the stream is to give.
    async fn reopen(&mut self) -> Result<()> {
        // What is left of the old stream has no use any more, and its connection may be wanted for the new one.
        self.stream = stream::empty().boxed();
        let tag = self.tag.as_deref();
        (self.stream, self.tag) = self.blob.request(self.at, self.until, &self.failures, tag).await?;
        self.is_part = false;
        Ok(())
    }
}

/// The value of the header that asks for a part.
fn range(from: u64, until: u64, size: u64) -> String {
    if until < size { format!("bytes={from}-{}", until - 1) } else { format!("bytes={from}-") }
}

/// The name that an answer gives to its content, if two answers with it are the same byte by byte: RFC 9110 section
/// 8.8.1.
fn strong_tag(response: &Response) -> Option<String> {
    response.header(ETAG.as_str()).filter(|tag| tag.starts_with('"')).map(str::to_owned)
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
mod parts;
#[cfg(test)]
mod tests;
