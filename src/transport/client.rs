//! The way of one request through all parts.

use std::sync::Arc;

use http::header::{HeaderValue, USER_AGENT};
use url::Url;

use super::origin::Origin;
use super::wire::{Hop, Wire};
use super::{Request, Response, Settings};
use crate::error::{Error, Result};

/// Everything that is needed to talk to one registry. A clone shares connections and tokens.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    base: Url,
    settings: Settings,
    wire: Wire,
}

impl Client {
    /// A client for the registry `host[:port]`; nothing is opened before the first request.
    ///
    /// # Errors
    /// A name that cannot be a host; certificates that cannot be read.
    pub fn new(registry: &str, settings: Settings) -> Result<Self> {
        let scheme = if settings.plain_http { "http" } else { "https" };
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let invalid = |why: &str| Error::invalid(format!("invalid registry {registry:?}: {why}"));
        let base = Url::parse(&format!("{scheme}://{host}/")).map_err(|error| invalid(&error.to_string()))?;
        let own = Origin::of(&base).ok_or_else(|| invalid("no host"))?;
        let wire = Wire::new(own, &settings)?;
        Ok(Self(Arc::new(Inner { base, settings, wire })))
    }

    /// The root of the registry's origin: `https://host:port/`.
    pub fn base(&self) -> &Url {
        &self.0.base
    }

    /// Sends a request and returns the last answer, whatever its status.
    ///
    /// # Errors
    /// No answer came; credentials that do not work.
    pub async fn send(&self, request: Request) -> Result<Response> {
        let mut headers = request.headers;
        if let Ok(agent) = HeaderValue::from_str(&self.0.settings.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        let hop = Hop { method: request.method, url: request.url, headers, body: request.body };
        self.0.wire.send(&hop).await.map_err(|failure| failure.error)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.0.base.as_str()).finish_non_exhaustive()
    }
}
