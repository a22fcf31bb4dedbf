//! The way of one request: whom it is for, who sent it, what it wants, what is left of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use super::auth::{Action, Grant, Need};
use super::call::Call;
use super::incoming::Incoming;
use super::problem::{Answer, Code, Fault};
use super::route::{Endpoint, Resource, endpoint};
use super::{Registry, Writes, blobs, hosts, listing, manifests, referrers, sessions, store};
use crate::content::Target;

const VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
/// How much of a request that was refused is read, so that its sender can read the answer.
const UNWANTED: u64 = 8 * 1024 * 1024;

/// Answers any request.
pub(super) async fn handle(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let limits = &registry.config.limits;
    let body = Incoming::new(body, &parts.headers, limits.blob, limits.body_patience);
    let waits = parts.headers.contains_key(header::EXPECT);
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let answer = registry.answer(parts, body.clone()).await;
    let mut response = answer.unwrap_or_else(Fault::into_response);
    response.headers_mut().insert(VERSION, HeaderValue::from_static("registry/2.0"));
    if response.status().is_success() {
        body.drain(limits.blob).await;
    } else if !waits {
        body.drain(UNWANTED).await;
    }
    if let Some(heard) = &registry.config.heard {
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        heard(&method, path, response.status());
    }
    response
}

impl Registry {
    async fn answer(&self, parts: Parts, body: Incoming) -> Answer {
        let origin = self.origin(&parts)?;
        let endpoint = endpoint(parts.uri.path());
        let call = Call::new(parts, body, origin);
        match endpoint
            .ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, Code::Unsupported, "no such endpoint"))?
        {
            Endpoint::Token => match &self.guard {
                Some(guard) => guard.token(&call).await,
                None => Err(Fault::unknown(Code::Unsupported)),
            },
            Endpoint::Ping => {
                self.admit(&call, &Need::Login).await?;
                listing::only_reading(&call)?;
                let mut response = Response::new(Body::from("{}"));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                Ok(response)
            }
            Endpoint::Catalog => {
                self.admit(&call, &Need::Catalog).await?;
                listing::catalog(self, &call).await
            }
            Endpoint::Within(name, resource) => self.within(&call, &name, &resource).await,
        }
    }

    async fn within(&self, call: &Call, name: &str, resource: &Resource) -> Answer {
        if !store::is_name(name) {
            return Err(Fault::invalid(Code::NameInvalid, "invalid repository name"));
        }
        let grant = self.admit(call, &Need::Repository(name, actions(&call.method, resource))).await?;
        let reads = matches!(call.method, Method::GET | Method::HEAD);
        if self.config.writes == Writes::Refused && !reads {
            return Err(Fault::new(StatusCode::FORBIDDEN, Code::Denied, "this registry is for reading only"));
        }
        match resource {
            Resource::Tags => listing::tags(self, call, name).await,
            Resource::Referrers(subject) => referrers::answer(self, call, name, subject).await,
            Resource::Manifest(reference) => manifests::answer(self, call, name, reference).await,
            Resource::Blob(digest) => blobs::answer(self, call, name, digest).await,
            Resource::Uploads => blobs::post(self, call, name, &grant).await,
            Resource::Upload(id) => sessions::answer(self, call, name, id).await,
        }
    }

    async fn admit(&self, call: &Call, need: &Need<'_>) -> Result<Grant, Fault> {
        match &self.guard {
            Some(guard) => guard.admit(call, need).await,
            None => Ok(Grant::all()),
        }
    }

    /// The address under which the client knows this server, if it is one of ours and no page of another one sent it.
    fn origin(&self, parts: &Parts) -> Result<String, Fault> {
        let misdirected = |text| Fault::new(StatusCode::MISDIRECTED_REQUEST, Code::Denied, text);
        let host = hosts::named(&parts.uri, &parts.headers).unwrap_or_default();
        if !self.hosts.has(host) {
            return Err(misdirected("this registry is not known under the name of the request"));
        }
        if let Some(page) = parts.headers.get(header::ORIGIN) {
            let page = page.to_str().unwrap_or_default();
            let page = page.split_once("://").map_or(page, |(_, authority)| authority);
            if !self.hosts.has(page) {
                return Err(misdirected("this registry does not answer pages of other hosts"));
            }
        }
        let scheme = if self.config.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{host}"))
    }

    /// The repository of that name for reading.
    pub(super) async fn repository(&self, name: &str) -> Result<Arc<dyn Target>, Fault> {
        let found = self.store.find(name).await.map_err(|error| Fault::of(&error, Code::NameUnknown))?;
        found.ok_or_else(|| Fault::unknown(Code::NameUnknown))
    }

    /// The repository of that name for writing.
    pub(super) async fn make(&self, name: &str) -> Result<Arc<dyn Target>, Fault> {
        self.store.make(name).await.map_err(|error| Fault::of(&error, Code::NameUnknown))
    }
}

/// What a request does to a repository. To cancel an upload is a part of pushing.
fn actions(method: &Method, resource: &Resource) -> &'static [Action] {
    match (method, resource) {
        (&Method::GET | &Method::HEAD, Resource::Upload(_)) => &[Action::Pull, Action::Push],
        (&Method::GET | &Method::HEAD, _) => &[Action::Pull],
        (&Method::DELETE, Resource::Blob(_) | Resource::Manifest(_)) => &[Action::Delete],
        _ => &[Action::Pull, Action::Push],
    }
}
