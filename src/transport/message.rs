//! A request and its answer, with the one check of a status.
//!
//! Both are plain data: what is done with them on the way is the business of the other files here.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::redact::shown;
use super::{Failures, Scope};
use crate::content::{Body, ByteStream};
use crate::error::{Error, Kind, Refusal, Result};
use crate::oci::problems;

/// The most that is read of the body of an answer that says no: 8 KiB.
pub(super) const PROBLEM_LIMIT: u64 = 8 * 1024;

/// One request. It can be sent as often as its body can be opened.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Its own headers, without those that all requests get.
    pub headers: HeaderMap,
    /// What is sent; nothing has no body and no length.
    pub body: Option<Body>,
    /// What the request needs to be allowed, for a token.
    pub scope: Vec<Scope>,
    /// Whether it is sent only once: whoever sends it looks what became of it before it is sent again.
    pub once: bool,
    /// Whether its sender goes on where the body of the answer breaks off. Otherwise an answer without all of its body
    /// is none.
    pub streamed: bool,
    /// Whether it gets a connection of its own, also where one could carry many.
    pub apart: bool,
    /// The failures so far of what it is part of.
    pub failures: Failures,
}

impl Request {
    /// A request without headers, body and scope.
    pub fn new(method: Method, url: Url) -> Self {
        let (headers, failures) = (HeaderMap::new(), Failures::default());
        Self {
            method,
            url,
            headers,
            body: None,
            scope: Vec::new(),
            once: false,
            streamed: false,
            apart: false,
            failures,
        }
    }

    /// The same with a header; a value that cannot be one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    /// The same, sent only once.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The same, for content of any length: a body that breaks off is for the sender to see, and counts as one more of
    /// these failures.
    #[must_use]
    pub fn streamed(mut self, failures: &Failures) -> Self {
        self.streamed = true;
        self.failures = failures.clone();
        self
    }

    /// The same on a connection of its own.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// The same with one more scope.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope.push(scope);
        self
    }
}

/// The answer to a request.
pub struct Response {
    /// The method of the request.
    pub method: Method,
    /// The URL that answered, after all redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Whether the registry's own origin answered, and not the target of a redirect or a token service.
    pub from_registry: bool,
    /// Whether the same request had been sent before, without an answer or with one that passes.
    pub repeated: bool,
    /// The body as it comes from the wire.
    pub body: ByteStream,
}

impl Response {
    /// A header's text; none where it is missing or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The answer, if its status is one of these.
    ///
    /// # Errors
    /// Any other status, with the problems that the body names.
    pub async fn expect(self, wanted: &[StatusCode]) -> Result<Self> {
        if wanted.contains(&self.status) {
            return Ok(self);
        }
        Err(self.refused().await)
    }

    /// What the answer says as an error, whatever its status.
    pub async fn refused(self) -> Error {
        let (method, status, from_registry) = (self.method.clone(), self.status, self.from_registry);
        let url = shown(&self.url, from_registry);
        // A body that cannot be read has nothing to add to the status.
        let body = self.read(PROBLEM_LIMIT).await.unwrap_or_default();
        Error::new(Kind::Refused(Refusal { method, url, status, problems: problems(&body), from_registry }))
    }

    /// Reads what is left of a small body, so that the connection can be used again.
    pub(super) async fn drain(self) {
        let size = self.header("content-length").and_then(|size| size.parse().ok());
        if size.is_none_or(|size: u64| size <= PROBLEM_LIMIT) {
            // If it cannot be read the connection is lost, and the next request opens another.
            let _ = self.read(PROBLEM_LIMIT).await;
        }
    }

    /// The whole body, at most `limit` bytes.
    ///
    /// # Errors
    /// The connection broke; a body that is larger.
    pub async fn read(mut self, limit: u64) -> Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.body.next().await {
            let piece = piece?;
            if (all.len() + piece.len()) as u64 > limit {
                let url = shown(&self.url, self.from_registry);
                let text =
                    format!("{} {url:?}: answer is larger than the limit of {limit} bytes", self.method);
                return Err(Error::new(Kind::TooLarge(text)));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("url", &self.url.as_str())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
