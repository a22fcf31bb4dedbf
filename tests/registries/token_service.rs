//! A token service as registries have it beside them: it knows who is there and signs what they may do.
//!
//! Source: the token authentication of distribution ("token" and "oauth"), and RFC 7515 for the signature: ES256, whose
//! certificate is in the header `x5c`, since both versions of distribution take that.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, SigningKey};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::peer::{PASSWORD, USER};
use crate::support::background::Background;

/// What the registry calls itself at the service.
pub const SERVICE: &str = "registry.example";
/// What the service calls itself at the registry.
pub const ISSUER: &str = "tokens.example";
/// What stands for the password of the user.
pub const IDENTITY_TOKEN: &str = "a-refresh-token-of-alice";

/// A service that runs until this is dropped.
pub struct TokenService {
    server: Background,
    certificate: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What those may do who do not say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// Nothing: they get no token.
    Refused,
    /// Reading: of what they ask for they are granted no more.
    MayPull,
}

/// A token that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whether it was asked for by an identity token, and not by a password.
    pub exchange: bool,
    /// What it is for: `repository:hello:pull,push`, several parted by blanks.
    pub scope: String,
}

impl TokenService {
    /// Starts one on a free port.
    pub fn start(strangers: Strangers) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([ISSUER.to_owned()]).unwrap().self_signed(&key).unwrap();
        let pem = certificate.pem();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let signer = Signer { key, certificate: STANDARD.encode(certificate.der()) };
        let desk = Arc::new(Desk { signer, strangers, asked: Arc::clone(&asked) });
        let router = Router::new().route("/token", get(by_password).post(by_identity)).with_state(desk);
        // Connections that are kept alive do not hold up the end.
        let server = Background::listen(|listener| async move {
            axum::serve(listener, router).into_future().await.unwrap();
        });
        Self { server, certificate: pem, asked }
    }

    /// Where tokens are asked for; a client takes that from `localhost` only if the registry has the same name.
    pub fn realm(&self) -> String {
        format!("http://{}/token", self.server.address())
    }

    /// The certificate of its key, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The tokens that it gave since this was called last.
    pub fn given(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// What those who answer share.
struct Desk {
    signer: Signer,
    strangers: Strangers,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Desk {
    /// A token for what is asked, as far as it is granted.
    fn give(&self, exchange: bool, parameters: &[(String, String)], granted: fn(&str) -> bool) -> String {
        let service = parameters.iter().find(|(name, _)| name == "service");
        assert_eq!(service.map(|(_, value)| value.as_str()), Some(SERVICE), "{parameters:?}");
        let scopes: Vec<&str> = parameters
            .iter()
            .filter(|(name, _)| name == "scope")
            .flat_map(|(_, value)| value.split_whitespace())
            .collect();
        self.asked.lock().unwrap().push(Asked { exchange, scope: scopes.join(" ") });
        self.signer.token(&scopes, granted)
    }
}

type Answer = Result<String, (StatusCode, String)>;

/// The plain form: `GET ?service=S&scope=A&scope=B` with a password.
async fn by_password(State(desk): State<Arc<Desk>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let granted: fn(&str) -> bool = match headers.get(header::AUTHORIZATION) {
        Some(given) if given == expected.as_str() => |_| true,
        None if desk.strangers == Strangers::MayPull => |action| action == "pull",
        _ => return Err(refused(StatusCode::UNAUTHORIZED)),
    };
    let parameters = pairs(query.unwrap_or_default().as_bytes());
    Ok(json!({ "token": desk.give(false, &parameters, granted), "expires_in": 300 }).to_string())
}

/// The OAuth2 form: `POST` of a refresh token; the scopes are one parameter.
async fn by_identity(State(desk): State<Arc<Desk>>, form: String) -> Answer {
    let parameters = pairs(form.as_bytes());
    let is = |name: &str, expected: &str| parameters.iter().any(|(n, value)| n == name && value == expected);
    if !is("grant_type", "refresh_token") || !is("refresh_token", IDENTITY_TOKEN) {
        return Err(refused(StatusCode::UNAUTHORIZED));
    }
    Ok(json!({ "access_token": desk.give(true, &parameters, |_| true), "expires_in": 300 }).to_string())
}

fn refused(status: StatusCode) -> (StatusCode, String) {
    (status, json!({ "details": "incorrect username or password" }).to_string())
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// The key, and the certificate by which a registry knows it.
struct Signer {
    key: KeyPair,
    certificate: String,
}

impl Signer {
    fn token(&self, scopes: &[&str], granted: fn(&str) -> bool) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let head = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate] });
        let claims = json!({
            "iss": ISSUER, "sub": USER, "aud": SERVICE, "jti": "1",
            "iat": now, "nbf": now, "exp": now + 300,
            "access": scopes.iter().map(|scope| access(scope, granted)).collect::<Vec<_>>(),
        });
        let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(head), encoded(claims));
        let signature = fixed_length(&self.key.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// `repository:team/hello:pull,push` as an entry of the claim.
fn access(scope: &str, granted: fn(&str) -> bool) -> Value {
    let (kind, rest) = scope.split_once(':').unwrap();
    let (name, actions) = rest.rsplit_once(':').unwrap();
    json!({ "type": kind, "name": name, "actions": actions.split(',').filter(|action| granted(action)).collect::<Vec<_>>() })
}

/// The two numbers of a DER signature as 32 bytes each. DER drops zeros in front, and sets one before a high bit.
fn fixed_length(der: &[u8]) -> Vec<u8> {
    let (mut rest, mut fixed) = (&der[2..], Vec::new());
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        fixed.resize(fixed.len() + 32 - number.len(), 0);
        fixed.extend_from_slice(number);
        rest = &rest[2 + length..];
    }
    fixed
}
