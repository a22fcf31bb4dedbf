//! What a registry can do, found out by asking it.
//!
//! An [`Examination`] asks one question after the other: first whether there is a registry and whom it lets in, then what
//! it can do. Each question is a row of a table with what it needs, and what is not shown by an answer stays unknown, with
//! the reason. Nothing is changed unless it is wanted: then a small artifact of random bytes is stored in the repository,
//! some questions are asked with it, and the last of them, which are about deletion, remove it again.
//!
//! What does not belong here: what an answer means to anybody.

mod artifact;
mod questions;

use futures_util::StreamExt;
use http::{Method, StatusCode};
use url::Url;

use self::artifact::Artifact;
use self::questions::QUESTIONS;
use super::repository::{Access, Repository};
use super::{Host, ReferrersMode, urls};
use crate::content::Source;
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Document, Locator, Reference};
use crate::transport::{Action, Challenge, Client, Request, Secured, shown};

/// Something that a registry has or has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Its repositories are listed.
    Catalog,
    /// The repository is there and may be read.
    Repository,
    /// Tags come in pages of the length that is asked for.
    Paging,
    /// Referrers are listed by an API of their own.
    Referrers,
    /// A part of a blob can be had.
    Ranges,
    /// Content may be stored.
    Push,
    /// Blobs are taken in chunks.
    Chunks,
    /// Chunks have a least length.
    ChunkMinimum,
    /// Blobs are taken from another repository.
    Mount,
    /// A tag alone is removed.
    TagDeletion,
    /// A manifest is removed.
    ManifestDeletion,
    /// A blob is removed.
    BlobDeletion,
}

/// The answer to a question.
#[derive(Debug)]
pub enum Finding {
    /// It has it.
    Yes,
    /// It has it, and this number of bytes belongs to it.
    Bytes(u64),
    /// It has it not.
    No(Reason),
    /// Nothing has shown whether it has it.
    Unknown(Reason),
}

/// Why a finding is as it is.
#[derive(Debug)]
pub enum Reason {
    /// The registry says so, or something went wrong.
    Error(Error),
    /// No repository is named.
    NoRepository,
    /// It takes a write, and none is wanted.
    Unwritten,
    /// Nothing could be stored to ask with.
    NotStored,
    /// The repository has fewer than two tags.
    FewTags,
    /// The repository has no blob to ask for.
    NoBlob,
    /// All come at once.
    AllAtOnce,
    /// The answer looks as if it had not been asked for.
    Ignored,
    /// Something else that has to stay was removed with it.
    TooMuch,
}

/// How a registry meets somebody of whom it knows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The URL below which everything is.
    pub base: Url,
    /// Where the answer came from, fit to be shown, if from elsewhere.
    pub led_to: Option<String>,
    /// How the connection is secured, if it is.
    pub secured: Option<Secured>,
    /// What is asked for.
    pub scheme: Scheme,
}

/// How a registry wants to know who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// It does not.
    None,
    /// User name and password with every request.
    Basic,
    /// A token that is fetched from this place.
    Bearer(String),
    /// In no way that is known here.
    Unknown,
}

/// One look at a registry.
#[derive(Debug)]
pub struct Examination {
    client: Client,
    host: Host,
    repository: Option<Repository>,
    writes: bool,
    artifact: Option<Artifact>,
}

impl Examination {
    /// Of the registry that the client talks to, under the name that was typed, and of one of its repositories, which is
    /// only written to if that is said here.
    ///
    /// # Errors
    /// A name that no repository can have.
    pub fn new(client: Client, registry: &str, repository: Option<&str>, writes: bool) -> Result<Self> {
        let host = Host::new(client.clone(), registry);
        let actions =
            if writes { vec![Action::Pull, Action::Push, Action::Delete] } else { vec![Action::Pull] };
        let repository = match repository {
            Some(name) => {
                let reference: Result<Reference, _> = format!("{registry}/{name}").parse();
                let reference = reference.map_err(|error| Error::invalid(error.to_string()))?;
                let access = Access { actions };
                Some(Repository::new(client.clone(), &reference, access, ReferrersMode::Probe))
            }
            None => None,
        };
        Ok(Self { client, host, repository, writes, artifact: None })
    }

    /// Whether there is a registry, and what it asks for.
    ///
    /// # Errors
    /// Nobody answers, or not as a registry does.
    pub async fn greet(&self) -> Result<Greeting> {
        let base = urls::root(self.client.base());
        let request = Request::new(Method::GET, base.clone());
        let response = self.client.send_anonymously(&request).await?;
        let response = response.expect(&[StatusCode::OK, StatusCode::UNAUTHORIZED]).await?;
        let scheme = match Challenge::of(&response.headers) {
            _ if response.status == StatusCode::OK => Scheme::None,
            Some(Challenge::Basic) => Scheme::Basic,
            Some(Challenge::Bearer { realm, .. }) => {
                Url::parse(&realm).map_or(Scheme::Unknown, |realm| Scheme::Bearer(shown(&realm, false)))
            }
            None => Scheme::Unknown,
        };
        let led_to = (response.url != base).then(|| shown(&response.url, response.from_registry));
        Ok(Greeting { base, led_to, secured: self.client.secured(), scheme })
    }

    /// Whether the registry takes the credentials of the client.
    ///
    /// # Errors
    /// It does not.
    pub async fn enter(&self) -> Result<()> {
        self.host.ping().await
    }

    /// The answers to all questions, in their order. What could not be removed of what was stored is named in the end.
    pub async fn ask(mut self) -> (Vec<(Capability, Finding)>, Vec<String>) {
        let mut findings = Vec::new();
        for question in QUESTIONS {
            let finding = match question.needs.missing(&self) {
                Some(reason) => Finding::Unknown(reason),
                None => (question.ask)(&mut self).await.unwrap_or_else(Finding::failed),
            };
            findings.push((question.about, finding));
        }
        let left = match (&self.repository, &self.artifact) {
            (Some(repository), Some(artifact)) => artifact.remove_from(repository).await,
            _ => Vec::new(),
        };
        (findings, left)
    }

    /// The repository; a question that needs one is asked only where there is one.
    fn repository(&self) -> Result<&Repository> {
        self.repository.as_ref().ok_or_else(Error::missing)
    }

    fn artifact(&self) -> Result<&Artifact> {
        self.artifact.as_ref().ok_or_else(Error::missing)
    }

    /// A blob that can be asked for: of what was stored, else the smallest of the first tag.
    async fn find_blob(&self) -> Result<Option<Descriptor>> {
        if let Some(artifact) = self.artifact.as_ref().filter(|artifact| artifact.is_stored()) {
            return Ok(Some(artifact.blob.clone()));
        }
        let repository = self.repository()?;
        let Some(first) = repository.tags(None).next().await.transpose()? else { return Ok(None) };
        let Some(tag) = first.into_iter().next() else { return Ok(None) };
        let mut at = Locator::Tag(tag);
        // An index may list indexes, but nobody nests them deeper than this.
        for _ in 0..4 {
            let (node, bytes) = repository.get_manifest(&at).await?;
            let document = Document::parse(&node.media_type, &bytes)
                .map_err(|error| Error::invalid(error.to_string()).caused_by(error))?;
            if let Some(child) = document.manifests.first() {
                at = Locator::Digest(child.digest.clone());
                continue;
            }
            let blobs = document.children().filter(|child| !child.is_manifest() && child.size > 0);
            return Ok(blobs.min_by_key(|blob| blob.size).cloned());
        }
        Ok(None)
    }
}

impl Finding {
    /// What an error says: an answer that refuses is one, and all else leaves the question open.
    fn failed(error: Error) -> Self {
        let refuses = error.is_unsupported()
            || error.is_not_found()
            || error.refusal().is_some_and(|refusal| {
                refusal.status.is_client_error() && !error.is_passing()
                    || refusal.status == StatusCode::NOT_IMPLEMENTED
            });
        if refuses { Self::No(Reason::Error(error)) } else { Self::Unknown(Reason::Error(error)) }
    }
}

#[cfg(test)]
mod tests;
