//! A registry as a whole: whether it is one, and which repositories it lists.

use futures_util::stream::BoxStream;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::pages::Pages;
use super::urls;
use crate::error::Result;
use crate::transport::{Client, Request, Scope};

/// A registry.
#[derive(Debug, Clone)]
pub struct Host {
    client: Client,
    registry: String,
}

#[derive(Deserialize)]
struct Catalog {
    repositories: Option<Vec<String>>,
}

impl Host {
    /// The registry that the client talks to, under the name that was typed.
    pub fn new(client: Client, registry: &str) -> Self {
        Self { client, registry: registry.to_owned() }
    }

    /// The name that was typed.
    pub fn name(&self) -> &str {
        &self.registry
    }

    /// Whether it is a registry, and takes the credentials.
    pub async fn ping(&self) -> Result<()> {
        let request = Request::new(Method::GET, urls::root(self.client.base()));
        self.client.send(request).await?.expect(&[StatusCode::OK]).await.map(drop)
    }

    /// Its repositories that come after `after`, in its own order, page by page as they arrive: one request
    /// for each page.
    pub fn repositories(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<String>>> {
        let url = urls::catalog(self.client.base(), after);
        let request = Request::new(Method::GET, url).scope(Scope::catalog());
        Pages::new(self.client.clone(), "repository", request)
            .items(|catalog: Catalog| catalog.repositories.unwrap_or_default())
    }
}
