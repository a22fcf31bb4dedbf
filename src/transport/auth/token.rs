//! Tokens: where they are kept, and how they are asked for.
//!
//! One token serves all requests with the same scopes. When many need it at once, one asks and the others wait; when
//! it is refused, the first to notice asks anew and the others take what that one got.
//!
//! Source: the token authentication of distribution, and its OAuth2 form for refresh tokens.
//!
//! What does not belong here: whether a token is needed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::super::client::Inner;
use super::super::redact::shown;
use super::super::redirect::{self, Rule};
use super::super::{Request, Response, Scope};
use super::realm::Judge;
use crate::content::Body;
use crate::credentials::{Credential, Secret};
use crate::error::{Error, Kind, Result};
use crate::oci::json;

/// The most that is read of the answer of a token service: 128 KiB.
const ANSWER_LIMIT: u64 = 128 * 1024;
/// What this program calls itself to a token service; some know only clients that they have heard of.
const CLIENT_ID: &str = "oras-go";

/// What has been found to open a registry. A clone shares it.
#[derive(Clone, Default)]
pub struct Tokens(Arc<Mutex<HashMap<Key, Slot>>>);

type Slot = Arc<tokio::sync::Mutex<Option<Secret>>>;

/// What something is good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The root of the registry.
    pub(super) registry: String,
    /// What a token allows; none for a basic credential, which is not bound to anything.
    pub(super) scopes: Option<Vec<Scope>>,
}

/// Something that opens, and whether it was just made.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) secret: Secret,
    pub(super) fresh: bool,
}

impl Tokens {
    /// What is there for this key, or is being asked for.
    pub(super) async fn known(&self, key: &Key) -> Option<Secret> {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        match slot {
            Some(slot) => slot.lock().await.clone(),
            None => None,
        }
    }

    /// What is there for this key, unless it is what was refused; else what `ask` brings, which is kept.
    pub(super) async fn get<F>(&self, key: Key, refused: Option<&Secret>, ask: F) -> Result<Found>
    where
        F: Future<Output = Result<Secret>>,
    {
        let slot = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key).or_default())
        };
        let mut kept = slot.lock().await;
        match &*kept {
            Some(secret) if Some(secret) != refused => Ok(Found { secret: secret.clone(), fresh: false }),
            _ => {
                let secret = ask.await?;
                *kept = Some(secret.clone());
                Ok(Found { secret, fresh: true })
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// Where a token is asked for, and which.
pub(super) struct Wish<'a> {
    /// The URL of the token service.
    pub(super) realm: &'a str,
    /// What the registry calls itself there.
    pub(super) service: &'a str,
    /// What the token is to allow.
    pub(super) scopes: &'a [Scope],
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Secret,
    #[serde(default)]
    access_token: Secret,
}

/// Asks for a token.
pub(super) async fn ask(client: &Inner, credential: &Credential, wish: &Wish<'_>) -> Result<Secret> {
    let invalid = |reason: String| Error::new(Kind::Credential(reason));
    let realm = Url::parse(wish.realm)
        .map_err(|error| invalid(format!("invalid bearer realm {:?}: {error}", wish.realm)))?;
    let settings = client.settings();
    let judge = Judge { registry: client.base(), resolve: &settings.resolve, names: &*settings.names };
    judge.check(&realm).await.map_err(invalid)?;
    let exchange = !credential.refresh_token.is_empty();
    let (request, authorization) =
        if exchange { (form(realm, credential, wish), None) } else { query(realm, credential, wish) };
    let answer = redirect::follow(client, &request, authorization, Rule::Token(judge)).await?.response;
    let answer = answer.expect(&[StatusCode::OK]).await?;
    let place = format!("{} {:?}", answer.method, shown(&answer.url, answer.from_registry));
    let answer = decoded(answer).await.map_err(|reason| invalid(format!("{place}: {reason}")))?;
    // The OAuth2 form knows one name only.
    let token = if exchange || !answer.access_token.is_empty() { answer.access_token } else { answer.token };
    if token.is_empty() {
        return Err(invalid(format!("{place}: empty token returned")));
    }
    Ok(token)
}

async fn decoded(answer: Response) -> Result<Answer, String> {
    let failed = |reason: &dyn fmt::Display| format!("failed to decode response: {reason}");
    let text = answer.read(ANSWER_LIMIT).await.map_err(|error| failed(&error))?;
    json::object(&text).map_err(|why| failed(&why))
}

/// The plain form: a GET, with user name and password if there are any.
fn query(mut realm: Url, credential: &Credential, wish: &Wish<'_>) -> (Request, Option<HeaderValue>) {
    let mut pairs: Vec<(String, String)> = realm.query_pairs().into_owned().collect();
    pairs.extend(wish.scopes.iter().map(|scope| ("scope".to_owned(), scope.to_string())));
    if !wish.service.is_empty() {
        pairs.retain(|(name, _)| name != "service");
        pairs.push(("service".to_owned(), wish.service.to_owned()));
    }
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    if pairs.is_empty() {
        realm.set_query(None);
    } else {
        realm.query_pairs_mut().clear().extend_pairs(pairs);
        // As the other clients of these services write it, and so it stands in what is told of a refusal.
        let query = realm.query().map(|query| query.replace('*', "%2A"));
        realm.set_query(query.as_deref());
    }
    let named = !credential.username.is_empty() || !credential.password.is_empty();
    let authorization =
        named.then(|| super::basic(credential)).and_then(|value| super::header("Basic", &value));
    (Request::new(Method::GET, realm), authorization)
}

/// The OAuth2 form: a refresh token for an access token.
fn form(realm: Url, credential: &Credential, wish: &Wish<'_>) -> Request {
    let mut form = Serializer::new(String::new());
    form.append_pair("client_id", CLIENT_ID);
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", credential.refresh_token.expose());
    if !wish.scopes.is_empty() {
        let scopes: Vec<String> = wish.scopes.iter().map(ToString::to_string).collect();
        form.append_pair("scope", &scopes.join(" "));
    }
    if !wish.service.is_empty() {
        form.append_pair("service", wish.service);
    }
    Request::new(Method::POST, realm)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::bytes(Bytes::from_owner(Zeroizing::new(form.finish().into_bytes()))))
}
