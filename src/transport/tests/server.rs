//! A server that answers each request with the bytes that a test gives it, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Method and target: `GET /v2/`.
    pub(super) line: String,
    /// Names in lower case, and values.
    pub(super) headers: Vec<(String, String)>,
    /// The body, if it had a length.
    pub(super) body: String,
    /// Which connection it came on, counted from nought.
    pub(super) connection: usize,
}

impl Seen {
    /// The values of a header, joined.
    pub(super) fn header(&self, name: &str) -> String {
        let values =
            self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join("|")
    }
}

/// What the server does with a request.
pub(super) enum Reply {
    /// Sends these bytes and goes on.
    Send(String),
    /// Sends these bytes and closes.
    Last(String),
    /// Throws the connection away.
    Reset,
    /// Sends these bytes, and nothing more as long as the client stays.
    Stall(String),
}

/// A server on a port of its own; it is gone when this is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    open: Arc<Open>,
    task: JoinHandle<()>,
}

type Handler = Arc<dyn Fn(usize, &Seen) -> Reply + Send + Sync>;

impl Server {
    /// Starts a server; `answer` is told how many requests came before.
    pub(super) async fn start(answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::over(None, answer).await
    }

    /// The same over TLS.
    pub(super) async fn over(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log): (Handler, _) = (Arc::new(answer), Arc::clone(&seen));
        let connections = Arc::new(AtomicUsize::new(0));
        let open = Arc::new(Open::default());
        let counted = (Arc::clone(&connections), Arc::clone(&open));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = counted.0.fetch_add(1, Ordering::SeqCst);
                let open = Seat::new(&counted.1);
                let (answer, log, tls) = (Arc::clone(&answer), Arc::clone(&log), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, (connection, open), &answer, &log).await;
                            }
                        }
                        None => plain(stream, (connection, open), &answer, &log).await,
                    }
                });
            }
        });
        Self { address, seen, connections, open, task }
    }

    /// Host and port.
    pub(super) fn registry(&self) -> String {
        self.address.to_string()
    }

    /// All requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections there have been, also those that brought no request.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many connections have been open at once at most.
    pub(super) fn most_open(&self) -> usize {
        self.open.most.load(Ordering::SeqCst)
    }

    /// Listens no more.
    pub(super) async fn end(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Methods and targets of all requests so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many connections are open, and have been at once at most.
#[derive(Default)]
struct Open {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One that is open.
struct Seat(Arc<Open>);

impl Seat {
    fn new(open: &Arc<Open>) -> Self {
        let now = open.now.fetch_add(1, Ordering::SeqCst) + 1;
        open.most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(open))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An answer with a body.
pub(super) fn reply(status: &str, headers: &[&str], body: &str) -> Reply {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        text += header;
        text += "\r\n";
    }
    Reply::Send(format!("{text}\r\n{body}"))
}

async fn plain(mut stream: TcpStream, connection: (usize, Seat), answer: &Handler, log: &Mutex<Vec<Seen>>) {
    if serve(&mut stream, connection, answer, log).await {
        let _ = stream.set_zero_linger();
    }
}

/// Answers requests until one ends the connection; true when it is to be thrown away.
async fn serve<S>(
    mut stream: S,
    (connection, seat): (usize, Seat),
    answer: &Handler,
    log: &Mutex<Vec<Seen>>,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = Vec::new();
    loop {
        let Some(seen) = next(&mut stream, &mut buffer, connection).await else { return false };
        let reply = {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let reply = answer(log.len(), &seen);
            log.push(seen);
            reply
        };
        match reply {
            Reply::Reset => return true,
            Reply::Stall(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                while stream.read_buf(&mut buffer).await.is_ok_and(|count| count > 0) {}
                return false;
            }
            Reply::Send(text) => {
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return false;
                }
            }
            Reply::Last(text) => {
                // Whoever has the last byte may open the next one before anything else is done here.
                drop(seat);
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
                return false;
            }
        }
    }
}

async fn next<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>, connection: usize) -> Option<Seen> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head: Vec<u8> = buffer.drain(..end).collect();
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.rsplit_once(' ')?.0.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    // A large body is left unread on purpose: the answer comes first.
    let body = if length > 64 * 1024 { 0 } else { length };
    while buffer.len() < body {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(buffer.drain(..body).collect()).ok()?;
    Some(Seen { line, headers, body, connection })
}
