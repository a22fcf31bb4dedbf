//! The embedded registry behind HTTP/2 alone, which counts connections and the streams that are open at once.
//!
//! To see how wide a command is without looking at a clock, blobs are held back until so many requests for them wait at
//! once; one that never sends so many ends for want of an answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use oras::content::ByteStream;
use oras::server::{Config, Local};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::background::Background;
use super::certificates::Authority;

/// What was counted, since it was last asked for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many connections were made.
    pub connections: usize,
    /// How many requests there were.
    pub requests: usize,
    /// How many of them were open at once at most.
    pub most: usize,
}

/// The registry, as long as the test runs.
pub struct Streams {
    address: String,
    shared: Arc<Shared>,
    _server: Background,
}

struct Shared {
    registry: Local,
    counted: Mutex<(usize, Counted)>,
    /// How many requests for blobs wait, and for how many they do.
    blobs: watch::Sender<(usize, usize)>,
}

impl Streams {
    /// Starts one on a free port, with a certificate of this authority.
    pub fn start(authority: &Authority) -> Self {
        let mut tls = (*authority.server(&["localhost"])).clone();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let registry = Local::new(Config::new(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
        let blobs = watch::Sender::new((0, 0));
        let shared = Arc::new(Shared { registry, counted: Mutex::default(), blobs });
        let all = Arc::clone(&shared);
        let server = Background::listen(|listener| async move {
            while let Ok((stream, _)) = listener.accept().await {
                all.counted.lock().unwrap().1.connections += 1;
                // Whoever has gone needs no answer.
                tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&all)));
            }
        });
        Self { address: server.address(), shared, _server: server }
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Lets blobs wait from now on until so many are asked for at once.
    pub fn hold(&self, width: usize) {
        self.shared.blobs.send_replace((0, width));
    }

    /// What was counted since the last time.
    pub fn counted(&self) -> Counted {
        std::mem::take(&mut self.shared.counted.lock().unwrap().1)
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) -> Option<()> {
    let mut connection = h2::server::handshake(acceptor.accept(stream).await.ok()?).await.ok()?;
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(exchange(request, respond, Arc::clone(&shared)));
    }
    Some(())
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: Arc<Shared>,
) -> Option<()> {
    let is_first = shared.begin();
    // The first request goes alone, so it is not held.
    if !is_first && request.uri().path().contains("/blobs/sha256:") {
        shared.blobs.send_modify(|(waiting, _)| *waiting += 1);
        let _ = shared.blobs.subscribe().wait_for(|(waiting, width)| waiting >= width).await;
    }
    let (head, mut body) = request.into_parts();
    let mut pieces = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        body.flow_control().release_capacity(piece.len()).ok()?;
        pieces.push(piece);
    }
    let body: ByteStream = stream::iter(pieces).map(Ok).boxed();
    let (head, body) = shared.registry.answer(Request::from_parts(head, body)).await.into_parts();
    let pieces: Vec<Bytes> = body.try_collect().await.ok()?;
    // Whoever hears the answer may send the next request before anything else is done here.
    shared.end();
    let answer = http::Response::from_parts(head, ());
    let mut sending = respond.send_response(answer, false).ok()?;
    for piece in pieces {
        sending.send_data(piece, false).ok()?;
    }
    sending.send_data(Bytes::new(), true).ok()
}

impl Shared {
    /// Counts a request; tells whether it is the first.
    fn begin(&self) -> bool {
        let (now, counted) = &mut *self.counted.lock().unwrap();
        *now += 1;
        counted.requests += 1;
        counted.most = counted.most.max(*now);
        counted.requests == 1
    }

    fn end(&self) {
        self.counted.lock().unwrap().0 -= 1;
    }
}
