//! Hop by hop; what is secret stays with the registry.
//!
//! The only place where a secret is dropped. `Authorization` goes with the first request's origin and is gone for good
//! once a hop has left it; headers of the user go to the registry's own origin and nowhere else.
//!
//! What does not belong here: which credential a request gets.

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, LOCATION, TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::auth::realm::Judge;
use super::client::Inner;
use super::origin::Origin;
use super::redact::shown;
use super::wire::{Connection, Hop};
use super::{Request, Response};
use crate::error::{Error, Kind, Result};

/// Requests that one request may turn into.
const MOST: usize = 10;

/// What hops must keep to.
#[derive(Clone, Copy)]
pub(super) enum Rule<'a> {
    /// A request to the registry: any place will do, but not plain HTTP after TLS.
    Registry,
    /// A token request: in addition each place must be one where tokens may be asked for, and a body, which has a
    /// secret in it, does not leave its origin.
    Token(Judge<'a>),
}

/// The last answer.
pub(super) struct Arrived {
    /// The answer.
    pub(super) response: Response,
    /// Whether a hop was elsewhere than at the first origin, or the same host after an upgrade to TLS.
    pub(super) detour: bool,
}

/// Sends a request and follows where its answers lead.
pub(super) async fn follow(
    client: &Inner,
    request: &Request,
    authorization: Option<HeaderValue>,
    rule: Rule<'_>,
) -> Result<Arrived> {
    let first = Origin::of(&request.url);
    let Request { mut method, mut url, mut headers, mut body, .. } = request.clone();
    let (mut left, mut detour) = (false, false);
    let mut sent = 0;
    loop {
        sent += 1;
        let origin = Origin::of(&url);
        let moved = origin != first;
        left |= moved;
        let upgraded = matches!((&first, &origin), (Some(first), Some(origin)) if first.upgrades_to(origin));
        detour |= moved && !upgraded;
        let all = complete(client, &headers, origin.as_ref(), authorization.as_ref(), left);
        let hop = Hop {
            method: method.clone(),
            url: url.clone(),
            headers: all,
            body: body.clone(),
            once: request.once,
            streamed: request.streamed,
            connection: match rule {
                Rule::Token(judge) if !judge.exempts(&url) => Connection::Judged,
                _ if request.apart => Connection::Apart,
                _ => Connection::Shared,
            },
            failures: request.failures.clone(),
        };
        let response = client.exchange(&hop).await?;
        let Some((next, location)) = target(&response) else { return Ok(Arrived { response, detour }) };
        let keeps =
            matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if keeps && body.as_ref().is_some_and(|body| !body.can_reopen()) {
            return Ok(Arrived { response, detour });
        }
        if !keeps && !matches!(method, Method::GET | Method::HEAD) {
            (method, body) = (Method::GET, None);
            headers.remove(CONTENT_TYPE);
        }
        if sent == MOST {
            let reason = format!("stopped after {MOST} redirects");
            let url = if location.starts_with('/') { location } else { shown(&next, false) };
            return Err(refused(method, url, reason));
        }
        check(&url, &next, body.is_some(), rule)
            .await
            .map_err(|reason| refused(method.clone(), shown(&next, false), reason))?;
        response.drain().await;
        url = next;
    }
}

/// Where an answer leads, also as it was written.
fn target(response: &Response) -> Option<(Url, String)> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !redirects.contains(&response.status) {
        return None;
    }
    let location = response.header(LOCATION.as_str())?;
    Some((response.url.join(location).ok()?, location.to_owned()))
}

/// The headers of one hop.
fn complete(
    client: &Inner,
    headers: &HeaderMap,
    origin: Option<&Origin>,
    authorization: Option<&HeaderValue>,
    left: bool,
) -> HeaderMap {
    let mut all = headers.clone();
    let settings = client.settings();
    if origin == Some(client.origin()) {
        // What belongs to the connection is not for the user to say, as with Go.
        let own = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, USER_AGENT];
        for (name, value) in settings.headers.iter().filter(|(name, _)| !own.contains(name)) {
            if *name != AUTHORIZATION || !left {
                let mut value = value.clone();
                value.set_sensitive(true);
                all.append(name, value);
            }
        }
    }
    if let Some(authorization) = authorization.filter(|_| !left) {
        all.insert(AUTHORIZATION, authorization.clone());
    }
    if let Ok(agent) = HeaderValue::from_str(&settings.user_agent) {
        all.insert(USER_AGENT, agent);
    }
    all
}

/// Refuses a hop, with the reason.
async fn check(from: &Url, to: &Url, has_body: bool, rule: Rule<'_>) -> Result<(), String> {
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err("redirect from https to http is refused".to_owned());
    }
    let Rule::Token(judge) = rule else { return Ok(()) };
    judge.check(to).await.map_err(|reason| format!("redirect of token request rejected: {reason}"))?;
    if has_body && Origin::of(from) != Origin::of(to) {
        let to = shown(to, false);
        return Err(format!("POST {to:?}: refusing to resend a token request body to another origin"));
    }
    Ok(())
}

fn refused(method: Method, url: String, reason: String) -> Error {
    Error::new(Kind::Network { method, url, reason, unreachable: false })
}
