//! A server that answers as it is told, also as no registry should, and writes down what it was asked.
//!
//! Raw HTTP/1.1 over a socket or over TLS: one answer a connection, and every byte of it is the test's.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use oras::oci::Digest;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The type of an image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The type of an image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method, path and query.
    pub line: String,
    /// All lines of its head.
    pub head: String,
    /// Its content.
    pub body: Vec<u8>,
    /// Whether its client has shown a certificate.
    pub certified: bool,
}

impl Asked {
    /// The value of a header, by its name in lower case; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// What is answered.
#[derive(Clone)]
pub struct Answer {
    head: String,
    body: Vec<u8>,
    endless: bool,
    pace: Option<Pace>,
}

/// What is done before each piece of the content is sent, and after the last one: it is told how many bytes were.
type Pace = Arc<dyn Fn(usize) + Send + Sync>;

/// The bytes of a piece that is sent with a pace.
const PIECE: usize = 64 * 1024;

/// An answer with this status and no content.
pub fn answer(status: u16) -> Answer {
    Answer {
        head: format!("HTTP/1.1 {status} Told\r\nConnection: close\r\n"),
        body: Vec::new(),
        endless: false,
        pace: None,
    }
}

/// A manifest as a good registry gives it.
pub fn manifest(kind: &str, bytes: &str) -> Answer {
    answer(200).header("Content-Type", kind).body(bytes)
}

impl Answer {
    /// The same with a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &[name, ": ", value, "\r\n"].concat();
        self
    }

    /// The same with content and its length.
    pub fn body(self, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        Self { body: body.as_ref().to_vec(), ..self.header("Content-Length", &length) }
    }

    /// The same with this piece over and over again, until nobody listens any more.
    pub fn endless(self, piece: impl AsRef<[u8]>) -> Self {
        Self { body: piece.as_ref().to_vec(), endless: true, ..self }
    }

    /// The same, of which the connection brings only so many bytes.
    pub fn cut(mut self, most: usize) -> Self {
        self.body.truncate(most);
        self
    }

    /// The same with another byte there.
    pub fn wrong(mut self, at: usize) -> Self {
        self.body[at] ^= 1;
        self
    }

    /// The same, with this being done before each piece of the content, and after the last one.
    pub fn paced(self, pace: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { pace: Some(Arc::new(pace)), ..self }
    }

    /// Its content, or the piece of it that comes over and over again.
    pub fn content(&self) -> &[u8] {
        &self.body
    }

    fn send(&self, stream: &mut impl Write, with_body: bool) -> std::io::Result<()> {
        stream.write_all(format!("{}\r\n", self.head).as_bytes())?;
        if let Some(pace) = self.pace.as_ref().filter(|_| with_body) {
            for (piece, number) in self.body.chunks(PIECE).zip(0..) {
                pace(number * PIECE);
                stream.write_all(piece)?;
            }
            pace(self.body.len());
        } else if with_body {
            let times = if self.endless { usize::MAX } else { 1 };
            (0..times).try_for_each(|_| stream.write_all(&self.body))?;
        }
        stream.flush()
    }
}

/// The server, as long as the test runs.
pub struct Hostile {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Starts one on a free port. The answers are told its own address, `127.0.0.1:PORT`.
    pub fn start(answers: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::over(None, answers)
    }

    /// The same over TLS.
    pub fn secure(
        tls: Arc<ServerConfig>,
        answers: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::over(Some(tls), answers)
    }

    fn over(
        tls: Option<Arc<ServerConfig>>,
        answers: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let connections = Arc::new(AtomicUsize::new(0));
        let (answers, log, ended) = (Arc::new(answers), Arc::clone(&asked), Arc::clone(&over));
        let counted = Arc::clone(&connections);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (answers, log, tls) = (Arc::clone(&answers), Arc::clone(&log), tls.clone());
                let Ok(stream) = stream else { continue };
                counted.fetch_add(1, Ordering::SeqCst);
                let answers = move |asked: &Asked| answers(asked, &address.to_string());
                std::thread::spawn(move || match tls {
                    None => serve(stream, &log, answers),
                    Some(tls) => serve_secure(stream, tls, &log, answers),
                });
            }
        });
        Self { address, asked, connections, over, thread: Some(thread) }
    }

    /// A registry that has these things by the end of their path, such as `manifests/v1`, and nothing else. A manifest
    /// of the type of its content is also there by its digest.
    pub fn registry(things: impl IntoIterator<Item = (String, Answer)>) -> Self {
        let things: HashMap<String, Answer> = things.into_iter().collect();
        Self::start(move |asked, _| {
            let path = asked.line.split([' ', '?']).nth(1).unwrap_or_default();
            let found = things.iter().find(|(name, _)| path.ends_with(name.as_str()));
            found.map_or_else(|| answer(if path == "/v2/" { 200 } else { 404 }), |(_, answer)| answer.clone())
        })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections there have been, also those that brought no request.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Whether one of the requests so far has this text anywhere.
    pub fn has_heard(&self, secret: &str) -> bool {
        let bytes = secret.as_bytes();
        self.asked().iter().any(|asked| {
            asked.head.contains(secret) || asked.body.windows(bytes.len()).any(|window| window == bytes)
        })
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Asked>>, answers: impl Fn(&Asked) -> Answer) {
    let Some(asked) = read(&mut stream) else { return };
    log.lock().unwrap().push(asked.clone());
    // Whoever has gone needs no answer.
    let _ = answers(&asked).send(&mut stream, !asked.line.starts_with("HEAD "));
    let _ = stream.shutdown(std::net::Shutdown::Write);
    // What is left unread would reset the connection before the answer has arrived.
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

fn serve_secure(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    log: &Mutex<Vec<Asked>>,
    answers: impl Fn(&Asked) -> Answer,
) {
    let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
    let Some(mut asked) = read(&mut stream) else { return };
    asked.certified = stream.conn.peer_certificates().is_some();
    log.lock().unwrap().push(asked.clone());
    let _ = answers(&asked).send(&mut stream, !asked.line.starts_with("HEAD "));
    stream.conn.send_close_notify();
    let _ = stream.flush();
    let _ = stream.sock.shutdown(std::net::Shutdown::Write);
    let _ = std::io::copy(&mut stream.sock, &mut std::io::sink());
}

fn read(stream: &mut impl Read) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|count| *count > 0)?;
    }
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = head.lines().next()?.rsplit_once(' ')?.0.to_owned();
    Some(Asked { line, head, body, certified: false })
}

/// An artifact of files by title, as a registry or a layout has it.
pub struct Artifact {
    /// Its manifest.
    pub manifest: String,
    layers: Vec<(String, Vec<u8>)>,
}

impl Artifact {
    /// With a layer for each title, and what else its annotations say.
    pub fn new(files: &[(&str, &[u8], &str)]) -> Self {
        let layers: Vec<(String, Vec<u8>)> =
            files.iter().map(|(_, bytes, _)| (Digest::of(bytes).to_string(), bytes.to_vec())).collect();
        let nodes = files.iter().zip(&layers).map(|((title, bytes, more), (digest, _))| {
            let title = serde_json::Value::from(*title);
            let size = bytes.len();
            format!(
                r#"{{"mediaType":"a/b","digest":"{digest}","size":{size},"annotations":{{"org.opencontainers.image.title":{title}{more}}}}}"#
            )
        });
        Self { manifest: image(&nodes.collect::<Vec<_>>().join(",")), layers }
    }

    /// Everything that a registry has of it, under the tag `v1`.
    pub fn things(&self) -> Vec<(String, Answer)> {
        let blobs =
            self.layers.iter().map(|(digest, bytes)| (format!("blobs/{digest}"), answer(200).body(bytes)));
        blobs.chain([("manifests/v1".to_owned(), manifest(MANIFEST, &self.manifest))]).collect()
    }

    /// The same with another answer under one of the names.
    pub fn but(&self, layer: usize, other: Answer) -> Vec<(String, Answer)> {
        let mut things = self.things();
        things[layer].1 = other;
        things
    }
}

/// An image manifest with these layers.
pub fn image(layers: &str) -> String {
    let empty = Digest::of(b"{}");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","artifactType":"a/b","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{empty}","size":2}},"layers":[{layers}]}}"#
    )
}
