//! The referrers of a manifest.
//!
//! A list is cut by its size and not by a number, because its entries carry annotations of any length and clients
//! take no more than 4 MiB of a document. Source: distribution-spec, "Listing Referrers".

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::call::{Call, header_value};
use super::problem::{Answer, Code, Fault};
use super::{Referrers, Registry, blobs, listing};
use crate::oci::{Descriptor, Digest, Index, json, media_type};

const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");
/// The bytes of the entries of a page.
const PAGE: usize = 1024 * 1024;

pub(super) async fn answer(registry: &Registry, call: &Call, name: &str, subject: &str) -> Answer {
    if registry.config.referrers == Referrers::TagSchema {
        return Err(Fault::unknown(Code::Unsupported));
    }
    listing::only_reading(call)?;
    let digest = blobs::digest(subject)?;
    let kind = call.query.first("artifactType").filter(|kind| !kind.is_empty());
    let entries = entries(registry, name, &digest, kind).await?;
    let after = call.query.first("last").unwrap_or_default();
    let mut rest = entries.into_iter().filter(|entry| entry.digest.to_string().as_str() > after).peekable();
    let (mut page, mut size) = (Vec::new(), 0);
    while let Some(entry) = rest.peek() {
        size += json::compact(entry).map_or(0, |bytes| bytes.len());
        if size > PAGE && !page.is_empty() {
            break;
        }
        page.extend(rest.next());
    }
    let last = page.last().map(|entry: &Descriptor| entry.digest.clone());
    let next = last.filter(|_| rest.peek().is_some()).map(|last| link(name, &digest, kind, &last));
    let mut response: Response = listing::document(&Index::new(page), next);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type::INDEX));
    if kind.is_some() {
        response.headers_mut().insert(FILTERS, HeaderValue::from_static("artifactType"));
    }
    Ok(response)
}

/// All referrers in the order of their digests, which is the same for each page. Of a subject that is not there, or
/// in a repository that is not there, there are none.
async fn entries(
    registry: &Registry,
    name: &str,
    subject: &Digest,
    kind: Option<&str>,
) -> Result<Vec<Descriptor>, Fault> {
    let failed = |error| Fault::of(&error, Code::NameUnknown);
    let Some(target) = registry.store.find(name).await.map_err(failed)? else { return Ok(Vec::new()) };
    // Only its digest is looked at.
    let node = Descriptor::new(media_type::MANIFEST, subject.clone(), 0);
    let mut entries = match target.referrers(&node, kind).await {
        Err(error) if error.is_not_found() => Vec::new(),
        found => found.map_err(failed)?,
    };
    entries.sort_by(|one, other| one.digest.cmp(&other.digest));
    Ok(entries)
}

fn link(name: &str, subject: &Digest, kind: Option<&str>, last: &Digest) -> HeaderValue {
    let kind = kind.map(|kind| format!("artifactType={}&", utf8_percent_encode(kind, NON_ALPHANUMERIC)));
    let kind = kind.unwrap_or_default();
    header_value(format!("</v2/{name}/referrers/{subject}?{kind}last={last}>; rel=\"next\""))
}
