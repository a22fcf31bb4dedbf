//! Referrers: the API of distribution-spec 1.1, and the tag schema for registries that have none.
//!
//! By the tag schema the client itself keeps the list, an index under a tag made of the subject's digest. Which of
//! the two it is gets decided once for a repository, by the first answer that shows it. What either lists is what
//! others wrote: entries that are no descriptors, that come twice, or that are the subject itself are left out.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::OnceLock;

use super::pages::Pages;
use super::repository::Repository;
use super::{headers, urls};
use crate::content::DOCUMENT_LIMIT;
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, annotations, json, media_type};
use crate::transport::{Action, Response};

/// How referrers are found and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReferrersMode {
    /// Whatever the registry turns out to have.
    #[default]
    Probe,
    /// The referrers API and nothing else.
    Api,
    /// The tag schema, whatever the registry has.
    TagSchema,
}

impl ReferrersMode {
    /// Whether there is a referrers API, as far as that is decided already.
    pub(super) fn decided(self) -> OnceLock<bool> {
        match self {
            Self::Probe => OnceLock::new(),
            Self::Api => OnceLock::from(true),
            Self::TagSchema => OnceLock::from(false),
        }
    }
}

/// The filters that a registry applied to a list, by name and separated by commas.
const FILTERS: &str = "OCI-Filters-Applied";
/// The one filter that there is.
const BY_TYPE: &str = "artifactType";
/// A digest that no manifest has: asking for its referrers only shows whether there is an API.
const NOBODY: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// The most bytes of all pages of one list together.
const LIST_LIMIT: u64 = 16 * DOCUMENT_LIMIT;

/// A list of referrers as it was read. Entries stay as they are: what this program cannot read is another's.
#[derive(Deserialize)]
pub(super) struct Listing {
    pub(super) manifests: Option<Vec<Value>>,
    #[serde(default)]
    annotations: Value,
}

impl Repository {
    pub(super) fn has_api(&self) -> Option<bool> {
        self.shared.referrers_api.get().copied()
    }

    /// The first decision stays.
    pub(super) fn decide(&self, has_api: bool) {
        let _ = self.shared.referrers_api.set(has_api);
    }

    /// The referrers of a manifest, of one artifact type or of all.
    pub(super) async fn list_referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>> {
        let known = self.has_api();
        if known != Some(false) {
            match self.api_referrers(subject, artifact_type).await {
                Err(error) if known.is_none() && error.is_unsupported() => self.decide(false),
                Err(error) => return Err(error),
                Ok(list) => {
                    self.decide(true);
                    return Ok(list);
                }
            }
        }
        let mut taken = Taken::new(subject);
        taken.take(self.tagged_list(subject).await?.entries, artifact_type);
        Ok(taken.list)
    }

    async fn api_referrers(&self, subject: &Digest, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        let url = urls::referrers(self.base(), self.name(), subject, artifact_type);
        let request = self.request(Method::GET, url, Action::Pull);
        let mut pages = Pages::new(self.shared.client.clone(), "referrer", request);
        let (mut taken, mut size) = (Taken::new(subject), 0);
        while let Some(response) = pages.next().await? {
            let response = api_answer(response).await?;
            let name = headers::request(&response);
            let filtered = response.header(FILTERS).is_some_and(names_filter);
            let bytes = response.read(DOCUMENT_LIMIT).await?;
            size += bytes.len() as u64;
            if size > LIST_LIMIT {
                let text = format!("{name}: more than {LIST_LIMIT} bytes of referrers: size exceeds limit");
                return Err(Error::new(Kind::TooLarge(text)));
            }
            let page: Listing = json::object(&bytes)
                .map_err(|why| Error::invalid(format!("{name}: failed to decode response: {why}")))?;
            let annotation = page.annotations.get(annotations::FILTERS_APPLIED).and_then(Value::as_str);
            let filtered = filtered || annotation.is_some_and(names_filter);
            let wanted = artifact_type.filter(|_| !filtered);
            taken.take(page.manifests.unwrap_or_default(), wanted);
        }
        Ok(taken.list)
    }

    /// Whether there is an API, asked without a subject.
    pub(super) async fn probe(&self) -> Result<bool> {
        if let Some(known) = self.has_api() {
            return Ok(known);
        }
        let nobody: Digest = NOBODY.parse().map_err(|error| Error::invalid(format!("{NOBODY}: {error}")))?;
        let url = urls::referrers(self.base(), self.name(), &nobody, None);
        let response = self.send(self.request(Method::GET, url, Action::Pull)).await?;
        let has_api = match api_answer(response).await {
            Ok(_) => true,
            Err(error) if error.is_unsupported() => false,
            Err(error) => return Err(error),
        };
        self.decide(has_api);
        Ok(has_api)
    }
}

/// An answer of the API; unsupported where it is none. A repository that is not there shows nothing of the API.
async fn api_answer(response: Response) -> Result<Response> {
    let no_api = [
        StatusCode::NOT_FOUND,
        StatusCode::BAD_REQUEST,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::NOT_IMPLEMENTED,
    ];
    if no_api.contains(&response.status) {
        let error = response.refused().await;
        let no_repository = error
            .refusal()
            .is_some_and(|refusal| refusal.problems.iter().any(|problem| problem.code == "NAME_UNKNOWN"));
        if no_repository {
            return Err(error);
        }
        return Err(Error::unsupported("failed to query referrers API: unsupported").caused_by(error));
    }
    let response = response.expect(&[StatusCode::OK]).await?;
    let received = headers::media_type(&response).unwrap_or_default();
    if received != media_type::INDEX {
        return Err(Error::unsupported(format!(
            "unknown content returned ({received}), expecting image index: unsupported"
        )));
    }
    Ok(response)
}

fn names_filter(filters: &str) -> bool {
    filters.split(',').any(|filter| filter.trim() == BY_TYPE)
}

/// What was taken of a list so far.
struct Taken<'a> {
    subject: &'a Digest,
    list: Vec<Descriptor>,
    seen: HashSet<Digest>,
}

impl<'a> Taken<'a> {
    fn new(subject: &'a Digest) -> Self {
        Self { subject, list: Vec::new(), seen: HashSet::new() }
    }

    /// Adds what can be taken of entries.
    fn take(&mut self, entries: Vec<Value>, artifact_type: Option<&str>) {
        for entry in entries {
            let Ok(entry) = serde_json::from_value::<Descriptor>(entry) else { continue };
            let wanted = artifact_type.is_none() || entry.artifact_type.as_deref() == artifact_type;
            if wanted && entry.digest != *self.subject && self.seen.insert(entry.digest.clone()) {
                self.list.push(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests;
