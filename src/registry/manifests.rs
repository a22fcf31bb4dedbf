//! Manifests: head, get, put and delete, by tag or by digest.
//!
//! They are small enough for memory, so their digest is compared with everything that names it: what was asked for,
//! what the registry says, and what the bytes are.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{Method, StatusCode};

use super::repository::{Repository, found};
use super::{headers, urls};
use crate::content::{Body, DOCUMENT_LIMIT, checked, skip};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, Locator, media_type};
use crate::transport::{Action, Failures, Request, Response};

/// The header by which a registry says that it lists a manifest among the referrers of its subject.
const SUBJECT: &str = "OCI-Subject";

impl Repository {
    fn manifest_request(&self, method: Method, at: &Locator, action: Action) -> Request {
        self.request(method, urls::manifest(self.base(), self.name(), at), action)
    }

    /// The descriptor of a manifest. `HEAD` is enough for most registries; where it is refused or leaves something
    /// out, the manifest itself tells, if it says that it is one.
    pub(super) async fn head_manifest(&self, at: &Locator) -> Result<Descriptor> {
        let request = self.manifest_request(Method::HEAD, at, Action::Pull).header(ACCEPT, &self.accept);
        let response = self.send(request).await?;
        if response.status == StatusCode::METHOD_NOT_ALLOWED {
            return Ok(self.get_manifest(at).await?.0);
        }
        let response = found(response, StatusCode::OK, || self.named(at)).await?;
        if let Some(asked) = at.digest() {
            headers::same_digest(&response, asked)?;
        }
        let digest =
            at.digest().cloned().map_or_else(|| headers::digest(&response), |asked| Ok(Some(asked)))?;
        if digest.is_none() && !media_type::is_manifest(&headers::media_type(&response)?) {
            // Whatever this is, a page for people most likely, it does not come from a registry.
            let text = "HTTP HEAD request missing required header \"Docker-Content-Digest\"";
            return Err(Error::invalid(text));
        }
        let (Some(digest), Some(size)) = (digest, headers::length(&response)) else {
            return Ok(self.get_manifest(at).await?.0);
        };
        let node = Descriptor::new(headers::media_type(&response)?, digest, size);
        self.is_manifest_here(&node);
        Ok(node)
    }

    /// A manifest and its bytes, checked.
    pub(super) async fn get_manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        let (node, bytes, _) = self.get_manifest_version(at).await?;
        Ok((node, bytes))
    }

    /// The same with the entity tag that the registry gives, for a [`Condition`].
    pub(super) async fn get_manifest_version(
        &self,
        at: &Locator,
    ) -> Result<(Descriptor, Bytes, Option<String>)> {
        let request = self.manifest_request(Method::GET, at, Action::Pull).header(ACCEPT, &self.accept);
        let response = found(self.send(request).await?, StatusCode::OK, || self.named(at)).await?;
        if let Some(asked) = at.digest() {
            headers::same_digest(&response, asked)?;
        }
        let promised = headers::digest(&response)?;
        let media_type = headers::media_type(&response)?;
        let version = response.header(ETAG.as_str()).map(str::to_owned);
        let bytes = response.read(DOCUMENT_LIMIT).await?;
        let named = at.digest().or(promised.as_ref());
        let digest = named.map_or_else(|| Digest::of(&bytes), |named| named.algorithm().digest(&bytes));
        // The two may be by different algorithms: then the bytes have to fit both.
        let fits = |other: &Digest| *other == digest || other.algorithm().digest(&bytes) == *other;
        if !named.into_iter().chain(&promised).all(fits) {
            return Err(Error::mismatch("mismatched digest"));
        }
        let node = Descriptor::new(media_type, digest, bytes.len() as u64);
        self.is_manifest_here(&node);
        Ok((node, bytes, version))
    }

    /// The bytes of a manifest of which the descriptor is known.
    pub(super) fn manifest_body(&self, node: &Descriptor) -> Body {
        let (repository, wanted) = (self.clone(), node.bare());
        let body = Body::reopening(Some(node.size), move |from| {
            let (repository, node) = (repository.clone(), wanted.clone());
            async move { Ok(skip(repository.open_manifest(&node).await?.body, from)) }
        });
        checked(body, node)
    }

    async fn open_manifest(&self, node: &Descriptor) -> Result<Response> {
        let at = Locator::Digest(node.digest.clone());
        let request = self.manifest_request(Method::GET, &at, Action::Pull).header(ACCEPT, &node.media_type);
        let response = found(self.send(request).await?, StatusCode::OK, || node.digest.to_string()).await?;
        headers::same_media_type(&response, &node.media_type)?;
        headers::same_length(&response, node.size)?;
        headers::same_digest(&response, &node.digest)?;
        Ok(response)
    }

    /// Stores a manifest under a tag or its digest. An answer that names its subject shows that the registry lists
    /// referrers by itself.
    pub(super) async fn put_manifest(&self, node: &Descriptor, bytes: Bytes, at: &Locator) -> Result<()> {
        self.put_manifest_if(node, bytes, at, Condition::None).await
    }

    /// The same on a condition. A registry may not look at it.
    pub(super) async fn put_manifest_if(
        &self,
        node: &Descriptor,
        bytes: Bytes,
        at: &Locator,
        condition: Condition,
    ) -> Result<()> {
        limited(bytes.len() as u64)?;
        let request = self.manifest_request(Method::PUT, at, Action::Push);
        let request = match &condition {
            Condition::None => request,
            Condition::Absent => request.header(IF_NONE_MATCH, "*"),
            Condition::Is(version) => request.header(IF_MATCH, version),
        };
        let request = request.header(CONTENT_TYPE, &node.media_type).body(Body::bytes(bytes.clone()));
        let request = request.once();
        let failures = Failures::default();
        let response = loop {
            let answer = match self.send(request.clone()).await {
                Ok(response) => response.expect(&[StatusCode::CREATED]).await,
                Err(error) => Err(error),
            };
            let error = match answer {
                Ok(response) => break response,
                Err(error) => error,
            };
            // Perhaps only the answer was lost, and with it the word on referrers.
            if error.is_passing() && Box::pin(self.holds(node, at)).await {
                return Box::pin(self.find_api(node, &bytes)).await;
            }
            if !error.is_passing() || !self.client().again(&failures, &error, (0, None)).await {
                return Err(error);
            }
        };
        headers::same_digest(&response, &node.digest)?;
        if response.header(SUBJECT).is_some_and(|subject| !subject.is_empty()) {
            self.decide(true);
        }
        Ok(())
    }

    /// Whether this manifest has that name.
    async fn holds(&self, node: &Descriptor, at: &Locator) -> bool {
        self.head_manifest(at).await.is_ok_and(|found| found.digest == node.digest)
    }

    /// Removes a manifest with all its tags, or a tag alone.
    pub(super) async fn delete_manifest(&self, at: &Locator) -> Result<()> {
        let request = self.manifest_request(Method::DELETE, at, Action::Delete);
        match (self.remove(request, || self.named(at)).await?, at.digest()) {
            (Some(response), Some(digest)) => headers::same_digest(&response, digest),
            _ => Ok(()),
        }
    }
}

/// What is to be true of a tag for it to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Anything.
    None,
    /// Nothing has it.
    Absent,
    /// It has this version, as an entity tag.
    Is(String),
}

/// Refuses a manifest that no registry has to take.
pub(super) fn limited(size: u64) -> Result<()> {
    if size > DOCUMENT_LIMIT {
        return Err(Error::new(Kind::TooLarge(format!(
            "content size {size} exceeds MaxMetadataBytes {DOCUMENT_LIMIT}: size exceeds limit"
        ))));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
