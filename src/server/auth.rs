//! Who may do what: the check before every endpoint.
//!
//! A known user may do everything that the registry does at all; there are no roles. Somebody without a name may read,
//! where that is allowed. With the scheme of tokens a request carries what it may do, and tokens are made by the
//! registry itself. Source: RFC 7617 and RFC 6750; docker's "Token Authentication Specification".

mod grant;
mod tokens;
mod users;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};

pub(super) use grant::{Action, Grant, Need};
pub use users::Users;

use super::Clock;
use super::call::{Call, header_value};
use super::problem::{Code, Fault};
use crate::error::Result;
use tokens::Tokens;
use users::Checker;

/// What clients call the registry when they ask for a token.
const SERVICE: &str = "oras";

/// Who may use a registry, and how they say who they are.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// Those who may do everything.
    pub users: Users,
    /// How they say who they are.
    pub scheme: Scheme,
    /// What others may do.
    pub others: Others,
}

/// How a user says who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// User name and password with each request.
    Basic,
    /// A token with each request, for which the token service of the registry takes user name and password.
    Token,
}

/// What those may do who do not say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Nothing.
    Refused,
    /// Read everything.
    Read,
}

/// The check.
pub(super) struct Guard {
    scheme: Scheme,
    others: Others,
    checker: Checker,
    tokens: Tokens,
    clock: Option<Clock>,
}

impl Guard {
    /// The check by these rules, with tokens that last that long.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn new(rules: &Authentication, lifetime: Duration, clock: Option<Clock>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            scheme: rules.scheme,
            others: rules.others,
            checker: Checker::new(rules.users.clone())?,
            tokens: Tokens::new(lifetime),
            clock,
        }))
    }

    /// What the request may do, if that is what it needs.
    pub(super) async fn admit(&self, call: &Call, need: &Need<'_>) -> std::result::Result<Grant, Fault> {
        match self.scheme {
            Scheme::Basic => self.admit_basic(call, need).await,
            Scheme::Token => self.admit_bearer(call, need),
        }
    }

    async fn admit_basic(&self, call: &Call, need: &Need<'_>) -> std::result::Result<Grant, Fault> {
        match users::basic(&call.headers) {
            Some((user, password)) if self.checker.knows(&user, &password).await => Ok(Grant::all()),
            None if self.others == Others::Read && Grant::reading().covers(need) => Ok(Grant::reading()),
            _ => Err(basic_challenge()),
        }
    }

    fn admit_bearer(&self, call: &Call, need: &Need<'_>) -> std::result::Result<Grant, Fault> {
        let sent = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|text| text.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, token)) = token else { return Err(bearer_challenge(call, need, None)) };
        match self.tokens.grant(token.trim()) {
            None => Err(bearer_challenge(call, need, Some("invalid_token"))),
            Some(grant) if grant.covers(need) => Ok(grant),
            Some(_) => Err(bearer_challenge(call, need, Some("insufficient_scope"))),
        }
    }
}

fn unauthorized(challenge: HeaderValue) -> Fault {
    Fault::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, "authentication required")
        .with(header::WWW_AUTHENTICATE, challenge)
}

fn basic_challenge() -> Fault {
    unauthorized(HeaderValue::from_static("Basic realm=\"oras\""))
}

fn bearer_challenge(call: &Call, need: &Need<'_>, error: Option<&str>) -> Fault {
    let scope = need.scope().map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
    let error = error.map(|error| format!(",error=\"{error}\"")).unwrap_or_default();
    let text = format!("Bearer realm=\"{}/token\",service=\"{SERVICE}\"{scope}{error}", call.origin);
    unauthorized(header_value(text))
}

#[cfg(test)]
mod tests;
