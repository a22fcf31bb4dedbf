//! The address, the connections and their bounds, and the end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::AddExtension;
use axum_server::Handle;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Layer;

use super::handle::handle;
use super::patient::Patient;
use super::{Config, Registry};
use crate::error::{Error, IoContext, Result};

/// A registry that has its address and takes connections as soon as it runs.
pub struct Bound {
    address: SocketAddr,
    listener: TcpListener,
    registry: Arc<Registry>,
    tls: Option<RustlsConfig>,
}

/// Makes a registry ready: storage, users, certificate, address.
///
/// # Errors
/// An address that other machines can reach, without users and without the word that it is open to everybody; a
/// folder, a certificate or an address that cannot be used.
pub async fn bind(config: Config) -> Result<Bound> {
    let reachable = !config.address.ip().to_canonical().is_loopback();
    if reachable && config.authentication.is_none() && !config.open_to_everybody {
        let text = format!("other machines can reach {} and anybody could write to it", config.address);
        return Err(Error::invalid(text));
    }
    let tls = match &config.tls {
        None => None,
        Some(files) => {
            // An installed provider is as good: it fails only when there is one already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let read = RustlsConfig::from_pem_file(&files.certificate, &files.key).await;
            Some(read.at("read", &files.certificate)?)
        }
    };
    let listener = TcpListener::bind(config.address).await.at("listen", config.address.to_string())?;
    let address = listener.local_addr().at("listen", config.address.to_string())?;
    let registry = Arc::new(Registry::new(config, address)?);
    Ok(Bound { address, listener, registry, tls })
}

impl Bound {
    /// The address it really has.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `end` is there. Then no connection is taken any more, and requests that are under way
    /// get a little time.
    ///
    /// # Errors
    /// The system takes the listening socket away.
    pub async fn run(self, end: impl Future<Output = ()> + Send) -> Result<()> {
        let name = self.address.to_string();
        let registry = self.registry;
        let limits = registry.config.limits.clone();
        let router = Router::new().fallback(handle).with_state(Arc::clone(&registry));
        let handle = Handle::new();
        let mut server = axum_server::Server::<SocketAddr>::from_listener(self.listener)
            .handle(handle.clone())
            .first_request_timeout(limits.head_patience);
        let builder = server.http_builder();
        builder.http1().header_read_timeout(limits.head_patience).max_buf_size(limits.head.max(8192));
        builder
            .http2()
            .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
            .max_concurrent_streams(100)
            .keep_alive_interval(limits.head_patience)
            .keep_alive_timeout(limits.head_patience);
        let (seats, patience) = (Arc::new(Semaphore::new(limits.connections)), limits.body_patience);
        let service = router.into_make_service();
        let serving = match self.tls {
            None => {
                server.acceptor(Seated { inner: NoDelayAcceptor, seats, patience }).serve(service).boxed()
            }
            Some(tls) => {
                let inner = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor);
                server.acceptor(Seated { inner, seats, patience }).serve(service).boxed()
            }
        };
        let expiry = async {
            loop {
                tokio::time::sleep(limits.upload_idle / 4).await;
                registry.uploads.forget_idle();
            }
        };
        let ending = async {
            end.await;
            handle.graceful_shutdown(Some(limits.farewell));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            result = serving => result.at("listen", name),
            () = expiry => Ok(()),
            () = ending => Ok(()),
        }
    }
}

/// Takes connections while there are seats, and closes those for which there is none.
#[derive(Clone)]
struct Seated<A> {
    inner: A,
    seats: Arc<Semaphore>,
    patience: Duration,
}

type Seat = axum::Extension<Arc<OwnedSemaphorePermit>>;

impl<A, S> Accept<TcpStream, S> for Seated<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Patient<A::Stream>;
    /// The seat is held by the service of the connection, which lives as long as it does.
    type Service = AddExtension<A::Service, Arc<OwnedSemaphorePermit>>;
    type Future = BoxFuture<'static, std::io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else {
            let full = std::io::Error::other("too many connections");
            return futures_util::future::ready(Err(full)).boxed();
        };
        let (accepted, patience) = (self.inner.accept(stream, service), self.patience);
        async move {
            let (stream, service) = accepted.await?;
            let seat: Seat = axum::Extension(Arc::new(seat));
            Ok((Patient::new(stream, patience), seat.layer(service)))
        }
        .boxed()
    }
}
