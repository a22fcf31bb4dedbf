//! The way of one request through all parts.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use super::auth::{self, Next, Shown};
use super::origin::Origin;
use super::pace::Pace;
use super::redirect::{self, Rule};
use super::wire::{Hop, Wire};
use super::{Failures, Request, Response, Secured, Settings, observe, retry};
use crate::error::{Error, Result};

/// Everything that is needed to talk to one registry. A clone shares connections and tokens.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// What the parts of the way share.
pub(super) struct Inner {
    registry: String,
    base: Url,
    origin: Origin,
    settings: Settings,
    wire: Wire,
    pace: Pace,
    /// The turn of the first request.
    first: Mutex<()>,
}

impl Client {
    /// A client for the registry `host[:port]`; nothing is opened before the first request.
    ///
    /// # Errors
    /// A name that cannot be a host; certificates that cannot be read.
    pub fn new(registry: &str, settings: Settings) -> Result<Self> {
        let scheme = if settings.plain_http { "http" } else { "https" };
        // The name of Docker Hub is not the name of its registry.
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let invalid = |why: &str| Error::invalid(format!("invalid registry {registry:?}: {why}"));
        let base = Url::parse(&format!("{scheme}://{host}/")).map_err(|error| invalid(&error.to_string()))?;
        let origin = Origin::of(&base).ok_or_else(|| invalid("no host"))?;
        let wire = Wire::new(&base, origin.clone(), &settings)?;
        let registry = registry.to_owned();
        let (pace, first) = (Pace::default(), Mutex::default());
        Ok(Self(Arc::new(Inner { registry, base, origin, settings, wire, pace, first })))
    }

    /// The root of the registry's origin: `https://host:port/`.
    pub fn base(&self) -> &Url {
        &self.0.base
    }

    /// Sends a request and returns the last answer, whatever its status.
    ///
    /// # Errors
    /// No answer came; credentials that do not work.
    pub async fn send(&self, mut request: Request) -> Result<Response> {
        let client = &*self.0;
        let _first = client.first().await;
        let (mut pass, mut doubted) = (auth::known(client, &request).await, None);
        loop {
            let authorization = pass.as_ref().map(auth::Pass::authorization);
            let arrived = redirect::follow(client, &request, authorization, Rule::Registry).await?;
            let shown = Shown { pass: pass.as_ref(), doubted: doubted.as_ref() };
            match auth::answer(client, &mut request, shown, arrived).await? {
                Next::Done(response) => return Ok(response),
                Next::Again(better) => pass = Some(better),
                Next::Without => doubted = pass.take(),
            }
        }
    }

    /// Sends a request as somebody of whom nothing is known, and returns the last answer: an unopened door stays shut.
    ///
    /// # Errors
    /// No answer came.
    pub async fn send_anonymously(&self, request: &Request) -> Result<Response> {
        let arrived = redirect::follow(&self.0, request, None, Rule::Registry).await?;
        Ok(arrived.response)
    }

    /// Whether the registry has answered anything yet.
    pub fn has_answered(&self) -> bool {
        self.0.wire.has_answered(&self.0.origin)
    }

    /// Whether a request may go out before it is known to be needed: to a registry that is far away, and where no number of
    /// connections was named, so that each waits for its turn. Over TLS this waits, as all do, for the answer to the first
    /// request, and where there was none yet, a moment for one.
    pub async fn may_go_ahead(&self) -> bool {
        let client = &*self.0;
        client.settings.connections.is_none()
            && client.first().await.is_none()
            && client.pace.is_far(&client.origin).await
    }

    /// Sends a request with what is known to open the registry, and returns the last answer, also where it asks for more.
    ///
    /// # Errors
    /// No answer came.
    pub async fn send_as_known(&self, request: &Request) -> Result<Response> {
        let pass = auth::known(&self.0, request).await;
        let authorization = pass.as_ref().map(auth::Pass::authorization);
        let arrived = redirect::follow(&self.0, request, authorization, Rule::Registry).await?;
        Ok(arrived.response)
    }

    /// How the first connection to the registry itself was secured; none if it was not, or there is none yet.
    pub fn secured(&self) -> Option<Secured> {
        self.0.wire.secured()
    }

    /// Counts a failure of something that is more than one request, after which so many bytes of so many have moved, and
    /// tells it. Returns when it is time for the next try, or false if there is to be none: the failure does not pass,
    /// or there were too many.
    pub async fn again(&self, failures: &Failures, error: &Error, moved: (u64, Option<u64>)) -> bool {
        retry::again(&self.0, failures, error, moved).await
    }
}

impl Inner {
    /// The turn of the first request, if this is it. Over TLS it goes alone: its answer tells whether all others can
    /// share its connection, and what opens the registry.
    async fn first(&self) -> Option<MutexGuard<'_, ()>> {
        let is_first = || self.origin.secure() && !self.wire.has_answered(&self.origin);
        if !is_first() {
            return None;
        }
        let turn = self.first.lock().await;
        is_first().then_some(turn)
    }

    /// One hop: what is seen of it by whoever watches lies outside of what is tried again.
    pub(super) async fn exchange(&self, hop: &Hop) -> Result<Response> {
        // On the heap, since it is part of every operation.
        let answer = Box::pin(retry::send(self, hop));
        match &self.settings.observer {
            Some(observer) => observe::heard(observer, self, hop, answer).await,
            None => answer.await,
        }
    }

    /// The registry as it was named.
    pub(super) fn registry(&self) -> &str {
        &self.registry
    }

    /// The root of the registry's origin.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The registry's origin.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its connections.
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Which hosts are to be left alone.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// How the registry is to be reached.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.0.base.as_str()).finish_non_exhaustive()
    }
}
