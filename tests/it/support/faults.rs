//! What networks and servers do to honest requests, as a table in front of a registry.
//!
//! [`Faults`] is a proxy that a client takes for the registry itself. A row of its table names a kind of request, which
//! of them, and what happens to it; all others pass unharmed. It speaks HTTP/1.1, keeps connections of clients, and holds
//! each message whole in memory, so it is for small content.
//!
//! What does not belong here: what is answered by a registry that lies on purpose ([`super::hostile`]).

mod message;

use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use self::message::{Connection, Received, Reply, pass_on};
use super::background::Background;

/// Kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// `GET /v2/`.
    Ping,
    /// A token is asked for.
    Token,
    /// The list of repositories.
    Catalog,
    /// A page of tags.
    Tags,
    /// A page of referrers.
    Referrers,
    /// `HEAD` of a manifest.
    ManifestHead,
    /// A manifest by a tag.
    Tagged,
    /// A manifest by its digest.
    Manifest,
    /// A manifest is stored.
    ManifestPut,
    /// A manifest or a tag is removed.
    ManifestDelete,
    /// `HEAD` of a blob.
    BlobHead,
    /// A blob.
    Blob,
    /// A blob is removed.
    BlobDelete,
    /// An upload begins.
    Start,
    /// A blob is to be taken from another repository.
    Mount,
    /// How far an upload is.
    Status,
    /// A chunk of an upload.
    Chunk,
    /// The end of an upload, mostly with all of its content.
    End,
    /// Anything where a redirect has led to, as the store behind a registry: see [`Fault::Redirect`].
    Store,
    /// Anything else.
    Other,
}

/// What happens to a request. Content of requests is read first, unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Is answered with this status and these headers, and never passed on.
    Answer(u16, &'static [(&'static str, &'static str)]),
    /// The same as soon as so many bytes of its content have come; the rest is never read.
    Early(usize, u16),
    /// The connection is reset as soon as so many bytes of its content have come.
    Reset(usize),
    /// The connection is closed without an answer.
    Close,
    /// It is passed on, but the connection is reset before the answer.
    Lost,
    /// Only so many bytes of the answer's content come, then the connection is closed.
    Cut(usize),
    /// Only so many bytes of the answer's content come, then the connection is reset.
    Torn(usize),
    /// No answer comes, as long as the client stays.
    Silence,
    /// Only so many bytes of the answer's content come, and the connection stays open.
    Stall(usize),
    /// The answer promises so many bytes more than come before the connection is closed.
    Longer(usize),
    /// The last byte of the content of the answer is another one.
    Wrong,
    /// The answer has this header, with this value.
    Header(&'static str, &'static str),
    /// The answer lacks this header.
    Without(&'static str),
    /// The content of the answer comes in chunks, without a length.
    Chunked,
    /// Another origin is named where the same can be had, without credentials.
    Redirect,
    /// Authorization is not accepted: the registry is asked as if none had come.
    Expired,
    /// The header that asks for a part is not looked at.
    NoRange,
    /// Is answered, but the next request on that connection is not, which is closed instead.
    Tired,
}

/// One row of the table: which requests, which of these, counted from nought, and what happens to them.
pub type Row = (On, Range<usize>, Fault);

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What kind it was.
    pub on: On,
    /// Method, path and query.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// How many bytes of its content were read.
    pub received: usize,
    /// The status that was answered; none without an answer.
    pub status: Option<u16>,
    /// How many bytes of content were answered.
    pub answered: usize,
    /// Which connection it came on, counted from nought.
    pub connection: usize,
}

impl Seen {
    /// The value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        message::header(&self.headers, name).unwrap_or_default()
    }
}

/// The proxy, as long as the test runs.
pub struct Faults {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    waiting: Arc<Mutex<Waiting>>,
    open: Arc<Mutex<Waiting>>,
    _server: Background,
}

/// How many requests wait for their answers, or connections are open, and how many have been at once at most.
#[derive(Default)]
struct Waiting {
    now: usize,
    most: usize,
}

/// What all connections share.
struct Shared {
    waiting: Arc<Mutex<Waiting>>,
    open: Arc<Mutex<Waiting>>,
    port: u16,
    behind: SocketAddr,
    table: Vec<Row>,
    /// Each kind of request so far, in the order in which they came.
    counted: Mutex<Vec<On>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Faults {
    /// Starts a proxy on a free port, in front of `host:port`.
    pub fn before(behind: &str, table: impl Into<Vec<Row>>) -> Self {
        let behind = behind.to_socket_addrs().unwrap().find(SocketAddr::is_ipv4).unwrap();
        let (seen, table) = (Arc::new(Mutex::new(Vec::new())), table.into());
        let (log, waiting, open) = (Arc::clone(&seen), Arc::default(), Arc::default());
        let counted = (Arc::clone(&waiting), Arc::clone(&open));
        let server = Background::listen(move |listener| async move {
            let port = listener.local_addr().unwrap().port();
            let (waiting, open) = counted;
            let shared = Shared { waiting, open, port, behind, table, counted: Mutex::default(), seen: log };
            accept(listener, Arc::new(shared)).await;
        });
        Self { address: server.address(), seen, waiting, open, _server: server }
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests have waited for their answers at once at most.
    pub fn most_at_once(&self) -> usize {
        self.waiting.lock().unwrap().most
    }

    /// How many connections have been open at once at most.
    pub fn most_connections(&self) -> usize {
        self.open.lock().unwrap().most
    }

    /// The requests of one kind so far.
    pub fn seen_of(&self, on: On) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.on == on).collect()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _open = Wait::begin(&shared.open);
            let mut client = Connection::new(stream);
            let mut tired = false;
            // Whoever has gone needs no answer.
            while let Ok(Some(request)) = client.request().await {
                if tired || exchange(&shared, &mut client, request, connection, &mut tired).await.is_none() {
                    return;
                }
            }
        });
    }
}

/// The answer to one request; none if the connection is over.
async fn exchange(
    shared: &Shared,
    client: &mut Connection,
    mut request: Received,
    connection: usize,
    tired: &mut bool,
) -> Option<()> {
    let on = kind(&request.line);
    let waiting = Wait::begin(&shared.waiting);
    let fault = shared.fault(on);
    let limit = match fault {
        Some(Fault::Early(limit, _) | Fault::Reset(limit)) => limit,
        _ => usize::MAX,
    };
    client.content(&mut request, limit).await.ok()?;
    let place = shared.note(on, &request, connection);
    let reply = match &fault {
        Some(Fault::Reset(_)) => return client.reset(),
        Some(Fault::Close) => return None,
        Some(Fault::Silence) => return client.wait().await,
        Some(Fault::Answer(status, headers)) => Reply::new(*status, headers),
        Some(Fault::Early(_, status)) => Reply::new(*status, &[("Connection", "close")]),
        Some(Fault::Redirect) => Reply::new(307, &[("Location", &shared.store(&request))]),
        fault => {
            match fault {
                Some(Fault::Expired) => request.headers.retain(|(name, _)| name != "authorization"),
                Some(Fault::NoRange) => request.headers.retain(|(name, _)| name != "range"),
                _ => {}
            }
            let target = request.line.replace(STORE, "");
            pass_on(shared.behind, &Received { line: target, ..request.clone() }).await.ok()?
        }
    };
    if matches!(fault, Some(Fault::Lost)) {
        return client.reset();
    }
    *tired = matches!(fault, Some(Fault::Tired));
    // Whoever hears the answer may send the next request before anything else is done here.
    drop(waiting);
    let with_content = !request.line.starts_with("HEAD ");
    shared.answered(place, reply.status, with_content, reply.content.len(), fault.as_ref());
    client.answer(reply.with(fault.as_ref()), with_content, fault.as_ref()).await
}

/// The time in which a request waits, or a connection is open.
struct Wait<'a>(&'a Mutex<Waiting>);

impl<'a> Wait<'a> {
    fn begin(counted: &'a Mutex<Waiting>) -> Self {
        let mut waiting = counted.lock().unwrap();
        waiting.now += 1;
        waiting.most = waiting.most.max(waiting.now);
        Self(counted)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().now -= 1;
    }
}

/// What stands before the paths of the store behind the registry.
const STORE: &str = "/store";

impl Shared {
    /// What happens to the next request of this kind.
    fn fault(&self, on: On) -> Option<Fault> {
        let mut counted = self.counted.lock().unwrap();
        let before = counted.iter().filter(|other| **other == on).count();
        counted.push(on);
        let row = self.table.iter().find(|(kind, which, _)| *kind == on && which.contains(&before));
        row.map(|(_, _, fault)| fault.clone())
    }

    fn note(&self, on: On, request: &Received, connection: usize) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.push(Seen {
            on,
            line: request.line.clone(),
            headers: request.headers.clone(),
            received: request.content.len(),
            status: None,
            answered: 0,
            connection,
        });
        seen.len() - 1
    }

    fn answered(&self, place: usize, status: u16, with_content: bool, length: usize, fault: Option<&Fault>) {
        let limit = match fault {
            Some(Fault::Cut(limit) | Fault::Torn(limit) | Fault::Stall(limit)) => *limit,
            _ => usize::MAX,
        };
        let seen = &mut self.seen.lock().unwrap()[place];
        seen.status = Some(status);
        seen.answered = if with_content { length.min(limit) } else { 0 };
    }

    /// Another origin, with another spelling of this machine, where the same can be had.
    fn store(&self, request: &Received) -> String {
        let target = request.line.split_once(' ').map_or("/", |(_, target)| target);
        format!("http://127.0.0.1:{}{STORE}{target}", self.port)
    }
}

/// What kind of request it is, by its method and its path.
fn kind(line: &str) -> On {
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        (_, ["", "store", ..]) => On::Store,
        (_, ["", "token"]) => On::Token,
        (_, ["", "v2", ""]) => On::Ping,
        (_, [.., "_catalog"]) => On::Catalog,
        (_, [.., "tags", "list"]) => On::Tags,
        (_, [.., "referrers", _]) => On::Referrers,
        ("POST", [.., "blobs", "uploads", _]) if query.contains("mount=") => On::Mount,
        ("POST", [.., "blobs", "uploads", _]) => On::Start,
        ("GET", [.., "blobs", "uploads", _]) => On::Status,
        ("PATCH", [.., "blobs", "uploads", _]) => On::Chunk,
        ("PUT", [.., "blobs", "uploads", _]) => On::End,
        ("HEAD", [.., "blobs", _]) => On::BlobHead,
        ("GET", [.., "blobs", _]) => On::Blob,
        ("DELETE", [.., "blobs", _]) => On::BlobDelete,
        ("HEAD", [.., "manifests", _]) => On::ManifestHead,
        ("GET", [.., "manifests", name]) if name.contains(':') || name.contains("%3A") => On::Manifest,
        ("GET", [.., "manifests", _]) => On::Tagged,
        ("PUT", [.., "manifests", _]) => On::ManifestPut,
        ("DELETE", [.., "manifests", _]) => On::ManifestDelete,
        _ => On::Other,
    }
}
