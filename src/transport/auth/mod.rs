//! Answering a 401.
//!
//! The first request of all carries nothing; what opened the registry once is sent up front afterwards. Credentials
//! answer only a challenge of the registry's own origin, or of the same host after it moved from HTTP to HTTPS.
//!
//! Some registries answer 403 to a token that has expired. One that was not made for this very request is therefore
//! doubted once: the request goes out again without it, and the challenge that comes then is answered with a new one.
//!
//! What does not belong here: where credentials are stored, and which scope a request has.

pub(super) mod challenge;
pub(super) mod realm;
pub mod scope;
pub(super) mod token;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use zeroize::Zeroizing;

use self::challenge::Challenge;
use self::scope::merged;
use self::token::{Found, Key, Wish};
use super::client::Inner;
use super::origin::Origin;
use super::redact::shown;
use super::redirect::Arrived;
use super::{Request, Response};
use crate::content::Body;
use crate::credentials::{Credential, Secret};
use crate::error::{Context, Error, Kind, Result};

/// What a request is opened with.
#[derive(Debug)]
pub(super) struct Pass {
    authorization: HeaderValue,
    secret: Secret,
    /// Whether it was made for this very request, so that nothing better can be had.
    last: bool,
}

impl Pass {
    /// The value of the `Authorization` header.
    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    fn of(scheme: &str, found: Found) -> Result<Self> {
        let unfit = || Error::new(Kind::Credential("a token that cannot stand in a header".to_owned()));
        let authorization = header(scheme, &found.secret).ok_or_else(unfit)?;
        Ok(Self { authorization, secret: found.secret, last: found.fresh })
    }
}

/// What a request was opened with.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// What it carried.
    pub(super) pass: Option<&'a Pass>,
    /// What it carried before, and was left out since.
    pub(super) doubted: Option<&'a Pass>,
}

/// What to do with an answer.
pub(super) enum Next {
    /// It is the last one.
    Done(Response),
    /// Send the request once more, with this.
    Again(Pass),
    /// Send the request once more, with nothing.
    Without,
}

/// What is known to open this request.
pub(super) async fn known(client: &Inner, request: &Request) -> Option<Pass> {
    if !is_ours(client, request) {
        return None;
    }
    let tokens = &client.settings().tokens;
    let (basic, bearer) = (key(client, None), key(client, Some(merged(request.scope.iter().cloned()))));
    let (scheme, secret) = match tokens.known(&basic).await {
        Some(secret) => ("Basic", secret),
        None => ("Bearer", tokens.known(&bearer).await?),
    };
    Pass::of(scheme, Found { secret, fresh: false }).ok()
}

/// Looks at an answer: one that asks for credentials is answered with them. After an upgrade to HTTPS the request is
/// led there.
pub(super) async fn answer(
    client: &Inner,
    request: &mut Request,
    carried: Shown<'_>,
    arrived: Arrived,
) -> Result<Next> {
    let response = arrived.response;
    let moved = Origin::of(&response.url) != Origin::of(&request.url);
    // On the way to another origin it was dropped, so it is not what was refused.
    let pass = carried.pass.filter(|_| !moved);
    let refused = pass.or(carried.doubted);
    let old = pass.is_some_and(|pass| !pass.last);
    let doubtful = response.status == StatusCode::FORBIDDEN && old && carried.doubted.is_none();
    let asked = response.status == StatusCode::UNAUTHORIZED && (pass.is_none() || old);
    if !(asked || doubtful) || !is_ours(client, request) || arrived.detour {
        return Ok(Next::Done(response));
    }
    let again = request.body.as_ref().is_none_or(Body::can_reopen);
    if doubtful {
        if !again {
            return Ok(Next::Done(response));
        }
        response.drain().await;
        return Ok(Next::Without);
    }
    let Some(challenge) = Challenge::of(&response.headers) else { return Ok(Next::Done(response)) };
    let place = format!("{} {:?}", response.method, shown(&response.url, response.from_registry));
    let within = |error: Error| match error.kind() {
        Kind::NoCredential => error,
        _ => error.within(place.clone()),
    };
    let next = respond(client, request, refused, &challenge).await.map_err(within)?;
    let Some(next) = next else { return Ok(Next::Done(response)) };
    if !again {
        return Err(within(Error::unsupported("request body is not rewindable")));
    }
    if moved {
        request.url = response.url.clone();
    }
    response.drain().await;
    Ok(Next::Again(next))
}

/// What answers a challenge; none if that is what was refused.
async fn respond(
    client: &Inner,
    request: &Request,
    pass: Option<&Pass>,
    challenge: &Challenge,
) -> Result<Option<Pass>> {
    let tokens = &client.settings().tokens;
    let refused = pass.map(|pass| &pass.secret);
    match challenge {
        Challenge::Basic => {
            let credential = credential(client).await?.ok_or_else(|| Error::new(Kind::NoCredential))?;
            if credential.username.is_empty() || credential.password.is_empty() {
                let text = "missing username or password for basic auth";
                return Err(Error::new(Kind::Credential(text.to_owned())));
            }
            let made = basic(&credential);
            if refused == Some(&made) {
                return Ok(None);
            }
            tokens.get(key(client, None), refused, async { Ok(made.clone()) }).await?;
            Pass::of("Basic", Found { secret: made, fresh: true }).map(Some)
        }
        Challenge::Bearer { realm, service, scope } => {
            let scopes = merged(request.scope.iter().cloned().chain(scope::Scope::list(scope)));
            let ask = async {
                let credential = credential(client).await?.unwrap_or_default();
                if !credential.access_token.is_empty() {
                    return Ok(credential.access_token);
                }
                token::ask(client, &credential, &Wish { realm, service, scopes: &scopes }).await
            };
            let found = tokens.get(key(client, Some(scopes.clone())), refused, ask).await?;
            Pass::of("Bearer", found).map(Some)
        }
    }
}

/// The credential of the registry: the one given by hand, else what is stored.
async fn credential(client: &Inner) -> Result<Option<Credential>> {
    let settings = client.settings();
    if let Some(given) = &settings.credential {
        return Ok(Some(given.clone()).filter(|given| !given.is_empty()));
    }
    match &settings.store {
        Some(store) => store.get(client.registry()).await.within(|| "failed to resolve credential".into()),
        None => Ok(None),
    }
}

/// Whether a request goes to the registry itself.
fn is_ours(client: &Inner, request: &Request) -> bool {
    let own = client.origin();
    Origin::of(&request.url).is_some_and(|origin| origin == *own || own.upgrades_to(&origin))
}

fn key(client: &Inner, scopes: Option<Vec<scope::Scope>>) -> Key {
    Key { registry: client.base().to_string(), scopes }
}

/// User name and password as Basic sends them.
fn basic(credential: &Credential) -> Secret {
    let pair = Secret::from(format!("{}:{}", credential.username, credential.password.expose()));
    STANDARD.encode(pair.expose()).into()
}

fn header(scheme: &str, secret: &Secret) -> Option<HeaderValue> {
    // The bytes are kept where they are, and wiped with the last of the headers that share them.
    let text = Zeroizing::new(format!("{scheme} {}", secret.expose()).into_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
