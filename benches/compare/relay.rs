//! A relay that makes a near registry a far one: latency in each direction, a cap for each connection, connections that
//! are cut.
//!
//! Bytes wait in a queue until their time has come, so that latency costs time but no throughput; the queue is bounded,
//! so that a sender who is faster than the cap is slowed down as on a real line.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What one read takes at most; small enough for an even cap.
const PIECE: usize = 16 * 1024;
/// Pieces on the way: 16 MiB, more than a line of 100 MB/s and 50 ms holds.
const ON_THE_WAY: usize = 1024;

/// How far away the registry is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Distance {
    /// Each way.
    pub latency: Duration,
    /// Bytes a second for each connection and direction; none is no cap.
    pub cap: Option<u64>,
    /// A connection that has carried so many bytes to the client is cut.
    pub cut_after: Option<u64>,
}

/// A relay that runs until this is dropped.
pub struct Relay {
    address: SocketAddr,
    to_client: Arc<AtomicU64>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Relay {
    /// Listens on a port, 0 for a free one, and relays to a registry.
    pub fn start(port: u16, registry: &str, distance: Distance) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port)))?;
        let address = listener.local_addr()?;
        let to_client = Arc::new(AtomicU64::new(0));
        // Its own name may resolve to an address of the other family, on which the registry does not listen.
        let registry = registry.replace("localhost:", "127.0.0.1:");
        runtime.spawn(accept(listener, registry, distance, Arc::clone(&to_client)));
        Ok(Self { address, to_client, runtime: Some(runtime) })
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The bytes that clients were sent, over all connections.
    pub fn sent_to_clients(&self) -> u64 {
        self.to_client.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, registry: String, distance: Distance, sent: Arc<AtomicU64>) {
    while let Ok((client, _)) = listener.accept().await {
        // A connection that fails is its client's business.
        tokio::spawn(relay(client, registry.clone(), distance, Arc::clone(&sent)));
    }
}

async fn relay(
    client: TcpStream,
    registry: String,
    distance: Distance,
    sent: Arc<AtomicU64>,
) -> io::Result<()> {
    let server = TcpStream::connect(registry).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // A client on a real line would have waited for the answer to its SYN before it could send.
    let handshake = distance.latency * 2;
    let there =
        Lane { delay: distance.latency, first: handshake, cap: distance.cap, cut_after: None, sent: None };
    let back = Lane {
        delay: distance.latency,
        first: Duration::ZERO,
        cap: distance.cap,
        cut_after: distance.cut_after,
        sent: Some(sent),
    };
    // Either direction may end first; a cut ends both.
    tokio::select! {
        _ = there.carry(from_client, to_server) => Ok(()),
        cut = back.carry(from_server, to_client) => cut,
    }
}

/// One direction of a connection.
struct Lane {
    delay: Duration,
    first: Duration,
    cap: Option<u64>,
    cut_after: Option<u64>,
    sent: Option<Arc<AtomicU64>>,
}

impl Lane {
    async fn carry(self, mut from: OwnedReadHalf, to: OwnedWriteHalf) -> io::Result<()> {
        let (queue, pieces) = mpsc::channel(ON_THE_WAY);
        let (delay, opened) = (self.delay, Instant::now() + self.first);
        let write = tokio::spawn(self.write(pieces, to));
        loop {
            let mut piece = vec![0; PIECE];
            let length = from.read(&mut piece).await?;
            piece.truncate(length);
            let due = Instant::now().max(opened) + delay;
            if length == 0 || queue.send((due, piece)).await.is_err() {
                break;
            }
        }
        drop(queue);
        write.await.map_err(io::Error::other)?
    }

    async fn write(
        self,
        mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        let (mut carried, mut free) = (0_u64, Instant::now());
        while let Some((due, piece)) = pieces.recv().await {
            let due = due.max(free);
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            to.write_all(&piece).await?;
            let length = piece.len() as u64;
            carried += length;
            if let Some(sent) = &self.sent {
                sent.fetch_add(length, Ordering::Relaxed);
            }
            if let Some(cap) = self.cap {
                free = due + Duration::from_nanos(length.saturating_mul(1_000_000_000) / cap.max(1));
            }
            if self.cut_after.is_some_and(|most| carried >= most) {
                return Err(io::Error::other("cut"));
            }
        }
        to.shutdown().await
    }
}
