//! What takes the place of the network.
//!
//! A program may reach a registry by other means than a connection: one in the same process, a recording, a line of its
//! own. Everything above the wire stays as it is. What does not belong here: any such means.

use async_trait::async_trait;
use http::{Request, Response};

use crate::content::ByteStream;
use crate::error::Result;

/// Carries requests to a registry and brings the answers.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// One request, one answer. Headers and URL are complete; a body that has none is an empty stream.
    ///
    /// # Errors
    /// No answer came.
    async fn carry(&self, request: Request<ByteStream>) -> Result<Response<ByteStream>>;
}
