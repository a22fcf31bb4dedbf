//! The token service, and the tokens it gave out.
//!
//! A token is a random name for a grant that this process remembers for a while; there is no key that could be lost
//! and nothing in a token that could be forged. Source: docker's "Token Authentication Specification" and "Oauth2
//! Token Authentication".

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use tokio::time::Instant;

use super::{Grant, Guard, Others, Scheme, basic_challenge, users};
use crate::error::Result;
use crate::server::call::{Call, Query};
use crate::server::listing;
use crate::server::problem::{Answer, Code, Fault};
use crate::server::random;

/// The most tokens that are remembered.
const MOST: usize = 10_000;
/// The most bytes of scopes that one token is asked for with: what is remembered of a token must not be large.
const SCOPES: usize = 4 * 1024;
/// How long a refresh token lasts.
const REFRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// The most bytes of a form.
const FORM: u64 = 64 * 1024;

/// The tokens that were given out.
pub(super) struct Tokens {
    lifetime: Duration,
    held: Mutex<HashMap<String, Ticket>>,
}

/// What a token is good for.
struct Ticket {
    ends: Instant,
    good_for: Use,
}

enum Use {
    Requests(Grant),
    /// To be exchanged for other tokens.
    Refresh,
}

impl Tokens {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, held: Mutex::default() }
    }

    /// What a token allows; nothing when it is none of ours, or its time is over.
    pub(super) fn grant(&self, token: &str) -> Option<Grant> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get(token).filter(|ticket| ticket.ends > Instant::now())? {
            Ticket { good_for: Use::Requests(grant), .. } => Some(grant.clone()),
            Ticket { good_for: Use::Refresh, .. } => None,
        }
    }

    fn is_refresh(&self, token: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(token)
            .is_some_and(|ticket| ticket.ends > Instant::now() && matches!(ticket.good_for, Use::Refresh))
    }

    fn give(&self, good_for: Use, lifetime: Duration) -> Result<String> {
        let name = random::name()?;
        let now = Instant::now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST {
            held.retain(|_, ticket| ticket.ends > now);
        }
        if held.len() >= MOST {
            let first = held.iter().min_by_key(|(_, ticket)| ticket.ends).map(|(name, _)| name.clone());
            first.map(|first| held.remove(&first));
        }
        held.insert(name.clone(), Ticket { ends: now + lifetime, good_for });
        Ok(name)
    }
}

/// The answer of the token service.
#[derive(Serialize)]
struct Document {
    token: String,
    access_token: String,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

impl Guard {
    /// `GET` or `POST` on the token service.
    pub(in crate::server) async fn token(&self, call: &Call) -> Answer {
        if self.scheme != Scheme::Token {
            return Err(Fault::unknown(Code::Unsupported));
        }
        match call.method {
            Method::GET => {
                let wants_refresh = call.query.first("offline_token") == Some("true")
                    || call.query.first("access_type") == Some("offline");
                match users::basic(&call.headers) {
                    Some((user, password)) if self.checker.knows(&user, &password).await => {
                        self.issue(&Grant::all(), &call.query, wants_refresh)
                    }
                    None if self.others == Others::Read
                        && !call.headers.contains_key(header::AUTHORIZATION) =>
                    {
                        self.issue(&Grant::reading(), &call.query, false)
                    }
                    _ => Err(basic_challenge()),
                }
            }
            Method::POST => self.exchange(call).await,
            _ => Err(Fault::unsupported()),
        }
    }

    async fn exchange(&self, call: &Call) -> Answer {
        let form = call.body.read(FORM).await.map_err(|error| Fault::of(&error, Code::Unknown))?;
        let form = Query::parse(&form);
        let field = |name: &str| form.first(name).unwrap_or_default();
        let right = match field("grant_type") {
            "password" => self.checker.knows(field("username"), field("password")).await,
            "refresh_token" => self.tokens.is_refresh(field("refresh_token")),
            _ => return Err(Fault::invalid(Code::Unsupported, "unsupported grant_type")),
        };
        if !right {
            let status = StatusCode::UNAUTHORIZED;
            return Err(Fault::new(status, Code::Unauthorized, "authentication required"));
        }
        let wants_refresh = field("access_type") == "offline" && field("grant_type") == "password";
        self.issue(&Grant::all(), &form, wants_refresh)
    }

    fn issue(&self, grant: &Grant, asked: &Query, wants_refresh: bool) -> Answer {
        let failed = |error| Fault::of(&error, Code::Unknown);
        if asked.all("scope").map(str::len).sum::<usize>() > SCOPES {
            return Err(Fault::invalid(Code::Unsupported, "more scopes than one token can have"));
        }
        let grant = grant.narrowed(asked.all("scope"));
        let scope = grant.scope();
        let token = self.tokens.give(Use::Requests(grant), self.tokens.lifetime).map_err(failed)?;
        let refresh_token = wants_refresh.then(|| self.tokens.give(Use::Refresh, REFRESH));
        let document = Document {
            access_token: token.clone(),
            token,
            expires_in: self.tokens.lifetime.as_secs(),
            issued_at: self.clock.as_ref().map(|clock| clock().to_string()),
            scope,
            refresh_token: refresh_token.transpose().map_err(failed)?,
        };
        let mut response: Response = listing::document(&document, None);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_ends_and_a_refresh_token_is_none() {
        let tokens = Tokens::new(Duration::from_secs(60));
        let token = tokens.give(Use::Requests(Grant::all()), tokens.lifetime).unwrap();
        let refresh = tokens.give(Use::Refresh, REFRESH).unwrap();
        assert!(tokens.grant(&token).is_some());
        assert!(tokens.grant(&refresh).is_none());
        assert!(tokens.is_refresh(&refresh) && !tokens.is_refresh(&token));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(tokens.grant(&token).is_none());
    }
}
