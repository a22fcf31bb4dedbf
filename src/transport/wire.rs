//! HTTP itself: connections, TLS, proxies, addresses.
//!
//! A client is built when the first request needs it, one for the registry's own origin (which alone is shown the
//! client certificate), one for each origin with an address of its own or one that is judged, and one for all others.
//!
//! What does not belong here: what is sent, and whether it is sent again.

mod capped;
mod certificate;
mod dial;
mod dialling;
mod hop;
mod reason;
mod stall;
mod tls;
mod trust;
mod upload;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, Method, StatusCode, Version};
use hyper_util::client::legacy::connect::HttpInfo;
use url::Url;

use self::capped::{Capped, Turn};
use self::dial::{Lookup, dialled, is_elsewhere, readdress};
use self::dialling::Gate;
pub(super) use self::hop::{Connection, Failure, Hop};
pub(super) use self::reason::Cause;
pub use self::tls::Secured;
use self::tls::{Protocol, Tls};
use self::upload::Upload;
use super::origin::Origin;
use super::pace::Opened;
use super::redact::shown;
use super::{Carrier, Names, Proxies, Resolve, Response, Settings, proxy};
use crate::content::Body;
use crate::error::{Error, Kind, Result};

/// How long a connection may take to come about, as with Go's own client.
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// The connections of one registry.
pub(super) struct Wire {
    own: Origin,
    carrier: Option<Arc<dyn Carrier>>,
    tls: Tls,
    resolve: Vec<Resolve>,
    names: Arc<dyn Names>,
    proxies: Proxies,
    clients: tokio::sync::Mutex<HashMap<(Route, Protocol), reqwest::Client>>,
    /// The near ends of connections that have brought an answer.
    used: Mutex<HashSet<SocketAddr>>,
    /// Who has answered at all, and whether over HTTP/2.
    answered: Mutex<HashMap<Origin, bool>>,
    /// How many connections each host may have at once, where that is said.
    capped: Option<Capped>,
    /// How long nothing may move; zero is for ever.
    timeout: Duration,
}

/// What a client is built for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Route {
    Own,
    At(Origin, SocketAddr),
    /// Shared with nobody, so that each of its connections is to an address that was judged.
    Judged(Origin),
    Others {
        secure: bool,
    },
}

impl Wire {
    /// Reads certificates; opens nothing. `base` is a URL of the registry's own origin.
    ///
    /// # Errors
    /// Certificates that cannot be read, or a client certificate that a proxy would be shown.
    pub(super) fn new(base: &Url, own: Origin, settings: &Settings) -> Result<Self> {
        let tls = Tls::new(settings)?;
        let (resolve, timeout) = (settings.resolve.clone(), settings.timeout);
        let (clients, used, answered) = (tokio::sync::Mutex::default(), Mutex::default(), Mutex::default());
        let (carrier, names) = (settings.carrier.clone(), Arc::clone(&settings.names));
        let proxies = settings.proxies.clone();
        let capped = settings.connections.map(Capped::at);
        let wire =
            Self { own, carrier, tls, resolve, names, proxies, clients, used, answered, capped, timeout };
        if settings.client_certificate.is_some() {
            wire.keep_certificate(base)?;
        }
        Ok(wire)
    }

    /// Refuses to show the client certificate to a proxy on the way to the registry: one configuration of TLS is for both.
    fn keep_certificate(&self, base: &Url) -> Result<()> {
        let own = &self.own;
        let proxy = self.proxy(base, self.fixed(own)).filter(|proxy| proxy.scheme() == "https");
        match proxy.filter(|_| own.secure()) {
            Some(proxy) => Err(Error::invalid(format!(
                "the client certificate for {own} would be shown to the proxy {}, too: name a proxy that is reached by http, or {own} in NO_PROXY",
                proxy::shown(proxy)
            ))),
            None => Ok(()),
        }
    }

    /// The address that was given by hand.
    fn fixed(&self, origin: &Origin) -> Option<SocketAddr> {
        self.resolve.iter().find(|entry| origin.is(&entry.host, entry.port)).map(|entry| entry.address)
    }

    /// The proxy on the way to a URL, of whose host this is the address that was given by hand, if there is one: that is
    /// meant to be dialled.
    fn proxy(&self, url: &Url, fixed: Option<SocketAddr>) -> Option<&Url> {
        self.proxies.of(url).filter(|_| fixed.is_none())
    }

    /// How the registry itself was reached; none if not by TLS, or not yet.
    pub(super) fn secured(&self) -> Option<Secured> {
        self.tls.secured()
    }

    /// Whether this host has ever answered.
    pub(super) fn has_answered(&self, origin: &Origin) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).contains_key(origin)
    }

    /// One request, one answer; `opened` is told of connections that are made for it.
    pub(super) async fn send(&self, hop: &Hop, opened: Option<Opened>) -> Result<Response, Failure> {
        let unsent = |error| Failure { error, cause: None, stale: false, moved: None };
        let origin = Origin::of(&hop.url)
            .ok_or_else(|| unsent(Error::invalid(format!("{}: not a URL of HTTP", hop.url))))?;
        if let Some(carrier) = &self.carrier {
            return self.carried(&**carrier, hop, &origin).await.map_err(unsent);
        }
        let fixed = self.fixed(&origin);
        let turn = match &self.capped {
            Some(capped) => Some(capped.turn(&origin).await),
            None => None,
        };
        let protocol = match fixed {
            _ if hop.connection == Connection::Apart && self.shares(&origin) => Protocol::Http1,
            Some(address) if is_elsewhere(&hop.url, address) => Protocol::Http1,
            _ => Protocol::Any,
        };
        let route = (self.route(hop, &origin, fixed), protocol);
        let client = self.client(&route, &origin, fixed).await.map_err(unsent)?;
        let (mut url, mut headers) = (hop.url.clone(), hop.headers.clone());
        if let Some(address) = fixed.filter(|address| is_elsewhere(&url, *address)) {
            readdress(&mut url, &mut headers, address);
        }
        let mut request = reqwest::Request::new(hop.method.clone(), url);
        let upload = Upload::default();
        if let Some(body) = self.body(hop, &mut headers, &upload).await.map_err(unsent)? {
            *request.body_mut() = Some(body);
        }
        *request.headers_mut() = headers;
        let work = dialling::sending(turn.as_ref(), opened, client.execute(request));
        match stall::within(self.timeout, &upload, work).await {
            Some(Ok(answer)) => match self.proxy(&hop.url, fixed) {
                Some(proxy) if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                    let reason = proxy::through(proxy, reason::PROXY_WANTS_PASSWORD);
                    let url = shown(&hop.url, origin == self.own);
                    Err(unsent(network(hop.method.clone(), url, reason, false)))
                }
                _ => Ok(self.answer(hop, &origin, answer, (&upload, turn))),
            },
            Some(Err(error)) => {
                if let Some(turn) = &turn {
                    turn.failed(near_end(&error));
                }
                match upload.failure() {
                    Some(own) => Err(unsent(own)),
                    None => Err(self.failure(hop, &origin, fixed, &error, &upload).await),
                }
            }
            None => {
                // Nobody knows what its connections are still good for.
                self.clients.lock().await.remove(&route);
                if let Some(turn) = &turn {
                    turn.abandoned();
                }
                let reason = format!("no answer, and no byte moved, for {:?}", self.timeout);
                let error = network(hop.method.clone(), shown(&hop.url, origin == self.own), reason, false);
                Err(Failure { error, cause: Some(Cause::Timeout), stale: false, moved: hop.sent(&upload) })
            }
        }
    }

    fn heard(&self, origin: &Origin, version: Version) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.insert(origin.clone(), version == Version::HTTP_2);
    }

    /// Whether many requests to this host share a connection, as far as is known.
    fn shares(&self, origin: &Origin) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).get(origin) == Some(&true)
    }

    fn route(&self, hop: &Hop, origin: &Origin, fixed: Option<SocketAddr>) -> Route {
        match fixed {
            _ if *origin == self.own => Route::Own,
            Some(address) => Route::At(origin.clone(), address),
            None if hop.connection == Connection::Judged => Route::Judged(origin.clone()),
            None => Route::Others { secure: origin.secure() },
        }
    }

    async fn carried(&self, carrier: &dyn Carrier, hop: &Hop, origin: &Origin) -> Result<Response> {
        let body = match &hop.body {
            Some(body) => body.open(0).await?,
            None => futures_util::stream::empty().boxed(),
        };
        let mut request = http::Request::new(body);
        *request.method_mut() = hop.method.clone();
        *request.uri_mut() = hop.url.as_str().parse().map_err(|_| Error::invalid("not a URL of HTTP"))?;
        *request.headers_mut() = hop.headers.clone();
        if let Some(size) = hop.body.as_ref().and_then(Body::size) {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
        let (head, body) = carrier.carry(request).await?.into_parts();
        self.heard(origin, head.version);
        Ok(Response {
            method: hop.method.clone(),
            url: hop.url.clone(),
            status: head.status,
            headers: head.headers,
            from_registry: *origin == self.own,
            repeated: false,
            body,
        })
    }

    async fn body(
        &self,
        hop: &Hop,
        headers: &mut HeaderMap,
        upload: &Upload,
    ) -> Result<Option<reqwest::Body>> {
        let Some(body) = &hop.body else {
            if matches!(hop.method, Method::POST | Method::PUT | Method::PATCH) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            }
            return Ok(None);
        };
        if let Some(size) = body.size() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
        Ok(Some(match body.in_memory() {
            Some(bytes) => bytes.clone().into(),
            None => reqwest::Body::wrap_stream(upload.stream(body.open(0).await?, body.size())),
        }))
    }

    fn answer(
        &self,
        hop: &Hop,
        origin: &Origin,
        answer: reqwest::Response,
        (upload, mut turn): (&Upload, Option<Turn>),
    ) -> Response {
        self.heard(origin, answer.version());
        if let Some(near_end) = answer.extensions().get::<HttpInfo>().map(HttpInfo::local_addr) {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(near_end);
            if let Some(turn) = &mut turn {
                turn.answered(near_end, capped::after(hop, &answer, upload));
            }
        }
        let (from_registry, timeout) = (*origin == self.own, self.timeout);
        if from_registry {
            self.tls.note(&answer);
        }
        let (status, headers, size) = (answer.status(), answer.headers().clone(), answer.content_length());
        let stop = (!status.is_success()).then(|| upload.pause());
        let (method, url) = (hop.method.clone(), shown(&hop.url, from_registry));
        let broken = move |reason| network(method.clone(), url.clone(), reason, false).passing();
        let body = stall::watched(self.timeout, answer.bytes_stream()).map(move |piece| {
            // The request's body is given up when this stream is dropped.
            let _ = &stop;
            match piece {
                Some(piece) => piece.map_err(|error| broken(reason::of_body(&error))),
                None => Err(broken(format!("no byte came for {timeout:?}"))),
            }
        });
        Response {
            method: hop.method.clone(),
            url: hop.url.clone(),
            status,
            headers,
            from_registry,
            repeated: false,
            body: match turn {
                Some(turn) => turn.until_end(size, body),
                None => body.boxed(),
            },
        }
    }

    async fn failure(
        &self,
        hop: &Hop,
        origin: &Origin,
        fixed: Option<SocketAddr>,
        error: &reqwest::Error,
        upload: &Upload,
    ) -> Failure {
        let proxy = self.proxy(&hop.url, fixed);
        let far_end = proxy.unwrap_or(&hop.url);
        let address =
            if error.is_connect() { dialled(&*self.names, far_end, fixed).await } else { String::new() };
        let (cause, reason) = reason::of_request(error, &address);
        let reason = proxy.map_or_else(|| reason.clone(), |proxy| proxy::through(proxy, &reason));
        let url = shown(&hop.url, *origin == self.own);
        let error_told = network(hop.method.clone(), url, reason, cause == Cause::Unreachable);
        let stale = near_end(error)
            .is_some_and(|end| self.used.lock().unwrap_or_else(PoisonError::into_inner).contains(&end));
        Failure { error: error_told, cause: Some(cause), stale, moved: hop.sent(upload) }
    }

    async fn client(
        &self,
        route: &(Route, Protocol),
        origin: &Origin,
        fixed: Option<SocketAddr>,
    ) -> Result<reqwest::Client> {
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(route) {
            return Ok(client.clone());
        }
        let client = self.build(&route.0, origin, fixed, route.1)?;
        clients.insert(route.clone(), client.clone());
        Ok(client)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where clients are made")]
    fn build(
        &self,
        route: &Route,
        origin: &Origin,
        fixed: Option<SocketAddr>,
        protocol: Protocol,
    ) -> Result<reqwest::Client> {
        let judged = matches!(route, Route::Judged(_)).then(|| origin.host());
        let lookup = Lookup { fixed, names: Arc::clone(&self.names), judged };
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(DIAL_TIMEOUT)
            .dns_resolver(Arc::new(lookup))
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connector_layer(Gate);
        // An address that was given by hand is meant to be dialled.
        if fixed.is_none() {
            let proxies = self.proxies.clone();
            builder = builder.proxy(reqwest::Proxy::custom(move |url| proxies.of(url).map(proxy::dialled)));
        }
        let builder = self.tls.apply(builder, protocol, origin.secure(), *route == Route::Own)?;
        builder
            .build()
            .map_err(|error| Error::invalid(format!("cannot set up TLS: {error}")).caused_by(error))
    }
}

/// The near end of the connection on which a request failed.
fn near_end(error: &reqwest::Error) -> Option<SocketAddr> {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
            let mut extras = http::Extensions::new();
            error.connect_info()?.get_extras(&mut extras);
            return extras.get::<HttpInfo>().map(HttpInfo::local_addr);
        }
        next = cause.source();
    }
    None
}

fn network(method: Method, url: String, reason: String, unreachable: bool) -> Error {
    Error::new(Kind::Network { method, url, reason, unreachable })
}
