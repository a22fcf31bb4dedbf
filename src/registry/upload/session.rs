//! An upload session: where it is, how much has arrived there, and the requests that it takes.
//!
//! The registry names a new place with each answer, and it must be on the registry's host, because what authorises
//! the upload is sent there too. How far a session got is the registry's to say: a client only knows what it sent.
//!
//! Source: distribution-spec 1.1, "Pushing a blob monolithically" and "Pushing a blob in chunks".
//!
//! What does not belong here: which requests are made, and what is done when one fails.

use http::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use http::{Method, StatusCode};
use url::Url;

use super::super::repository::{Repository, locked};
use super::super::{headers, urls};
use crate::content::Body;
use crate::error::{Error, Result};
use crate::oci::{Digest, media_type};
use crate::transport::{Action, Request, Response};

/// The header by which a registry says how many bytes each chunk but the last must have.
const LEAST: &str = "OCI-Chunk-Min-Length";

/// An upload that was begun.
#[derive(Debug)]
pub(in super::super) struct Session {
    /// Where the next request goes.
    url: Url,
    /// How many bytes have arrived.
    pub(in super::super) at: u64,
    /// The fewest bytes of each chunk but the last.
    pub(in super::super) least: u64,
}

impl Session {
    /// The session that an answer opens.
    pub(in super::super) fn of(registry: &Url, response: &Response) -> Result<Self> {
        let Some(url) = location(registry, response)? else {
            return Err(Error::invalid("http: no Location header in response"));
        };
        let least = response.header(LEAST).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Ok(Self { url, at: 0, least })
    }
}

impl Repository {
    /// Begins an upload.
    pub(in super::super) async fn open_session(&self) -> Result<Session> {
        self.opened(self.send(self.opening()).await?).await
    }

    /// What asks for a session.
    pub(super) fn opening(&self) -> Request {
        self.request(Method::POST, urls::uploads(self.base(), self.name()), Action::Push)
    }

    /// The session that the answer to that opens.
    pub(super) async fn opened(&self, response: Response) -> Result<Session> {
        Session::of(self.base(), &response.expect(&[StatusCode::ACCEPTED]).await?)
    }

    /// The session that is open for a blob already.
    pub(in super::super) fn left_session(&self, blob: &Digest) -> Option<Session> {
        locked(&self.shared.sessions).remove(blob)
    }

    /// Ends an upload of which nothing is to stay. A registry that does not know this lets it end by itself after a while.
    pub(in super::super) async fn give_up(&self, session: &Session) {
        drop(self.send(self.request(Method::DELETE, session.url.clone(), Action::Push).once()).await);
    }

    /// Adds a piece of this many bytes, of which the registry may take less.
    pub(in super::super) async fn add(&self, session: &mut Session, piece: Body, length: u64) -> Result<()> {
        let (first, end) = (session.at, session.at + length);
        let request = self
            .request(Method::PATCH, session.url.clone(), Action::Push)
            .header(CONTENT_TYPE, media_type::OCTET_STREAM)
            .header(CONTENT_RANGE, &format!("{first}-{}", end - 1))
            .body(piece)
            .once();
        // Some registries say 201 of a part, too.
        let wanted = [StatusCode::ACCEPTED, StatusCode::CREATED];
        let response = self.send(request).await?.expect(&wanted).await?;
        // Without a word all of it was taken.
        let at = arrived(&response).unwrap_or(end);
        if at > end || at < first {
            let request = headers::request(&response);
            return Err(Error::mismatch(format!(
                "{request}: {at} bytes are said to have arrived, of {end} that were sent"
            )));
        }
        session.url = location(self.base(), &response)?.unwrap_or_else(|| session.url.clone());
        session.at = at;
        Ok(())
    }

    /// Ends an upload, with all of the bytes or after all of them.
    pub(super) async fn finish(
        &self,
        session: &Session,
        digest: &Digest,
        content: Option<Body>,
    ) -> Result<()> {
        let mut url = session.url.clone();
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let mut request = self
            .request(Method::PUT, url, Action::Push)
            .header(CONTENT_TYPE, media_type::OCTET_STREAM)
            .once();
        request.body = content;
        let response = self.send(request).await?.expect(&[StatusCode::CREATED]).await?;
        headers::same_digest(&response, digest)
    }

    /// Asks how far a session got; none where it is gone, or where it got nowhere: then a new one is as good.
    pub(super) async fn resumed(&self, mut session: Session) -> Result<Option<Session>> {
        let response = self.send(self.request(Method::GET, session.url.clone(), Action::Push)).await?;
        let known = [StatusCode::NO_CONTENT, StatusCode::OK, StatusCode::ACCEPTED].contains(&response.status);
        match arrived(&response).filter(|at| known && *at > 0) {
            Some(at) => {
                session.url = location(self.base(), &response)?.unwrap_or(session.url);
                session.at = at;
                Ok(Some(session))
            }
            None => Ok(None),
        }
    }
}

/// How many bytes an answer says have arrived: `0-<last>`. There is no way to say none, and registries agree on `0-0`,
/// so a single byte is none as well.
fn arrived(response: &Response) -> Option<u64> {
    let text = response.header(RANGE.as_str())?;
    let last = text.strip_prefix("bytes=").unwrap_or(text).strip_prefix("0-")?.trim().parse().ok()?;
    match last {
        0 => Some(0),
        last => u64::checked_add(last, 1),
    }
}

/// Where an answer leads, if it says so.
fn location(registry: &Url, response: &Response) -> Result<Option<Url>> {
    let Some(text) = response.header(LOCATION.as_str()) else { return Ok(None) };
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
    Ok(Some(location))
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use http::HeaderMap;
    use http::header::HeaderName;

    use super::*;

    fn answer(registry: &Url, name: HeaderName, value: &str) -> Response {
        Response {
            method: Method::POST,
            url: registry.join("/v2/r/blobs/uploads/").unwrap(),
            status: StatusCode::ACCEPTED,
            headers: HeaderMap::from_iter([(name, value.parse().unwrap())]),
            from_registry: true,
            repeated: false,
            body: stream::empty().boxed(),
        }
    }

    fn sent_to(registry: &str, location: &str) -> Result<String, String> {
        let registry = Url::parse(registry).unwrap();
        let session = Session::of(&registry, &answer(&registry, LOCATION, location));
        session.map(|session| session.url.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_upload_stays_on_the_registrys_host() {
        let good = [
            ("https://h/", "https://h:443/up", "https://h/up"),
            ("http://h:443/", "http://h/up", "http://h:443/up"),
            ("http://h/", "https://h/up", "https://h/up"),
            ("http://h:1/", "up?a=b", "http://h:1/v2/r/blobs/uploads/up?a=b"),
            ("http://h:1/", "http://user:secret@h:1/up#x", "http://h:1/up"),
        ];
        for (registry, location, expected) in good {
            assert_eq!(sent_to(registry, location).as_deref(), Ok(expected));
        }
        assert_eq!(
            sent_to("http://h:1/", "http://h:2/up").unwrap_err(),
            "blob upload Location \"h:2\" is on a different host than the registry \"h:1\""
        );
        assert!(sent_to("http://h/", "//evil/up").is_err());
        assert_eq!(
            sent_to("https://h/", "http://h/up").unwrap_err(),
            "blob upload Location \"h\" downgrades scheme from https"
        );
    }

    #[test]
    fn what_arrived_is_told_by_its_last_byte() {
        let registry = Url::parse("http://h/").unwrap();
        for (text, at) in
            [("0-9", Some(10)), ("bytes=0-9", Some(10)), ("0-0", Some(0)), ("5-9", None), ("0-x", None)]
        {
            assert_eq!(arrived(&answer(&registry, RANGE, text)), at, "{text}");
        }
        assert_eq!(arrived(&answer(&registry, RANGE, &format!("0-{}", u64::MAX))), None);
    }
}
