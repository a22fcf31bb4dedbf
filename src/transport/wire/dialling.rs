//! How a connection is opened: where a number was named it waits until it may be, and it is told once it is there.
//!
//! The pool dials for the sake of a request, and goes on in a task of its own when the request has got another
//! connection meanwhile. For whom that is, is known by the task in which it begins.
//!
//! What does not belong here: how many connections there may be.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower::{Layer, Service};

use super::super::pace::Opened;
use super::capped::{Host, Turn};

tokio::task_local! {
    /// The request that is being sent.
    static SENDING: Sending;
}

/// What a dial needs to know of the request that it is for.
#[derive(Clone)]
struct Sending {
    /// Where there may be only so many connections.
    host: Option<Arc<Host>>,
    /// Who is told of a connection.
    opened: Option<Opened>,
}

/// Sends a request; the connections that are opened for it are told, and wait for their turn if it has one.
pub(super) async fn sending<T>(
    turn: Option<&Turn>,
    opened: Option<Opened>,
    work: impl Future<Output = T>,
) -> T {
    let host = turn.map(|turn| Arc::clone(&turn.host));
    SENDING.scope(Sending { host, opened }, work).await
}

/// Comes to an end where no request is being sent.
pub(super) async fn left_alone() {
    let is_sending = || SENDING.try_with(|_| ()).is_ok();
    poll_fn(|_| if is_sending() { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// The request has got another connection meanwhile.
#[derive(Debug)]
pub(super) struct Unwanted;

impl fmt::Display for Unwanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is no longer wanted")
    }
}

impl std::error::Error for Unwanted {}

/// Stands before what opens connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate;

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated(inner)
    }
}

/// A service that opens connections, with the gate before it.
#[derive(Debug, Clone)]
pub(super) struct Gated<S>(S);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError, Response: Connection> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // What was found ready is used, and not its clone.
        let clone = self.0.clone();
        let mut inner = std::mem::replace(&mut self.0, clone);
        let sending = SENDING.try_with(Sending::clone).ok();
        Box::pin(async move {
            let (host, opened) = sending.map_or((None, None), |sending| (sending.host, sending.opened));
            let mut dial = match host {
                Some(host) => Some(host.dial().await?),
                None => None,
            };
            if let Some(moment) = opened.as_ref().filter(|_| dial.is_none()).and_then(Opened::moment) {
                tokio::select! {
                    biased;
                    () = left_alone() => return Err(Unwanted.into()),
                    () = tokio::time::sleep(moment) => {}
                }
            }
            let connection = inner.call(request).await?;
            let connected = connection.connected();
            if let Some(dial) = &mut dial {
                let mut extras = http::Extensions::new();
                connected.get_extras(&mut extras);
                dial.made = extras.get::<HttpInfo>().map(HttpInfo::local_addr);
            }
            // One that takes any number of requests says nothing of how many more there may be.
            if let Some(opened) = opened.filter(|_| !connected.is_negotiated_h2()) {
                opened.one();
            }
            Ok(connection)
        })
    }
}
