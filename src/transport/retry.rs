//! What is tried again, how often and when.
//!
//! Failures are counted in a row, for each object: whatever moves bytes that had not moved before begins a new row. A
//! body is opened anew for each try, so a request whose body comes only once is tried once. One failure is not counted:
//! that of a connection which had been used before, since a server may close it just when it is used again.
//!
//! What does not belong here: tokens and redirects, which send other requests.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::OptionFuture;
use futures_util::{StreamExt, stream};
use http::header::{DATE, RETRY_AFTER};
use http::{Method, StatusCode};
use jiff::fmt::rfc2822;

use super::client::Inner;
use super::message::PROBLEM_LIMIT;
use super::origin::Origin;
use super::pace::Turn;
use super::redact::shown;
use super::wire::{Cause, Failure, Hop};
use super::{Response, Retrying, Settings};
use crate::content::{Body, DOCUMENT_LIMIT};
use crate::error::{Error, Kind, Result, passes};

/// When a request that failed is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often, after the first time.
    pub again: u32,
    /// The pause before the second try; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause of that kind.
    pub longest_pause: Duration,
    /// The longest pause that is made because a server asks for it.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            again: 5,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(3),
            patience: Duration::from_secs(5 * 60),
        }
    }
}

impl Retry {
    /// Everything is tried once.
    pub fn never() -> Self {
        Self { again: 0, ..Self::default() }
    }

    /// The same tries without pauses.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { first_pause: Duration::ZERO, ..self }
    }

    /// The pause after the first failure, the second and so on, with a tenth more or less, so that many clients do
    /// not come back at once.
    fn pause(&self, failures: u32) -> Duration {
        let pause = self.first_pause.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let random = u32::try_from(RandomState::new().build_hasher().finish() % 201).unwrap_or_default();
        (pause.saturating_mul(900 + random) / 1000).min(self.longest_pause)
    }
}

/// The failures in a row of one object. A clone counts with it.
#[derive(Debug, Clone, Default)]
pub struct Failures(Arc<AtomicU32>);

impl Failures {
    /// Bytes have moved that had not moved before: what comes now is a new row.
    pub fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// One more, and which it is; none if there were enough.
    fn another(&self, policy: &Retry) -> Option<u32> {
        let count = |failures| (failures < policy.again).then_some(failures + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count).ok().map(|before| before + 1)
    }
}

/// Sends a request until it is answered in earnest, or has failed often enough.
pub(super) async fn send(client: &Inner, hop: &Hop) -> Result<Response> {
    let (policy, origin) = (&client.settings().retry, Origin::of(&hop.url));
    let reopens = hop.body.as_ref().is_none_or(Body::can_reopen);
    // Of what is long nothing is sent twice without a word.
    let short = hop.body.as_ref().is_none_or(|body| body.in_memory().is_some());
    let own = origin.as_ref() == Some(client.origin());
    let (mut stale, mut repeated) = (false, false);
    loop {
        let turn = OptionFuture::from(origin.as_ref().map(|origin| client.pace().enter(origin))).await;
        let opened = turn.as_ref().map(Turn::opening);
        let outcome = client.wire().send(hop, opened).await.map(|answer| Response { repeated, ..answer });
        repeated = true;
        if let (Some(turn), Ok(response)) = (turn, &outcome) {
            turn.answered(response.status);
        }
        let outcome = whole(hop, outcome).await;
        if short && !stale && outcome.as_ref().is_err_and(tired) {
            stale = true;
            continue;
        }
        let known = origin.as_ref().is_some_and(|origin| client.wire().has_answered(origin));
        let Some(reason) = passing(&outcome, known).filter(|_| reopens) else {
            if !hop.streamed {
                hop.failures.end();
            }
            return outcome.map_err(|failure| failure.error);
        };
        let attempt = if hop.once { None } else { hop.failures.another(policy) };
        if attempt.is_none() && !hop.once {
            return outcome.map_err(|failure| failure.error);
        }
        let asked = outcome.as_ref().ok().and_then(asked_pause);
        if let (Some(asked), Some(origin)) = (asked, &origin) {
            if asked > policy.patience {
                return Err(impatient(hop, asked, policy.patience, own));
            }
            client.pace().hold(origin, asked);
        }
        let Some(attempt) = attempt else { return outcome.map_err(|failure| failure.error.passing()) };
        let backoff = policy.pause(attempt);
        if let Some(observer) = &client.settings().observer {
            observer.retrying(&Retrying {
                method: &hop.method,
                url: &shown(&hop.url, own),
                moved: outcome.as_ref().err().and_then(|failure| failure.moved),
                reason: &reason,
                attempt,
                attempts: policy.again,
                pause: backoff.max(asked.unwrap_or_default()),
            });
        }
        if let Ok(response) = outcome {
            response.drain().await;
        }
        tokio::time::sleep(backoff).await;
    }
}

/// Counts and tells a failure of something that is more than one request, and waits for the next try; false if there is
/// to be none.
pub(super) async fn again(
    client: &Inner,
    failures: &Failures,
    error: &Error,
    moved: (u64, Option<u64>),
) -> bool {
    let (method, url, reason) = match error.kind() {
        Kind::Network { method, url, reason, .. } if error.is_passing() => (method, url, reason.clone()),
        Kind::Refused(refusal) => (&refusal.method, &refusal.url, told(refusal.status)),
        _ => return false,
    };
    let Settings { retry: policy, observer, .. } = client.settings();
    let Some(attempt) = failures.another(policy) else { return false };
    let pause = policy.pause(attempt);
    if let Some(observer) = observer {
        let (moved, attempts, reason) = (Some(moved), policy.again, &*reason);
        observer.retrying(&Retrying { method, url, moved, reason, attempt, attempts, pause });
    }
    tokio::time::sleep(pause).await;
    true
}

/// A status in words.
fn told(status: StatusCode) -> String {
    format!("response status code {}: {}", status.as_u16(), status.canonical_reason().unwrap_or_default())
}

/// The answer with its body in memory, unless that may be of any length, so that its connection is free at once. Of a
/// document a body that breaks off is a failure. What is longer is for the reader to refuse.
async fn whole(hop: &Hop, outcome: Result<Response, Failure>) -> Result<Response, Failure> {
    let mut response = outcome?;
    let is_success = response.status.is_success();
    if hop.streamed && is_success {
        return Ok(response);
    }
    let is_document = is_success && hop.method == Method::GET;
    let limit = if is_document { DOCUMENT_LIMIT } else { PROBLEM_LIMIT };
    let (mut pieces, mut length) = (Vec::new(), 0);
    let mut body = std::mem::replace(&mut response.body, stream::empty().boxed());
    while length <= limit {
        let Some(piece) = body.next().await else {
            response.body = stream::iter(pieces).boxed();
            return Ok(response);
        };
        match piece {
            Err(error) if is_document => {
                let moved = Some((length, None));
                return Err(Failure { error, cause: Some(Cause::Cut), stale: false, moved });
            }
            piece => {
                length = piece.as_ref().map_or(u64::MAX, |piece| length + piece.len() as u64);
                pieces.push(piece);
            }
        }
    }
    response.body = stream::iter(pieces).chain(body).boxed();
    Ok(response)
}

/// Whether a connection failed only because the server had grown tired of it.
fn tired(failure: &Failure) -> bool {
    failure.stale && matches!(failure.cause, Some(Cause::Cut | Cause::Reset | Cause::Closed))
}

/// Why it failed, if it may be better the next time. A host that has never answered may not be there at all.
fn passing(outcome: &Result<Response, Failure>, known: bool) -> Option<String> {
    match outcome {
        Ok(response) => {
            let status = response.status;
            passes(status).then(|| told(status))
        }
        // Whether a byte of the answer had come cannot be told here, so oras's exception for that is not made.
        Err(failure) => {
            let passes = match failure.cause? {
                Cause::Timeout | Cause::Reset | Cause::Cut => true,
                Cause::Unreachable | Cause::Closed => known,
                Cause::Other => false,
            };
            let reason = match failure.error.kind() {
                Kind::Network { reason, .. } => reason.clone(),
                _ => failure.error.to_string(),
            };
            passes.then_some(reason)
        }
    }
}

/// How long the server wants to be left alone. A date is measured by the server's own clock.
fn asked_pause(response: &Response) -> Option<Duration> {
    let text = response.header(RETRY_AFTER.as_str())?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| Some(rfc2822::parse(text).ok()?.timestamp());
    let pause = date(text)?.duration_since(date(response.header(DATE.as_str())?)?);
    Some(Duration::try_from(pause).unwrap_or_default())
}

fn impatient(hop: &Hop, asked: Duration, patience: Duration, own_origin: bool) -> Error {
    let reason = format!(
        "the server asks to wait {} seconds (Retry-After), beyond the {} seconds that are waited at most",
        asked.as_secs(),
        patience.as_secs()
    );
    let url = shown(&hop.url, own_origin);
    Error::new(Kind::Network { method: hop.method.clone(), url, reason, unreachable: false })
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use http::header::{HeaderMap, HeaderValue};
    use http::{HeaderName, Method};

    use super::*;

    fn pause(headers: &[(HeaderName, &'static str)]) -> Option<Duration> {
        let mut map = HeaderMap::new();
        map.extend(headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))));
        asked_pause(&Response {
            method: Method::GET,
            url: url::Url::parse("http://h/").unwrap(),
            status: StatusCode::TOO_MANY_REQUESTS,
            headers: map,
            from_registry: true,
            repeated: false,
            body: stream::empty().boxed(),
        })
    }

    #[test]
    fn a_server_asks_in_seconds_or_by_its_own_clock() {
        assert_eq!(pause(&[(RETRY_AFTER, "7")]), Some(Duration::from_secs(7)));
        let date = (DATE, "Tue, 24 Nov 2026 10:00:00 GMT");
        let later = (RETRY_AFTER, "Tue, 24 Nov 2026 10:00:30 GMT");
        let earlier = (RETRY_AFTER, "Tue, 24 Nov 2026 09:00:30 GMT");
        assert_eq!(pause(&[date.clone(), later.clone()]), Some(Duration::from_secs(30)));
        assert_eq!(pause(&[date, earlier]), Some(Duration::ZERO));
        assert_eq!(pause(&[later]), None);
        assert_eq!(pause(&[(RETRY_AFTER, "soon")]), None);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = Retry::default();
        for (failures, wanted) in [(1, 250), (2, 500), (3, 1000), (4, 2000)] {
            let pause = policy.pause(failures).as_millis();
            assert!((wanted * 9 / 10..=wanted * 11 / 10).contains(&pause), "{failures}: {pause}");
        }
        assert_eq!(policy.pause(60), policy.longest_pause);
    }
}
