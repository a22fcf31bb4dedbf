//! A repository as a source and a target: which node goes to which endpoint.
//!
//! What an endpoint is asked and how its answer is read is in the file of its noun.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::download::ahead::{Seats, Splitting};
use super::manifests::limited;
use super::pages::Pages;
use super::referrers::ReferrersMode;
use super::schema::Updates;
use super::upload::Habits;
use super::upload::ahead::Ahead;
use super::upload::session::Session;
use super::urls;
use crate::content::{Body, ByteStream, Mount, Origin, Put, Source, Target, read_checked};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Locator, Reference, Tag, media_type};
use crate::transport::{Action, Client, Request, Response, Scope};

/// What a command is going to do in a repository, so that one token is enough for all its requests.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// All of it; what a request needs on its own is added.
    pub actions: Vec<Action>,
}

/// A repository of a registry. A clone is the same one and knows what the other has learned.
#[derive(Clone)]
pub struct Repository {
    pub(super) shared: Arc<Shared>,
    /// The manifest types that are asked for by tag or digest.
    pub(super) accept: Arc<str>,
    /// What else its token is to allow.
    also: Option<Scope>,
    /// How many bytes of a blob are sent at once, if not all.
    pub(super) chunk_size: Option<u64>,
    /// How many streams of blobs there are at once.
    pub(super) seats: Seats,
    /// When a blob is fetched in parts.
    pub(super) splitting: Splitting,
}

/// What all clones of a repository know.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) origin: Origin,
    access: Access,
    /// Whether the registry has the referrers API: decided once.
    pub(super) referrers_api: OnceLock<bool>,
    pub(super) updates: Updates,
    /// Upload sessions that a mount left open, or that were opened ahead.
    pub(super) sessions: Mutex<HashMap<Digest, Session>>,
    /// What becomes of those that were opened ahead.
    pub(super) ahead: Ahead,
    /// How the registry has shown to take blobs.
    pub(super) habits: Mutex<Habits>,
    /// What the registry gave as a manifest although nothing in its type says so.
    unusual_manifests: Mutex<HashSet<Digest>>,
}

/// Nothing that is done under these locks can leave their content half changed.
pub(super) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Repository {
    /// The repository of a reference, as typed; what the reference names in it does not matter.
    pub fn new(client: Client, reference: &Reference, access: Access, referrers: ReferrersMode) -> Self {
        let origin =
            Origin { registry: reference.registry.clone(), repository: reference.repository.clone() };
        let shared = Shared {
            client,
            origin,
            access,
            referrers_api: referrers.decided(),
            updates: Updates::default(),
            sessions: Mutex::default(),
            ahead: Ahead::default(),
            habits: Mutex::default(),
            unusual_manifests: Mutex::default(),
        };
        let accept = media_type::ACCEPTED_MANIFESTS.join(", ").into();
        let (seats, splitting) = (Seats::default(), Splitting::default());
        Self { shared: Arc::new(shared), accept, also: None, chunk_size: None, seats, splitting }
    }

    /// The same repository, with a token that is also good for mounts from this other one, so that they need none of
    /// their own.
    #[must_use]
    pub fn mounting_from(mut self, repository: &str) -> Self {
        self.also = Some(mount_scope(repository));
        self
    }

    /// The same repository, which is sent blobs in chunks of so many bytes, or of as many as it wants at least. Where
    /// it takes no chunks they are sent whole.
    #[must_use]
    pub fn in_chunks(mut self, bytes: u64) -> Self {
        self.chunk_size = Some(bytes.max(1));
        self
    }

    /// The same repository, from which so many blobs and parts of them are read at once, and no more.
    #[must_use]
    pub fn at_most(mut self, streams: usize) -> Self {
        self.seats = Seats::capped(streams);
        self
    }

    /// The same repository, asked for these manifest types and no others when one is named by tag or digest.
    #[must_use]
    pub fn accepting(mut self, media_types: &[impl AsRef<str>]) -> Self {
        let types: Vec<&str> = media_types.iter().map(AsRef::as_ref).collect();
        self.accept = types.join(", ").into();
        self
    }

    /// A request that needs to be allowed this.
    pub(super) fn request(&self, method: Method, url: Url, action: Action) -> Request {
        let mut actions = self.shared.access.actions.clone();
        actions.push(action);
        let mut request = Request::new(method, url).scope(Scope::repository(self.name(), &actions));
        request.scope.extend(self.also.clone());
        request
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response> {
        self.shared.client.send(request).await
    }

    /// What requests go through.
    pub(super) fn client(&self) -> &Client {
        &self.shared.client
    }

    pub(super) fn base(&self) -> &Url {
        self.shared.client.base()
    }

    /// The name of the repository in its registry.
    pub(super) fn name(&self) -> &str {
        &self.shared.origin.repository
    }

    /// The repository, as a user would write it.
    pub(super) fn place(&self) -> String {
        let Origin { registry, repository } = &self.shared.origin;
        format!("{registry}/{repository}")
    }

    /// A manifest or blob in this repository, as a user would write it.
    pub(super) fn named(&self, at: &Locator) -> String {
        match at {
            Locator::Tag(tag) => format!("{}:{tag}", self.place()),
            Locator::Digest(digest) => format!("{}@{digest}", self.place()),
        }
    }

    /// Keeps in mind that a node is stored as a manifest.
    pub(super) fn is_manifest_here(&self, node: &Descriptor) {
        if !node.is_manifest() {
            locked(&self.shared.unusual_manifests).insert(node.digest.clone());
        }
    }

    fn stores_as_manifest(&self, node: &Descriptor) -> bool {
        node.is_manifest() || locked(&self.shared.unusual_manifests).contains(&node.digest)
    }
}

/// What a mount needs in the repository that it takes the blob from.
pub(super) fn mount_scope(from: &str) -> Scope {
    Scope::repository(from, &[Action::Pull])
}

/// The answer if it has this status; a 404 means that something with this name is not there.
pub(super) async fn found(
    response: Response,
    wanted: StatusCode,
    name: impl FnOnce() -> String,
) -> Result<Response> {
    if response.status == StatusCode::NOT_FOUND {
        return Err(Error::not_found(name()).caused_by(response.refused().await));
    }
    response.expect(&[wanted]).await
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("origin", &self.shared.origin).finish_non_exhaustive()
    }
}

/// A page of tags.
#[derive(Deserialize)]
pub(super) struct TagList {
    pub(super) tags: Option<Vec<String>>,
}

#[async_trait]
impl Source for Repository {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.head_manifest(at).await
    }

    async fn manifest(&self, at: &Locator) -> Result<(Descriptor, Bytes)> {
        self.get_manifest(at).await
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        self.head_blob(blob).await
    }

    async fn blob(&self, digest: &Digest) -> Result<(Descriptor, Body)> {
        self.get_blob(digest).await
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        let found = if self.stores_as_manifest(node) {
            self.head_manifest(&Locator::Digest(node.digest.clone())).await.map(drop)
        } else {
            self.find_blob(&node.digest).await.map(drop)
        };
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        if self.stores_as_manifest(node) { self.manifest_body(node) } else { self.download(node) }
    }

    async fn referrers(&self, node: &Descriptor, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        self.list_referrers(&node.digest, artifact_type).await
    }

    fn tags(&self, after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        let request = self.request(Method::GET, urls::tags(self.base(), self.name(), after), Action::Pull);
        Pages::new(self.shared.client.clone(), "tag", request)
            .items(|list: TagList| list.tags.unwrap_or_default().into_iter().map(Tag::any).collect())
    }

    fn origin(&self) -> Option<&Origin> {
        Some(&self.shared.origin)
    }
}

#[async_trait]
impl Target for Repository {
    async fn put(&self, node: &Descriptor, body: Body) -> Result<Put> {
        if !self.stores_as_manifest(node) {
            return self.upload(node, &body).await;
        }
        self.put_referrer(node, &body, &Locator::Digest(node.digest.clone())).await
    }

    async fn lacks(&self, node: &Descriptor) -> Result<bool> {
        if self.stores_as_manifest(node) {
            return self.exists(node).await.map(|there| !there);
        }
        self.lacks_blob(node).await
    }

    async fn may_go_ahead(&self) -> bool {
        self.client().may_go_ahead().await
    }

    async fn glance(&self, blob: &Descriptor) -> Option<bool> {
        self.glance_at_blob(&blob.digest).await
    }

    async fn put_unnamed(&self, stream: ByteStream) -> Result<Descriptor> {
        self.upload_unnamed(stream).await
    }

    async fn tag(&self, node: &Descriptor, tag: &Tag) -> Result<()> {
        let body = self.manifest_body(node);
        let bytes = read_checked(&body, node).await?;
        self.put_manifest(node, bytes, &Locator::Tag(tag.clone())).await.map(drop)
    }

    async fn put_tagged(&self, node: &Descriptor, body: Body, tag: &Tag) -> Result<Put> {
        self.put_referrer(node, &body, &Locator::Tag(tag.clone())).await
    }

    async fn put_as_manifest(&self, node: &Descriptor, body: Body) -> Result<Put> {
        self.put_referrer(node, &body, &Locator::Digest(node.digest.clone())).await
    }

    async fn put_unlisted(&self, node: &Descriptor, body: Body) -> Result<Put> {
        if !self.stores_as_manifest(node) {
            return self.upload(node, &body).await;
        }
        limited(node.size)?;
        let bytes = read_checked(&body, node).await?;
        self.put_manifest(node, bytes.clone(), &Locator::Digest(node.digest.clone())).await?;
        self.is_unlisted(node, &bytes)?;
        Ok(Put::Stored)
    }

    async fn enlist(&self, referrers: &[(Digest, Descriptor)]) -> Result<()> {
        self.enlist_all(referrers).await
    }

    async fn mount(&self, node: &Descriptor, from: &Origin) -> Result<Mount> {
        if from.registry != self.shared.origin.registry {
            return Ok(Mount::Refused);
        }
        self.mount_blob(node, &from.repository).await
    }

    async fn delete(&self, node: &Descriptor) -> Result<()> {
        if !self.stores_as_manifest(node) {
            return self.delete_blob(&node.digest).await;
        }
        self.delist(node).await?;
        self.delete_manifest(&Locator::Digest(node.digest.clone())).await
    }

    async fn untag(&self, tag: &Tag) -> Result<()> {
        self.delete_manifest(&Locator::Tag(tag.clone())).await
    }

    async fn commit(&self) -> Result<()> {
        self.give_up_rest().await;
        Ok(())
    }
}

impl Repository {
    /// Puts a manifest, and lists it where it has a subject and the registry does not list it by itself.
    async fn put_referrer(&self, node: &Descriptor, body: &Body, at: &Locator) -> Result<Put> {
        limited(node.size)?;
        let bytes = read_checked(body, node).await?;
        self.put_manifest(node, bytes.clone(), at).await?;
        Box::pin(self.list_put(node, &bytes)).await?;
        Ok(Put::Stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Settings;

    fn repository(actions: &[Action]) -> Repository {
        let client = Client::new("h", Settings::default()).unwrap();
        let access = Access { actions: actions.to_vec() };
        Repository::new(client, &"h/r:v1".parse().unwrap(), access, ReferrersMode::Probe)
    }

    fn scopes(repository: &Repository, action: Action) -> Vec<String> {
        let request = repository.request(Method::GET, repository.base().clone(), action);
        request.scope.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_may_do_what_the_command_will_do_and_what_itself_needs() {
        assert_eq!(scopes(&repository(&[]), Action::Pull), ["repository:r:pull"]);
        let pushing = repository(&[Action::Pull, Action::Push]);
        assert_eq!(scopes(&pushing, Action::Pull), ["repository:r:pull,push"]);
        assert_eq!(scopes(&pushing, Action::Delete), ["repository:r:delete,pull,push"]);
        let mounting = pushing.mounting_from("other");
        assert_eq!(scopes(&mounting, Action::Pull), ["repository:r:pull,push", "repository:other:pull"]);
    }

    #[test]
    fn its_origin_is_what_was_typed() {
        let origin = Origin { registry: "h".to_owned(), repository: "r".to_owned() };
        assert_eq!(repository(&[]).origin(), Some(&origin));
    }
}
