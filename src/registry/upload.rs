//! A blob on its way to the registry: a session is opened, and all bytes are sent in one request.
//!
//! A session that broke is given up, not repaired: if the bytes can be had again they go to a new one.

use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use url::Url;

use super::repository::{Repository, locked};
use super::{headers, urls};
use crate::content::{Body, Put};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, media_type};
use crate::transport::{Action, Response};

/// How often a blob is sent once more, to a new session.
const RESTARTS: u32 = 2;

impl Repository {
    /// Sends a blob. Its digest is checked by the registry, and what comes from a source was checked there.
    pub(super) async fn upload(&self, node: &Descriptor, body: &Body) -> Result<Put> {
        if let Some(size) = body.size().filter(|size| *size != node.size) {
            return Err(Error::mismatch(format!("mismatch content length {size}: expect {}", node.size)));
        }
        let mut session = locked(&self.shared.sessions).remove(&node.digest);
        let mut restarts = 0;
        loop {
            let url = match session.take() {
                Some(url) => url,
                None => self.open_session().await?,
            };
            let Err(error) = self.send_blob(node, body, url).await else { return Ok(Put::Stored) };
            if restarts == RESTARTS || !body.can_reopen() || !is_broken(&error) {
                return Err(error);
            }
            restarts += 1;
            // Perhaps only the answer was lost.
            if self.find_blob(&node.digest).await.is_ok() {
                return Ok(Put::Stored);
            }
        }
    }

    async fn open_session(&self) -> Result<Url> {
        let url = urls::uploads(self.base(), self.name());
        let request = self.request(Method::POST, url, Action::Push);
        let response = self.send(request).await?.expect(&[StatusCode::ACCEPTED]).await?;
        session(self.base(), &response)
    }

    async fn send_blob(&self, node: &Descriptor, body: &Body, mut session: Url) -> Result<()> {
        session.query_pairs_mut().append_pair("digest", &node.digest.to_string());
        let request = self
            .request(Method::PUT, session, Action::Push)
            .header(CONTENT_TYPE, media_type::OCTET_STREAM)
            .body(body.clone().sized(node.size));
        let response = self.send(request).await?.expect(&[StatusCode::CREATED]).await?;
        headers::same_digest(&response, &node.digest)
    }
}

/// Whether a new session may help.
fn is_broken(error: &Error) -> bool {
    match error.kind() {
        Kind::Network { unreachable, .. } => !unreachable,
        Kind::Refused(refusal) => {
            let lost =
                [StatusCode::NOT_FOUND, StatusCode::REQUEST_TIMEOUT, StatusCode::RANGE_NOT_SATISFIABLE];
            refusal.status.is_server_error() || lost.contains(&refusal.status)
        }
        _ => false,
    }
}

/// Where the bytes are to be sent. It must be on the registry's host, because what authorises the upload is sent
/// there too.
pub(super) fn session(registry: &Url, response: &Response) -> Result<Url> {
    let Some(text) = response.header(LOCATION.as_str()) else {
        return Err(Error::invalid("http: no Location header in response"));
    };
    let mut location = response
        .url
        .join(text)
        .map_err(|error| Error::invalid(format!("failed to parse Location header {text:?}: {error}")))?;
    // Some registries forget that they were asked at 443.
    let same_name = location.host() == registry.host();
    if same_name && registry.port() == Some(443) && location.port().is_none() {
        // Fails only for a URL without a host.
        let _ = location.set_port(Some(443));
    }
    let host = |url: &Url| {
        let name = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
    };
    let shown = host(&location);
    if !same_name || location.port() != registry.port() {
        let registry = host(registry);
        return Err(Error::invalid(format!(
            "blob upload Location {shown:?} is on a different host than the registry {registry:?}"
        )));
    }
    let kept = location.scheme() == registry.scheme() || location.scheme() == "https";
    if !kept {
        return Err(Error::invalid(format!("blob upload Location {shown:?} downgrades scheme from https")));
    }
    // Neither is part of what a registry may ask for; both fail only without a host.
    let _ = (location.set_username(""), location.set_password(None));
    location.set_fragment(None);
    Ok(location)
}

#[cfg(test)]
mod tests;
