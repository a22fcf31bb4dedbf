//! A registry for tests that answers as it is told, also as no registry should, and remembers what it was asked.
//!
//! It knows just enough HTTP for that: one answer a connection, lengths but no chunks.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Access, ReferrersMode, Repository};
use crate::oci::Digest;
use crate::transport::{Client, Retry, Settings};

/// A request that came.
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// Method and target in one.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// What to answer.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    sent: usize,
    measured: bool,
    late: Duration,
    pause: Option<Duration>,
}

/// No answer: the connection ends when the request has come.
pub(super) fn silence() -> Answer {
    answer(0)
}

pub(super) fn answer(status: u16) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        sent: usize::MAX,
        measured: true,
        late: Duration::ZERO,
        pause: None,
    }
}

impl Answer {
    #[expect(clippy::needless_pass_by_value, reason = "a digest and a text read alike where it is called")]
    pub(super) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(super) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Without a length: the content ends with the connection.
    pub(super) fn unmeasured(mut self) -> Self {
        self.measured = false;
        self
    }

    /// After a while.
    pub(super) fn late(mut self, late: Duration) -> Self {
        self.late = late;
        self
    }

    /// With a pause after each ten bytes of the content.
    pub(super) fn slowly(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// The connection ends after so many bytes of the body.
    pub(super) fn cut(mut self, sent: usize) -> Self {
        self.sent = sent;
        self
    }
}

/// The registry, as long as the test runs.
pub(super) struct Script {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Script {
    pub(super) async fn start(answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (answers, asked) = (Arc::new(answers), Arc::clone(&log));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
                tokio::spawn(async move { serve(stream, &*answers, &asked).await });
            }
        });
        Self { address, log }
    }

    pub(super) fn client(&self) -> Client {
        let retry = Retry::default().at_once();
        let settings = Settings { plain_http: true, retry, ..Settings::default() };
        Client::new(&self.address.to_string(), settings).unwrap()
    }

    /// The repository `r`.
    pub(super) fn repository(&self, mode: ReferrersMode) -> Repository {
        let reference = format!("{}/r", self.address).parse().unwrap();
        Repository::new(self.client(), &reference, Access::default(), mode)
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far, without `/v2/r`.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|line| line.replace("/v2/r/", "")).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    answers: &(impl Fn(&Asked) -> Answer + ?Sized),
    log: &Mutex<Vec<String>>,
) {
    let Some(asked) = read(&mut stream).await else { return };
    log.lock().unwrap().push(asked.line());
    let answer = answers(&asked);
    tokio::time::sleep(answer.late).await;
    if answer.status == 0 {
        return;
    }
    let mut head = vec![format!("HTTP/1.1 {} Told", answer.status), "Connection: close".to_owned()];
    if answer.measured {
        head.push(format!("Content-Length: {}", answer.body.len()));
    }
    head.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let head = head.join("\r\n") + "\r\n\r\n";
    let body = if asked.method == "HEAD" { &[] } else { &answer.body[..answer.body.len().min(answer.sent)] };
    // Whoever has gone needs no answer.
    match answer.pause {
        None => drop(stream.write_all(&[head.as_bytes(), body].concat()).await),
        Some(pause) => {
            let _ = stream.write_all(head.as_bytes()).await;
            for piece in body.chunks(10) {
                if stream.write_all(piece).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let fields = lines[1..].iter().filter_map(|line| line.split_once(": "));
    let headers: HashMap<String, String> =
        fields.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    Some(Asked { method, target, headers, body })
}

/// An answer with a manifest, as a good registry gives it.
pub(super) fn manifest(media_type: &str, bytes: &[u8]) -> Answer {
    answer(200)
        .header("Content-Type", media_type)
        .header("Docker-Content-Digest", Digest::of(bytes))
        .body(bytes)
}
