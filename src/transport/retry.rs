//! What is tried again, how often and when.
//!
//! A body is opened anew for each try, so a request whose body comes only once is tried once. One failure is not
//! counted: that of a connection which had been used before, since a server may close it just when it is used again.
//!
//! What does not belong here: tokens and redirects, which send other requests.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use http::StatusCode;
use http::header::{DATE, RETRY_AFTER};
use jiff::fmt::rfc2822;

use super::Response;
use super::origin::Origin;
use super::pace::Pace;
use super::redact::shown;
use super::wire::{Cause, Failure, Hop, Wire};
use crate::content::Body;
use crate::error::{Error, Kind, Result};

/// When a request that failed is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often, after the first time.
    pub again: u32,
    /// The pause before the second try; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause of that kind.
    pub longest_pause: Duration,
    /// The longest that one request waits because a server asks for it, all pauses together.
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
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let pause = self.first_pause.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let random = u32::try_from(RandomState::new().build_hasher().finish() % 201).unwrap_or_default();
        (pause.saturating_mul(900 + random) / 1000).min(self.longest_pause)
    }
}

/// Sends a request until it is answered in earnest, or has failed often enough.
pub(super) async fn send(policy: &Retry, pace: &Pace, wire: &Wire, hop: &Hop) -> Result<Response> {
    let origin = Origin::of(&hop.url);
    let reopens = hop.body.as_ref().is_none_or(Body::can_reopen);
    let most = if hop.once || !reopens { 0 } else { policy.again };
    let (mut failures, mut stale, mut waited) = (0, false, Duration::ZERO);
    loop {
        let turn = match &origin {
            Some(origin) => Some(pace.enter(origin).await),
            None => None,
        };
        let outcome = wire.send(hop).await;
        if let (Some(turn), Ok(response)) = (turn, &outcome) {
            turn.answered(response.status);
        }
        if reopens && !stale && outcome.as_ref().is_err_and(tired) {
            stale = true;
            continue;
        }
        if !passing(&outcome) || (failures == most && !hop.once) {
            return outcome.map_err(|failure| failure.error);
        }
        if let (Ok(response), Some(origin)) = (&outcome, &origin)
            && let Some(asked) = asked_pause(response)
        {
            waited = waited.saturating_add(asked);
            if waited > policy.patience {
                return Err(impatient(hop, asked, policy.patience, response.from_registry));
            }
            pace.hold(origin, asked);
        }
        if failures == most {
            return outcome.map_err(|failure| failure.error);
        }
        failures += 1;
        if let Ok(response) = outcome {
            response.drain().await;
        }
        tokio::time::sleep(policy.pause(failures)).await;
    }
}

/// Whether a connection failed only because the server had grown tired of it.
fn tired(failure: &Failure) -> bool {
    failure.stale && matches!(failure.cause, Some(Cause::Cut | Cause::Reset | Cause::Closed))
}

/// Whether it may be better the next time.
fn passing(outcome: &Result<Response, Failure>) -> bool {
    match outcome {
        Ok(response) => {
            let status = response.status;
            status == StatusCode::REQUEST_TIMEOUT
                || status == StatusCode::TOO_MANY_REQUESTS
                || status.as_u16() >= 500
        }
        // Whether a byte of the answer had come cannot be told here, so oras's exception for that is not made.
        Err(failure) => matches!(failure.cause, Some(Cause::Timeout | Cause::Reset | Cause::Cut)),
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
