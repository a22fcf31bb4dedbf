//! Blobs: head, mount and delete. Their bytes move in the files on download and upload.

use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{Method, StatusCode};

use super::repository::{Repository, found, locked, mount_scope};
use super::upload::session::Session;
use super::{headers, urls};
use crate::content::Mount;
use crate::error::{Error, Kind, Refusal, Result};
use crate::oci::{Descriptor, Digest, Locator, media_type};
use crate::transport::{Action, Failures, Request, Response};

impl Repository {
    /// The answer of a registry that has the blob.
    pub(super) async fn find_blob(&self, digest: &Digest) -> Result<Response> {
        let url = urls::blob(self.base(), self.name(), digest);
        let response = self.send(self.request(Method::HEAD, url, Action::Pull)).await?;
        if response.status == StatusCode::METHOD_NOT_ALLOWED {
            return self.touch_blob(digest).await;
        }
        let name = || self.named(&Locator::Digest(digest.clone()));
        let response = found(response, StatusCode::OK, name).await?;
        headers::same_digest(&response, digest)?;
        Ok(response)
    }

    /// The same by asking for its first byte, for registries that refuse or hardly answer `HEAD`.
    async fn touch_blob(&self, digest: &Digest) -> Result<Response> {
        let url = urls::blob(self.base(), self.name(), digest);
        let request = self.request(Method::GET, url, Action::Pull).header(RANGE, "bytes=0-0");
        let response = self.send(request.streamed(&Failures::default())).await?;
        let there = [StatusCode::PARTIAL_CONTENT, StatusCode::RANGE_NOT_SATISFIABLE];
        let response = if there.contains(&response.status) {
            response
        } else {
            found(response, StatusCode::OK, || self.named(&Locator::Digest(digest.clone()))).await?
        };
        headers::same_digest(&response, digest)?;
        Ok(response)
    }

    /// Whether the registry has the blob, if it says so when it is asked once with what is known to open it.
    pub(super) async fn glance_at_blob(&self, digest: &Digest) -> Option<bool> {
        let url = urls::blob(self.base(), self.name(), digest);
        let request = self.request(Method::HEAD, url, Action::Pull).once();
        let response = self.client().send_as_known(&request).await.ok()?;
        match response.status {
            StatusCode::OK => headers::same_digest(&response, digest).is_ok().then_some(true),
            StatusCode::NOT_FOUND => Some(false),
            _ => None,
        }
    }

    /// The descriptor of a blob, with the type that the registry gives.
    pub(super) async fn head_blob(&self, digest: &Digest) -> Result<Descriptor> {
        let mut response = self.find_blob(digest).await?;
        if response.method == Method::HEAD && headers::length(&response).is_none() {
            response = self.touch_blob(digest).await?;
        }
        described(&response, digest)?.ok_or_else(|| {
            let request = headers::request(&response);
            Error::invalid(format!("{request}: unknown response Content-Length"))
        })
    }

    /// Asks the registry to take the blob from one of its other repositories. An upload session that it opens
    /// instead is kept for the upload.
    pub(super) async fn mount_blob(&self, node: &Descriptor, from: &str) -> Result<Mount> {
        let url = urls::mount(self.base(), self.name(), &node.digest, from);
        let mut request = self.request(Method::POST, url, Action::Push);
        let scope = mount_scope(from);
        if !request.scope.contains(&scope) {
            request = request.scope(scope);
        }
        let wanted = [StatusCode::CREATED, StatusCode::ACCEPTED];
        let answer = match self.send(request).await {
            Ok(response) => response.expect(&wanted).await,
            Err(error) => Err(error),
        };
        let response = match answer {
            Ok(response) => response,
            Err(error) if is_denied(&error) => return Ok(Mount::Refused),
            Err(error) => return Err(error),
        };
        if response.status == StatusCode::CREATED {
            headers::same_digest(&response, &node.digest)?;
            return Ok(Mount::Mounted);
        }
        let session = Session::of(self.base(), &response)?;
        locked(&self.shared.sessions).insert(node.digest.clone(), session);
        Ok(Mount::Refused)
    }

    /// Removes a blob.
    pub(super) async fn delete_blob(&self, digest: &Digest) -> Result<()> {
        let url = urls::blob(self.base(), self.name(), digest);
        let request = self.request(Method::DELETE, url, Action::Delete);
        match self.remove(request, || self.named(&Locator::Digest(digest.clone()))).await? {
            Some(response) => headers::same_digest(&response, digest),
            None => Ok(()),
        }
    }

    /// Removes what has this name; what is not there any more the second time was removed the first time, and then
    /// there is no answer.
    pub(super) async fn remove(
        &self,
        request: Request,
        name: impl Fn() -> String,
    ) -> Result<Option<Response>> {
        let response = self.send(request).await?;
        if response.repeated && response.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        found(response, StatusCode::ACCEPTED, name).await.map(Some)
    }
}

/// What the head of an answer says of a blob, if it says how large it is.
pub(super) fn described(response: &Response, digest: &Digest) -> Result<Option<Descriptor>> {
    let size = if response.status == StatusCode::OK {
        headers::length(response)
    } else {
        // Of a part the length of the whole stands behind it: RFC 9110 section 14.4.
        let range = response.header(CONTENT_RANGE.as_str()).and_then(|range| range.rsplit_once('/'));
        range.and_then(|(_, size)| size.parse().ok())
    };
    let Some(size) = size else { return Ok(None) };
    let named = response.header(CONTENT_TYPE.as_str()).is_some_and(|text| !text.is_empty());
    let media_type = if named { headers::media_type(response)? } else { media_type::OCTET_STREAM.to_owned() };
    Ok(Some(Descriptor::new(media_type, digest.clone(), size)))
}

/// Whether somebody may not read from the other repository: the registry or its token service says so, or there is
/// nobody to be. The blob can still be sent.
fn is_denied(error: &Error) -> bool {
    matches!(error.kind(), Kind::NoCredential) || error.refusal().is_some_and(Refusal::is_denial)
}

#[cfg(test)]
mod tests {
    use crate::content::Target;
    use crate::oci::{Descriptor, media_type};
    use crate::registry::ReferrersMode::Api;
    use crate::registry::script::{Script, answer};

    #[tokio::test]
    async fn a_glance_is_one_request_and_says_nothing_of_what_is_not_told_at_once() {
        let node = Descriptor::of(media_type::LAYER, b"abc");
        let cases = [
            (200, Some(true)),
            (404, Some(false)),
            (401, None),
            (403, None),
            (405, None),
            (429, None),
            (503, None),
        ];
        for (status, wanted) in cases {
            let challenge = ("WWW-Authenticate", "Basic realm=\"r\"");
            let script = Script::start(move |_| answer(status).header(challenge.0, challenge.1)).await;
            assert_eq!(script.repository(Api).glance(&node).await, wanted, "{status}");
            assert_eq!(script.log(), [format!("HEAD blobs/{}", node.digest)]);
        }
    }
}
