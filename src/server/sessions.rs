//! The requests of an upload that takes more than one: begin, ask, add, finish, cancel.
//!
//! Source: distribution-spec, "Pushing a blob in chunks" and "Cancel a blob upload".

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use super::Registry;
use super::blobs;
use super::call::{Call, header_value};
use super::problem::{Answer, Code, Fault};
use super::uploads::{Received, Session};
use crate::error::{Error, Kind};
use crate::oci::{Descriptor, Digest};

const CHUNK_MINIMUM: HeaderName = HeaderName::from_static("oci-chunk-min-length");
const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// Begins a session.
pub(super) fn start(registry: &Registry, name: &str) -> Answer {
    let id = begin(registry, name)?;
    let mut response = progress(StatusCode::ACCEPTED, name, &id, 0);
    if let Some(minimum) = registry.config.chunk_minimum {
        response.headers_mut().insert(CHUNK_MINIMUM, HeaderValue::from(minimum));
    }
    Ok(response)
}

fn begin(registry: &Registry, name: &str) -> Result<String, Fault> {
    let started = registry.uploads.start(name, registry.store.no_room());
    started.map_err(|error| missing(&error))?.ok_or_else(|| {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Fault::new(status, Code::TooManyRequests, "too many uploads are not finished")
    })
}

/// A whole blob of unknown length: kept aside until its length is known.
pub(super) async fn in_one(registry: &Registry, call: &Call, name: &str, digest: &Digest) -> Answer {
    let id = begin(registry, name)?;
    let session = registry.uploads.find(name, &id);
    registry.uploads.end(&id);
    let session = session.ok_or_else(|| Fault::unknown(Code::BlobUploadUnknown))?;
    let mut received = session.received.lock().await;
    let most = registry.config.limits.blob;
    received.append(call.body.stream(), most).await.map_err(|error| missing(&error))?;
    finish(registry, name, &mut received, digest).await
}

/// Any request on a session.
pub(super) async fn answer(registry: &Registry, call: &Call, name: &str, id: &str) -> Answer {
    let found = registry.uploads.find(name, id).ok_or_else(|| Fault::unknown(Code::BlobUploadUnknown))?;
    let session: &Session = &found;
    match call.method {
        Method::GET | Method::HEAD => {
            let offset = session.received.lock().await.offset();
            Ok(progress(StatusCode::NO_CONTENT, name, id, offset))
        }
        Method::PATCH => {
            let mut received = session.received.lock().await;
            add(registry, call, name, id, &mut received).await?;
            Ok(progress(StatusCode::ACCEPTED, name, id, received.offset()))
        }
        Method::PUT => put(registry, call, name, id, session).await,
        Method::DELETE => {
            registry.uploads.end(id);
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        _ => Err(Fault::unsupported()),
    }
}

async fn put(registry: &Registry, call: &Call, name: &str, id: &str, session: &Session) -> Answer {
    let wanted = call.query.first("digest");
    let digest = blobs::digest(wanted.unwrap_or_default())?;
    let mut received = session.received.lock().await;
    let ranged = call.headers.contains_key(header::CONTENT_RANGE);
    let answer = match call.body.length() {
        Some(size) if received.offset() == 0 && !ranged => {
            // Everything comes with this request: no need to keep it aside.
            let (_, room) = received.take();
            let node = Descriptor::new("", digest, size);
            blobs::store(registry, name, &node, call.body.whole(), room).await
        }
        _ => {
            add(registry, call, name, id, &mut received).await?;
            finish(registry, name, &mut received, &digest).await
        }
    };
    registry.uploads.end(id);
    answer
}

async fn finish(registry: &Registry, name: &str, received: &mut Received, digest: &Digest) -> Answer {
    let node = Descriptor::new("", digest.clone(), received.offset());
    let (body, room) = received.take();
    blobs::store(registry, name, &node, body, room).await
}

/// Adds the content of a request, which must begin where the last one ended.
async fn add(
    registry: &Registry,
    call: &Call,
    name: &str,
    id: &str,
    received: &mut Received,
) -> Result<(), Fault> {
    if let Some(range) = call.headers.get(header::CONTENT_RANGE) {
        let range = range.to_str().ok().and_then(content_range);
        let (first, last) =
            range.ok_or_else(|| Fault::invalid(Code::BlobUploadInvalid, "bad Content-Range"))?;
        if first != received.offset() {
            return Err(out_of_order(name, id, received.offset()));
        }
        let length = last.checked_sub(first).and_then(|length| length.checked_add(1));
        if call.body.length().is_some_and(|sent| Some(sent) != length) {
            let text = "Content-Range and Content-Length differ";
            return Err(Fault::invalid(Code::SizeInvalid, text));
        }
    }
    let most = registry.config.limits.blob;
    received.append(call.body.stream(), most).await.map_err(|error| missing(&error))
}

/// `<first>-<last>`; some clients write it as RFC 9110 has it, `bytes <first>-<last>/<all>`.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let text = text.strip_prefix("bytes ").unwrap_or(text);
    let text = text.split('/').next()?;
    let (first, last) = text.split_once('-')?;
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

fn out_of_order(name: &str, id: &str, offset: u64) -> Fault {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let text = format!("the next byte of this upload is {offset}");
    Fault::new(status, Code::BlobUploadInvalid, text)
        .with(header::LOCATION, location(name, id))
        .with(header::RANGE, range(offset))
}

fn progress(status: StatusCode, name: &str, id: &str, offset: u64) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location(name, id));
    headers.insert(header::RANGE, range(offset));
    headers.insert(UPLOAD, header_value(id));
    response
}

fn location(name: &str, id: &str) -> HeaderValue {
    header_value(format!("/v2/{name}/blobs/uploads/{id}"))
}

/// The last byte that is there. Of nothing there is no way to say so, and registries agree on `0-0`.
fn range(offset: u64) -> HeaderValue {
    header_value(format!("0-{}", offset.saturating_sub(1)))
}

fn missing(error: &Error) -> Fault {
    match error.kind() {
        Kind::Invalid(text) => Fault::invalid(Code::BlobUploadInvalid, text.clone()),
        _ => Fault::of(error, Code::BlobUploadUnknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_range_are_read() {
        assert_eq!(content_range("3-7"), Some((3, 7)));
        assert_eq!(content_range("bytes 3-7/*"), Some((3, 7)));
        assert_eq!(content_range("3"), None);
    }
}
