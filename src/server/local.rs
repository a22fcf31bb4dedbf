//! A registry in the same process, which is asked without any connection.
//!
//! For programs that have the library and want a registry of their own, and for tests in which no time passes but that
//! of their own clock. What does not belong here: how a request is answered.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use futures_util::StreamExt;
use http::{Request, Response};

use super::handle::handle;
use super::{Config, Registry};
use crate::content::ByteStream;
use crate::error::{Error, Result};

/// A registry that is asked by a call. A clone is the same one.
#[derive(Clone)]
pub struct Local(Arc<Registry>);

impl Local {
    /// Makes one. Its address, connections and certificate do not matter; requests name `localhost`.
    ///
    /// # Errors
    /// A folder that cannot be used.
    pub fn new(config: Config) -> Result<Self> {
        let address = config.address;
        Ok(Self(Arc::new(Registry::new(config, address)?)))
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<ByteStream>) -> Response<ByteStream> {
        let answer = handle(State(Arc::clone(&self.0)), request.map(Body::from_stream)).await;
        answer.map(|body| {
            let pieces = body.into_data_stream();
            pieces.map(|piece| piece.map_err(|error| Error::invalid(error.to_string()))).boxed()
        })
    }
}
