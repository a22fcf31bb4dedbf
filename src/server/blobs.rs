//! Blobs: head and get with ranges, delete, and all ways to push one.
//!
//! A blob whose digest and length are known when its bytes begin to arrive goes straight to its repository; only what
//! comes in parts is kept aside first. Either way the repository checks it before it has a name.
//! Source: distribution-spec, "Pulling blobs", "Pushing Blobs", "Mounting a blob"; RFC 9110 section 14 for ranges.

use std::str::FromStr;

use axum::body::Body;
use axum::response::Response;
use futures_util::{StreamExt, future};
use http::{HeaderValue, Method, StatusCode, header};

use super::Registry;
use super::auth::{Action, Grant};
use super::call::{Call, DIGEST, header_value};
use super::problem::{Answer, Code, Fault};
use super::sessions;
use super::store::Room;
use crate::content::{self, ByteStream, Put, Target};
use crate::error::Error;
use crate::oci::{Descriptor, Digest, media_type};

pub(super) fn missing(error: &Error) -> Fault {
    Fault::of(error, Code::BlobUnknown)
}

pub(super) fn digest(text: &str) -> Result<Digest, Fault> {
    Digest::from_str(text).map_err(|why| Fault::invalid(Code::DigestInvalid, why.to_string()))
}

pub(super) async fn answer(registry: &Registry, call: &Call, name: &str, reference: &str) -> Answer {
    let digest = digest(reference)?;
    let target = registry.repository(name).await?;
    match call.method {
        Method::GET | Method::HEAD => get(&*target, call, &digest).await,
        Method::DELETE => delete(registry, &*target, &digest).await,
        _ => Err(Fault::unsupported()),
    }
}

async fn get(target: &dyn Target, call: &Call, digest: &Digest) -> Answer {
    let node = target.stat(digest).await.map_err(|error| missing(&error))?;
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type::OCTET_STREAM));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(DIGEST, header_value(digest));
    headers.insert(header::ETAG, header_value(format!("\"{digest}\"")));
    let range = call.headers.get(header::RANGE).filter(|_| call.method == Method::GET);
    let range = range.and_then(|value| value.to_str().ok()).and_then(Range::parse);
    let (from, length) = match range {
        None => (0, node.size),
        Some(range) => {
            let Some((from, length)) = range.within(node.size) else {
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                let fault = Fault::new(status, Code::SizeInvalid, "the range is not within the blob");
                return Err(fault.with(header::CONTENT_RANGE, header_value(format!("bytes */{}", node.size))));
            };
            let shown = format!("bytes {from}-{}/{}", from + length - 1, node.size);
            headers.insert(header::CONTENT_RANGE, header_value(shown));
            (from, length)
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if range.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if call.method == Method::GET {
        let stream = target.fetch(&node).open(from).await.map_err(|error| missing(&error))?;
        *response.body_mut() = Body::from_stream(first(stream, length));
    }
    Ok(response)
}

/// The first `length` bytes of a stream. All of it is asked for when that is all it has, so that it is also checked.
fn first(stream: ByteStream, length: u64) -> ByteStream {
    let mut left = length;
    let cut = stream.scan((), move |(), piece| {
        let piece = match piece {
            Ok(_) if left == 0 => None,
            Ok(piece) => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                left -= taken as u64;
                Some(Ok(piece.slice(..taken)))
            }
            Err(error) => Some(Err(error)),
        };
        future::ready(piece)
    });
    cut.boxed()
}

/// A single range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    From(u64, u64),
    Last(u64),
}

impl Range {
    /// The range of a header; anything else than a single range of bytes is none, and the whole is given.
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        match (first.trim(), last.trim()) {
            ("", last) => last.parse().ok().map(Self::Last),
            (first, "") => first.parse().ok().map(|first| Self::From(first, u64::MAX)),
            (first, last) => Some(Self::From(first.parse().ok()?, last.parse().ok()?)),
        }
    }

    /// Offset and length within that many bytes, if it has any of them.
    fn within(self, size: u64) -> Option<(u64, u64)> {
        let (first, last) = match self {
            Self::From(first, last) => (first, last.min(size.checked_sub(1)?)),
            Self::Last(count) => (size.saturating_sub(count), size.checked_sub(1)?),
        };
        (first <= last).then(|| (first, last - first + 1))
    }
}

async fn delete(registry: &Registry, target: &dyn Target, digest: &Digest) -> Answer {
    let gone = async {
        let node = target.stat(digest).await?;
        target.delete(&node).await?;
        registry.store.give_back(node.size);
        target.commit().await
    };
    gone.await.map_err(|error| missing(&error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// `POST` on the uploads: a mount, a whole blob, or a session.
pub(super) async fn post(registry: &Registry, call: &Call, name: &str, grant: &Grant) -> Answer {
    if call.method != Method::POST {
        return Err(Fault::unsupported());
    }
    if let Some(wanted) = call.query.first("mount") {
        let digest = digest(wanted)?;
        if let Some(response) = mount(registry, call, name, &digest, grant).await? {
            return Ok(response);
        }
        return sessions::start(registry, name);
    }
    if let Some(wanted) = call.query.first("digest") {
        let digest = digest(wanted)?;
        if let Some(size) = call.body.length() {
            let node = Descriptor::new("", digest, size);
            return store(registry, name, &node, call.body.whole(), registry.store.no_room()).await;
        }
        return sessions::in_one(registry, call, name, &digest).await;
    }
    sessions::start(registry, name)
}

/// Takes a blob from another repository, or from any when none is named. Nothing when it has to be sent.
async fn mount(
    registry: &Registry,
    call: &Call,
    name: &str,
    digest: &Digest,
    grant: &Grant,
) -> Result<Option<Response>, Fault> {
    let from = match call.query.first("from") {
        Some(from) => vec![from.to_owned()],
        None => registry.store.all_names().await.map_err(|error| missing(&error))?,
    };
    for from in from.iter().filter(|from| grant.allows(from, Action::Pull)) {
        let Some(source) = registry.store.find(from).await.map_err(|error| missing(&error))? else {
            continue;
        };
        let Ok(node) = source.stat(digest).await else { continue };
        let room = registry.store.no_room();
        return store(registry, name, &node, source.fetch(&node), room).await.map(Some);
    }
    Ok(None)
}

/// Puts a blob into its repository and tells where it is.
pub(super) async fn store(
    registry: &Registry,
    name: &str,
    node: &Descriptor,
    body: content::Body,
    mut room: Room,
) -> Answer {
    if node.size > registry.config.limits.blob {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(Fault::new(status, Code::SizeInvalid, "the blob is larger than this registry takes"));
    }
    let node = Descriptor::new(media_type::OCTET_STREAM, node.digest.clone(), node.size);
    let stored = async {
        room.grow_to(node.size)?;
        let target = registry.store.make(name).await?;
        if target.put(&node, body).await? == Put::Stored {
            room.keep();
        }
        target.commit().await
    };
    stored.await.map_err(|error| missing(&error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(format!("/v2/{name}/blobs/{}", node.digest)));
    headers.insert(DIGEST, header_value(&node.digest));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_cut_to_the_blob() {
        let cut = |text: &str| Range::parse(text).and_then(|range| range.within(10));
        assert_eq!(cut("bytes=2-4"), Some((2, 3)));
        assert_eq!(cut("bytes=2-"), Some((2, 8)));
        assert_eq!(cut("bytes=-3"), Some((7, 3)));
        assert_eq!(cut("bytes=5-100"), Some((5, 5)));
        assert_eq!(cut("bytes=-100"), Some((0, 10)));
        for outside in ["bytes=10-", "bytes=5-0", "bytes=-0"] {
            assert!(Range::parse(outside).is_some(), "{outside}");
            assert_eq!(cut(outside), None, "{outside}");
        }
        for other in ["bytes=1-2,4-5", "items=0-1", "bytes=x-", "bytes=-"] {
            assert_eq!(Range::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_range_lies_within_the_blob_or_is_none(
            text in prop_oneof![any::<String>(), "bytes=[0-9]{0,20} ?- ?[0-9]{0,20}"],
            size in prop_oneof![0_u64..20, any::<u64>()],
        ) {
            if let Some((from, length)) = Range::parse(&text).and_then(|range| range.within(size)) {
                prop_assert!(length > 0 && from < size && length <= size - from);
            }
        }

        #[test]
        fn a_range_is_what_it_says(first in 0..99_u64, length in 1..99_u64, size in 200_u64..) {
            let text = format!("bytes={first}-{}", first + length - 1);
            prop_assert_eq!(Range::parse(&text).unwrap().within(size), Some((first, length)));
            prop_assert_eq!(Range::parse(&format!("bytes=-{length}")).unwrap().within(size), Some((size - length, length)));
        }
    }
}
