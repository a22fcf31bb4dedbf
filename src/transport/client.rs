//! The way of one request through all parts.

use url::Url;

use super::{Request, Response};
use crate::error::{Error, Result};

/// How a registry is to be reached.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Use `http`, not `https`.
    pub plain_http: bool,
}

/// Everything that is needed to talk to one registry. A clone shares connections and tokens.
#[derive(Debug, Clone)]
pub struct Client {
    base: Url,
}

impl Client {
    /// A client for the registry `host[:port]`; nothing is opened before the first request.
    ///
    /// # Errors
    /// A name that cannot be a host; certificates that cannot be read.
    pub fn new(registry: &str, settings: Settings) -> Result<Self> {
        let scheme = if settings.plain_http { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{registry}/"))
            .map_err(|error| Error::invalid(format!("invalid registry {registry:?}: {error}")))?;
        Ok(Self { base })
    }

    /// The root of the registry's origin: `https://host:port/`.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Sends a request and returns the last answer, whatever its status.
    ///
    /// # Errors
    /// No answer came; credentials that do not work.
    #[expect(clippy::unused_async, reason = "the wire is not joined yet")]
    pub async fn send(&self, request: Request) -> Result<Response> {
        Err(Error::unsupported(format!("{} {}", request.method, request.url)))
    }
}
