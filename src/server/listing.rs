//! Lists, page by page: the tags of a repository and the catalog of repositories.
//!
//! Source: distribution-spec, "Listing Tags"; the catalog is that of docker's HTTP API V2, "Listing Repositories".

use axum::body::Body;
use axum::response::Response;
use futures_util::TryStreamExt;
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::Registry;
use super::call::{Call, header_value};
use super::problem::{Answer, Code, Fault};
use crate::oci::{Tag, json};

/// The most entries of a page, also where the client wants more.
const PAGE: usize = 10_000;

/// The tags of a repository.
pub(super) async fn tags(registry: &Registry, call: &Call, name: &str) -> Answer {
    #[derive(Serialize)]
    struct Document<'a> {
        name: &'a str,
        tags: Vec<String>,
    }
    only_reading(call)?;
    let page = page(call)?;
    let target = registry.repository(name).await?;
    let tags: Vec<Vec<Tag>> = target.tags(call.query.first("last")).try_collect().await.map_err(failed)?;
    // A layout may have names that are no tags of a registry; nobody could ask for them here.
    let tags = tags.into_iter().flatten().map(|tag| tag.to_string());
    let tags: Vec<String> = tags.filter(|tag| tag.parse::<Tag>().is_ok()).collect();
    if tags.is_empty() && !registry.store.has_manifests(name).await.map_err(failed)? {
        return Err(Fault::unknown(Code::NameUnknown));
    }
    let (tags, next) = cut(tags, page);
    let next = next.map(|last| link(&format!("/v2/{name}/tags/list"), page, &last));
    Ok(document(&Document { name, tags }, next))
}

/// The repositories that hold something.
pub(super) async fn catalog(registry: &Registry, call: &Call) -> Answer {
    #[derive(Serialize)]
    struct Document {
        repositories: Vec<String>,
    }
    only_reading(call)?;
    let page = page(call)?;
    let last = call.query.first("last").unwrap_or_default();
    let names = registry.store.names().await.map_err(failed)?;
    let (repositories, next) = cut(names.into_iter().filter(|name| name.as_str() > last).collect(), page);
    let next = next.map(|last| link("/v2/_catalog", page, &last));
    Ok(document(&Document { repositories }, next))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn failed(error: crate::error::Error) -> Fault {
    Fault::of(&error, Code::NameUnknown)
}

pub(super) fn only_reading(call: &Call) -> Result<(), Fault> {
    if matches!(call.method, Method::GET | Method::HEAD) { Ok(()) } else { Err(Fault::unsupported()) }
}

/// How many entries the client wants.
fn page(call: &Call) -> Result<usize, Fault> {
    match call.query.first("n") {
        None => Ok(PAGE),
        Some(text) => text.parse().map(|wanted: usize| wanted.min(PAGE)).map_err(|_| {
            Fault::invalid(Code::PaginationNumberInvalid, format!("{text:?} is no number of results"))
        }),
    }
}

/// The first entries, and the last of them where more follow.
fn cut(mut entries: Vec<String>, page: usize) -> (Vec<String>, Option<String>) {
    entries.sort();
    let more = entries.len() > page;
    entries.truncate(page);
    let last = entries.last().filter(|_| more).cloned();
    (entries, last)
}

fn link(path: &str, page: usize, last: &str) -> HeaderValue {
    let last = utf8_percent_encode(last, NON_ALPHANUMERIC);
    header_value(format!("<{path}?n={page}&last={last}>; rel=\"next\""))
}

/// An answer of JSON, with the link to the next page where there is one.
pub(super) fn document<T: Serialize>(document: &T, next: Option<HeaderValue>) -> Response {
    let Ok(body) = json::compact(document) else {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return Fault::new(status, Code::Unknown, "the registry failed").into_response();
    };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(next) = next {
        headers.insert(header::LINK, next);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_last_entry_only_if_more_follow() {
        let entries = || vec!["b".to_owned(), "a".to_owned(), "c".to_owned()];
        assert_eq!(cut(entries(), 2), (vec!["a".into(), "b".into()], Some("b".into())));
        assert_eq!(cut(entries(), 3).1, None);
        assert_eq!(cut(entries(), 0), (vec![], None));
    }
}
