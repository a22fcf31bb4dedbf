//! What can be heard of HTTP by whoever watches.
//!
//! Every hop of a redirect and every token request is one exchange; tries of the same request are not, so a trace
//! reads as the protocol and not as the weather. What an observer is given has no secrets any more.
//!
//! What does not belong here: how a trace looks, and where it goes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::header::{HeaderName, WARNING};
use http::{Method, StatusCode};

use super::Response;
use super::client::Inner;
use super::redact::{self, Shown};
use super::wire::Hop;
use crate::error::{Error, Kind, Result};

/// A request as it may be shown.
#[derive(Debug)]
pub struct Sent<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URL without the values of its query.
    pub url: &'a str,
    /// Names and values of the headers, secrets masked. Headers that the user gave are listed on all hops, also where
    /// they are not sent.
    pub headers: &'a [(String, String)],
}

/// An answer as it may be shown.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The status.
    pub status: StatusCode,
    /// Names and values of the headers, secrets masked.
    pub headers: &'a [(String, String)],
    /// The body; [`Shown::Nothing`] where the observer wants none.
    pub body: &'a Shown,
}

/// A failure after which something is tried once more.
#[derive(Debug)]
pub struct Retrying<'a> {
    /// The method of the request that failed.
    pub method: &'a Method,
    /// Its URL, fit to be shown.
    pub url: &'a str,
    /// How many bytes of content had moved, and of how many, if any had to.
    pub moved: Option<(u64, Option<u64>)>,
    /// What happened.
    pub reason: &'a str,
    /// Which try in a row this is, without any progress since the first of them; 1 is the first.
    pub attempt: u32,
    /// How many tries in a row there are.
    pub attempts: u32,
    /// How long is waited before it.
    pub pause: Duration,
}

/// Hears exchanges. All methods are called in the order of things for one exchange; exchanges interleave.
pub trait Observer: Send + Sync {
    /// A request goes out. The number that is returned names the exchange in the other calls.
    fn sent(&self, request: &Sent<'_>) -> u64;
    /// Its answer has come.
    fn answered(&self, exchange: u64, answer: &Answered<'_>);
    /// No answer has come.
    fn failed(&self, exchange: u64, error: &Error);
    /// The registry has something to say to the user; the same text may come many times.
    fn warned(&self, registry: &str, text: &str);
    /// Something that failed is tried again.
    fn retrying(&self, _retry: &Retrying<'_>) {}
    /// Whether it wants bodies: they have to be held for it.
    fn wants_bodies(&self) -> bool {
        false
    }
}

/// The texts of `Warning: 299 - "text"`, the one form that the distribution-spec gives to warnings.
fn warnings(response: &Response) -> impl Iterator<Item = String> {
    response.headers.get_all(WARNING).into_iter().filter_map(|value| {
        let quoted = value.to_str().ok()?.strip_prefix("299 - ")?.strip_prefix('"')?.strip_suffix('"')?;
        let text = quoted.replace("\\\"", "\"").replace("\\\\", "\\");
        (!text.is_empty()).then_some(text)
    })
}

/// Tells a request and what comes of it, and gives that back whole.
pub(super) async fn heard(
    observer: &Arc<dyn Observer>,
    client: &Inner,
    hop: &Hop,
    answer: impl Future<Output = Result<Response>>,
) -> Result<Response> {
    let custom: Vec<HeaderName> = client.settings().headers.iter().map(|(name, _)| name.clone()).collect();
    let headers = redact::request_headers(&hop.headers, &custom);
    let url = redact::url(&hop.url);
    let exchange = observer.sent(&Sent { method: &hop.method, url: &url, headers: &headers });
    let mut response = match answer.await {
        Ok(response) => response,
        Err(error) => {
            observer.failed(exchange, &error);
            return Err(error);
        }
    };
    if response.from_registry {
        warnings(&response).for_each(|text| observer.warned(client.registry(), &text));
    }
    let body = match redact::unshown(&response).filter(|_| observer.wants_bodies()) {
        Some(why) => why,
        None if observer.wants_bodies() => peek(&mut response).await,
        None => Shown::Nothing,
    };
    let headers = redact::answer_headers(&response.headers);
    observer.answered(exchange, &Answered { status: response.status, headers: &headers, body: &body });
    Ok(response)
}

/// Why a body broke off, without the request, which has been told already.
fn reason(error: &Error) -> String {
    match error.kind() {
        Kind::Network { reason, .. } => reason.clone(),
        _ => error.to_string(),
    }
}

/// Reads the start of a body, which the answer keeps.
async fn peek(response: &mut Response) -> Shown {
    let mut pieces = Vec::new();
    let (mut read, mut failed) = (0, None);
    while read <= redact::BODY_LIMIT
        && let Some(piece) = response.body.next().await
    {
        match &piece {
            Ok(piece) => read += piece.len(),
            Err(error) => failed = Some(reason(error)),
        }
        pieces.push(piece);
    }
    let text: Vec<u8> = pieces.iter().filter_map(|piece| piece.as_ref().ok()).flatten().copied().collect();
    let rest = std::mem::replace(&mut response.body, stream::empty().boxed());
    response.body = stream::iter(pieces).chain(rest).boxed();
    match failed {
        Some(reason) => Shown::Failed(reason),
        None => redact::body(&text, response),
    }
}
