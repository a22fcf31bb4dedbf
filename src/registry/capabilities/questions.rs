//! The questions, each with what it needs and how it is asked.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{LINK, RANGE};
use http::{Method, StatusCode};

use super::artifact::Artifact;
use super::{Capability, Examination, Finding, Reason};
use crate::content::{Body, Mount, Source};
use crate::error::{Error, Result};
use crate::oci::Locator;
use crate::registry::pages::document;
use crate::registry::repository::TagList;
use crate::registry::urls;
use crate::transport::{Action, Failures, Request, Scope};

/// The largest chunk that is sent to see whether chunks are taken.
const LARGEST_CHUNK: u64 = 16 << 20;

/// A question to a registry.
pub(super) struct Question {
    /// What it is about.
    pub(super) about: Capability,
    /// What there must be for it to be asked.
    pub(super) needs: Needs,
    /// Asks it.
    pub(super) ask: for<'a> fn(&'a mut Examination) -> BoxFuture<'a, Result<Finding>>,
}

/// What a question needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Repository,
    /// To be allowed to write.
    Writes,
    /// Something that was stored.
    Artifact,
}

impl Needs {
    /// Why it cannot be asked, if it cannot.
    pub(super) fn missing(self, examination: &Examination) -> Option<Reason> {
        let stored = examination.artifact.as_ref().is_some_and(Artifact::is_stored);
        match self {
            Self::Nothing => None,
            _ if examination.repository.is_none() => Some(Reason::NoRepository),
            Self::Writes | Self::Artifact if !examination.writes => Some(Reason::Unwritten),
            Self::Artifact if !stored => Some(Reason::NotStored),
            _ => None,
        }
    }
}

/// All of them. Storing comes early, because what is stored helps with others, and removing comes last.
pub(super) const QUESTIONS: [Question; 12] = [
    Question { about: Capability::Catalog, needs: Needs::Nothing, ask: |it| catalog(it).boxed() },
    Question { about: Capability::Push, needs: Needs::Writes, ask: |it| push(it).boxed() },
    Question { about: Capability::Repository, needs: Needs::Repository, ask: |it| repository(it).boxed() },
    Question { about: Capability::Paging, needs: Needs::Repository, ask: |it| paging(it).boxed() },
    Question { about: Capability::Referrers, needs: Needs::Repository, ask: |it| referrers(it).boxed() },
    Question { about: Capability::Ranges, needs: Needs::Repository, ask: |it| ranges(it).boxed() },
    Question { about: Capability::Mount, needs: Needs::Artifact, ask: |it| mount(it).boxed() },
    Question { about: Capability::Chunks, needs: Needs::Artifact, ask: |it| chunks(it).boxed() },
    Question { about: Capability::ChunkMinimum, needs: Needs::Artifact, ask: |it| chunk_minimum(it).boxed() },
    Question { about: Capability::TagDeletion, needs: Needs::Artifact, ask: |it| tag_deletion(it).boxed() },
    Question {
        about: Capability::ManifestDeletion,
        needs: Needs::Artifact,
        ask: |it| manifest_deletion(it).boxed(),
    },
    Question { about: Capability::BlobDeletion, needs: Needs::Artifact, ask: |it| blob_deletion(it).boxed() },
];

async fn catalog(it: &mut Examination) -> Result<Finding> {
    let mut url = urls::catalog(it.client.base(), None);
    url.set_query(Some("n=1"));
    let request = Request::new(Method::GET, url).scope(Scope::catalog());
    let response = it.client.send(request).await?.expect(&[StatusCode::OK]).await?;
    document::<serde_json::Map<String, serde_json::Value>>(response).await?;
    Ok(Finding::Yes)
}

async fn push(it: &mut Examination) -> Result<Finding> {
    let artifact = it.artifact.insert(Artifact::new()?);
    let repository = it.repository.as_ref().ok_or_else(Error::missing)?;
    artifact.store(repository).await?;
    Ok(Finding::Yes)
}

async fn repository(it: &mut Examination) -> Result<Finding> {
    tags(it, "n=1").await.map(|_| Finding::Yes)
}

async fn paging(it: &mut Examination) -> Result<Finding> {
    let (first, linked) = match tags(it, "n=1").await {
        Ok(page) => page,
        // What cannot be listed shows nothing of its pages.
        Err(error) => return Ok(Finding::Unknown(Reason::Error(error))),
    };
    if linked {
        return Ok(Finding::Yes);
    }
    let (all, _) = if first > 1 { (first, false) } else { tags(it, "").await? };
    Ok(if all > 1 { Finding::No(Reason::AllAtOnce) } else { Finding::Unknown(Reason::FewTags) })
}

/// How many tags a page has, and whether it leads to another.
async fn tags(it: &Examination, query: &str) -> Result<(usize, bool)> {
    let repository = it.repository()?;
    let mut url = urls::tags(repository.base(), repository.name(), None);
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    let response = repository.send(repository.request(Method::GET, url, Action::Pull)).await?;
    let response = response.expect(&[StatusCode::OK]).await?;
    let linked = response.header(LINK.as_str()).is_some_and(|link| !link.is_empty());
    let list: TagList = document(response).await?;
    Ok((list.tags.unwrap_or_default().len(), linked))
}

async fn referrers(it: &mut Examination) -> Result<Finding> {
    match it.repository()?.probe().await {
        Ok(true) => Ok(Finding::Yes),
        Ok(false) => Ok(Finding::No(Reason::Ignored)),
        // A repository that is not there shows nothing of the API.
        Err(error) => Ok(Finding::Unknown(Reason::Error(error))),
    }
}

async fn ranges(it: &mut Examination) -> Result<Finding> {
    let blob = match it.find_blob().await {
        Ok(Some(blob)) => blob,
        Ok(None) => return Ok(Finding::Unknown(Reason::NoBlob)),
        Err(error) => return Ok(Finding::Unknown(Reason::Error(error))),
    };
    let repository = it.repository()?;
    let url = urls::blob(repository.base(), repository.name(), &blob.digest);
    let request = repository.request(Method::GET, url, Action::Pull).header(RANGE, "bytes=0-0");
    let response = repository.send(request.streamed(&Failures::default())).await?;
    let response = response.expect(&[StatusCode::PARTIAL_CONTENT, StatusCode::OK]).await?;
    let part = response.status == StatusCode::PARTIAL_CONTENT;
    Ok(if part { Finding::Yes } else { Finding::No(Reason::Ignored) })
}

async fn mount(it: &mut Examination) -> Result<Finding> {
    let (repository, artifact) = (it.repository()?, it.artifact()?);
    // Into the same repository: another one might not be ours, and could not be removed.
    match repository.mount_blob(&artifact.blob, repository.name()).await? {
        Mount::Mounted => Ok(Finding::Yes),
        Mount::Refused => {
            if let Some(session) = repository.left_session(&artifact.blob.digest) {
                repository.give_up(&session).await;
            }
            Ok(Finding::No(Reason::Ignored))
        }
    }
}

async fn chunks(it: &mut Examination) -> Result<Finding> {
    let repository = it.repository()?;
    let mut session = repository.open_session().await?;
    let length = session.least.clamp(1, LARGEST_CHUNK);
    let chunk = Body::bytes(vec![0; usize::try_from(length).unwrap_or(1)]);
    let added = repository.add(&mut session, chunk, length).await;
    repository.give_up(&session).await;
    added.map(|()| Finding::Yes)
}

async fn chunk_minimum(it: &mut Examination) -> Result<Finding> {
    let repository = it.repository()?;
    let session = repository.open_session().await?;
    repository.give_up(&session).await;
    Ok(if session.least > 0 { Finding::Bytes(session.least) } else { Finding::No(Reason::Ignored) })
}

async fn tag_deletion(it: &mut Examination) -> Result<Finding> {
    let (repository, artifact) = (it.repository()?, it.artifact()?);
    let [kept, removed] = artifact.tags.clone().map(Locator::Tag);
    repository.delete_manifest(&removed).await?;
    let (kept, removed) = (repository.resolve(&kept).await, repository.resolve(&removed).await);
    Ok(match (kept, removed) {
        (Ok(_), Err(error)) if error.is_not_found() => Finding::Yes,
        (Err(error), _) if error.is_not_found() => Finding::No(Reason::TooMuch),
        (Ok(_), Ok(_)) => Finding::No(Reason::Ignored),
        (_, Err(error)) | (Err(error), _) => Finding::Unknown(Reason::Error(error)),
    })
}

async fn manifest_deletion(it: &mut Examination) -> Result<Finding> {
    let (repository, artifact) = (it.repository()?, it.artifact()?);
    match repository.delete_manifest(&Locator::Digest(artifact.manifest.digest.clone())).await {
        // Gone with its tag, so it can be removed.
        Err(error) if error.is_not_found() => {}
        removed => removed?,
    }
    let there = repository.exists(&artifact.manifest).await?;
    Ok(if there { Finding::No(Reason::Ignored) } else { Finding::Yes })
}

async fn blob_deletion(it: &mut Examination) -> Result<Finding> {
    let (repository, artifact) = (it.repository()?, it.artifact()?);
    repository.delete_blob(&artifact.blob.digest).await?;
    let there = repository.exists(&artifact.blob).await?;
    Ok(if there { Finding::No(Reason::Ignored) } else { Finding::Yes })
}
