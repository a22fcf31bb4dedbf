//! Manifests: head, get, put by tag or digest, delete.
//!
//! A manifest is kept byte for byte. Its blobs need not be there: what refers to content elsewhere is legal, and a
//! client that forgot to send something learns it on the next pull. Source: distribution-spec, "Pulling manifests",
//! "Pushing Manifests", "Deleting Manifests"; the `tag` parameter is of its version 1.2.

use std::str::FromStr;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use super::call::{Call, DIGEST, header_value};
use super::problem::{Answer, Code, Fault};
use super::{Referrers, Registry};
use crate::content::{DOCUMENT_LIMIT, Target};
use crate::error::Error;
use crate::oci::{Descriptor, Digest, Document, Locator, Tag, media_type};

const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const TAG: HeaderName = HeaderName::from_static("oci-tag");

pub(super) async fn answer(registry: &Registry, call: &Call, name: &str, reference: &str) -> Answer {
    let at = locator(reference)?;
    if call.method == Method::PUT {
        return put(registry, call, name, &at).await;
    }
    let target = registry.repository(name).await?;
    match call.method {
        Method::GET | Method::HEAD => get(&*target, call, &at).await,
        Method::DELETE => delete(registry, &*target, &at).await,
        _ => Err(Fault::unsupported()),
    }
}

fn locator(reference: &str) -> Result<Locator, Fault> {
    if reference.contains(':') {
        let digest = Digest::from_str(reference);
        return digest
            .map(Locator::Digest)
            .map_err(|why| Fault::invalid(Code::DigestInvalid, why.to_string()));
    }
    tag(reference).map(Locator::Tag)
}

fn tag(text: &str) -> Result<Tag, Fault> {
    Tag::from_str(text).map_err(|why| Fault::invalid(Code::ManifestInvalid, why.to_string()))
}

fn missing(error: &Error) -> Fault {
    Fault::of(error, Code::ManifestUnknown)
}

async fn get(target: &dyn Target, call: &Call, at: &Locator) -> Answer {
    let (node, bytes) = if call.method == Method::HEAD {
        (target.resolve(at).await.map_err(|error| missing(&error))?, Bytes::new())
    } else {
        target.manifest(at).await.map_err(|error| missing(&error))?
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header_value(&node.media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(node.size));
    headers.insert(DIGEST, header_value(&node.digest));
    headers.insert(header::ETAG, header_value(format!("\"{}\"", node.digest)));
    Ok(response)
}

async fn put(registry: &Registry, call: &Call, name: &str, at: &Locator) -> Answer {
    let tags = call.query.all("tag").map(tag).collect::<Result<Vec<_>, _>>()?;
    let bytes = call.body.read(DOCUMENT_LIMIT).await.map_err(|error| missing(&error))?;
    let (node, document) = described(call, at, &bytes)?;
    let target = registry.make(name).await?;
    let room = registry.store.room(node.size).map_err(|error| missing(&error))?;
    let stored = async {
        let put = target.put(&node, crate::content::Body::bytes(bytes)).await?;
        if put == crate::content::Put::Stored {
            room.keep();
        }
        for tag in at.tag().into_iter().chain(&tags) {
            target.tag(&node, tag).await?;
        }
        // Not before the index is on the disk is it told that it is.
        target.commit().await
    };
    stored.await.map_err(|error| missing(&error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(format!("/v2/{name}/manifests/{}", node.digest)));
    headers.insert(DIGEST, header_value(&node.digest));
    for tag in &tags {
        headers.append(TAG, header_value(tag));
    }
    if let (Some(subject), Referrers::Api) = (&document.subject, registry.config.referrers) {
        headers.insert(SUBJECT, header_value(&subject.digest));
    }
    Ok(response)
}

/// The manifest that was sent, if it is one and has the digest that it was put under.
fn described(call: &Call, at: &Locator, bytes: &Bytes) -> Result<(Descriptor, Document), Fault> {
    let invalid = |text: String| Fault::invalid(Code::ManifestInvalid, text);
    let own = serde_json::from_slice::<Document>(bytes).map(|document| document.media_type);
    let own = own.map_err(|error| invalid(format!("invalid manifest: {error}")))?;
    let sent = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|text| text.split(';').next()).map_or("", str::trim);
    if !own.is_empty() && media_type::is_manifest(sent) && own != sent {
        return Err(invalid(format!("the manifest says that it is {own:?}, its header {sent:?}")));
    }
    let kind = if media_type::is_manifest(sent) || own.is_empty() { sent } else { own.as_str() };
    let document = Document::parse(kind, bytes).map_err(|error| invalid(error.to_string()))?;
    let digest = match at {
        Locator::Tag(_) => Digest::of(bytes),
        Locator::Digest(digest) if digest.algorithm().digest(bytes) == *digest => digest.clone(),
        Locator::Digest(_) => {
            return Err(Fault::invalid(
                Code::DigestInvalid,
                "provided digest did not match uploaded content",
            ));
        }
    };
    Ok((Descriptor::new(kind, digest, bytes.len() as u64), document))
}

async fn delete(registry: &Registry, target: &dyn Target, at: &Locator) -> Answer {
    let gone = async {
        match at {
            Locator::Tag(tag) => target.untag(tag).await?,
            Locator::Digest(_) => {
                let node = target.resolve(at).await?;
                target.delete(&node).await?;
                registry.store.give_back(node.size);
            }
        }
        target.commit().await
    };
    gone.await.map_err(|error| missing(&error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}
