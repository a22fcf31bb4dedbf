//! One request as the endpoints see it.

use std::fmt::Display;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::incoming::Incoming;

/// The digest of what an answer is about.
pub(super) const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A request whose host was found to be ours.
pub(super) struct Call {
    /// What to do.
    pub(super) method: Method,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The parameters.
    pub(super) query: Query,
    /// The content.
    pub(super) body: Incoming,
    /// Under which address the client knows this server: `http://localhost:5000`.
    pub(super) origin: String,
}

impl Call {
    /// The request of these parts.
    pub(super) fn new(parts: Parts, body: Incoming, origin: String) -> Self {
        let query = Query::parse(parts.uri.query().unwrap_or_default().as_bytes());
        Self { method: parts.method, headers: parts.headers, query, body, origin }
    }
}

/// The parameters of a request or of a form.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first one of that name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A header that holds text of ours. What cannot stand in one, such as a media type with a line break, is left out.
pub(super) fn header_value(text: impl Display) -> HeaderValue {
    HeaderValue::try_from(text.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}
