//! Lists that come in pages, each naming the next in its `Link` header (RFC 8288).
//!
//! A registry cannot lead elsewhere with it, nor in circles, nor on for ever.

use std::collections::HashSet;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::LINK;
use serde::de::DeserializeOwned;
use url::Url;

use super::headers;
use crate::content::DOCUMENT_LIMIT;
use crate::error::{Error, Result};
use crate::oci::json;
use crate::transport::{Client, Request, Response, shown};

/// The most pages of one list. Ten million tags come in fewer, at the usual thousand a page.
const PAGE_LIMIT: usize = 10_000;

/// The answers of a list, one after the other.
pub(super) struct Pages {
    client: Client,
    list: &'static str,
    /// A request of which the URL changes from page to page.
    request: Request,
    next: Option<Result<Url>>,
    seen: HashSet<String>,
    limit: usize,
}

impl Pages {
    /// The pages from this request on; `list` is what errors call it.
    pub(super) fn new(client: Client, list: &'static str, first: Request) -> Self {
        let next = Some(Ok(first.url.clone()));
        Self { client, list, request: first, next, seen: HashSet::new(), limit: PAGE_LIMIT }
    }

    /// The next answer, whatever its status; none after the last page and after anything but a page. A bad link is
    /// told only after the page it came with.
    pub(super) async fn next(&mut self) -> Result<Option<Response>> {
        let Some(url) = self.next.take().transpose()? else { return Ok(None) };
        self.seen.insert(url.to_string());
        self.request.url = url;
        let response = self.client.send(self.request.clone()).await?;
        if response.status == StatusCode::OK {
            self.next = self.link(&response).transpose();
        }
        Ok(Some(response))
    }

    fn link(&self, response: &Response) -> Result<Option<Url>> {
        let Some(header) = response.header(LINK.as_str()).filter(|header| !header.is_empty()) else {
            return Ok(None);
        };
        let bad = |link: &str, why: &str| Err(Error::invalid(format!("invalid next link {link:?}: {why}")));
        let Some(rest) = header.strip_prefix('<') else { return bad(header, "missing '<'") };
        let Some((link, _)) = rest.split_once('>') else { return bad(header, "missing '>'") };
        let url = match response.url.join(link) {
            Ok(url) => url,
            Err(error) => return bad(link, &error.to_string()),
        };
        if url.origin() != self.client.base().origin() {
            let asked = shown(&self.request.url, true);
            return bad(link, &format!("not the same origin as {asked:?}"));
        }
        if self.seen.contains(url.as_str()) {
            return bad(link, "the page was already read");
        }
        if self.seen.len() >= self.limit {
            let text = format!("{} listing exceeded {} pages: too many pages", self.list, self.limit);
            return Err(Error::invalid(text));
        }
        Ok(Some(url))
    }

    /// The items of each page as it arrives. Anything but a page is what the registry says of it.
    pub(super) fn items<D, T, F>(self, items: F) -> BoxStream<'static, Result<Vec<T>>>
    where
        D: DeserializeOwned,
        T: Send + 'static,
        F: Fn(D) -> Vec<T> + Copy + Send + 'static,
    {
        let pages = stream::try_unfold(self, move |mut pages| async move {
            let Some(response) = pages.next().await? else { return Ok(None) };
            let page = document(response.expect(&[StatusCode::OK]).await?).await?;
            Ok(Some((items(page), pages)))
        });
        pages.boxed()
    }
}

/// The JSON of an answer.
pub(super) async fn document<D: DeserializeOwned>(response: Response) -> Result<D> {
    let request = headers::request(&response);
    let bytes = response.read(DOCUMENT_LIMIT).await?;
    json::object(&bytes).map_err(|why| Error::invalid(format!("{request}: failed to decode response: {why}")))
}

#[cfg(test)]
mod tests;
