//! A server that is no registry: it answers everything in a way that the first part of the repository names.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A server that runs until this is dropped.
pub struct Stranger {
    address: String,
    bound: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bound = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                // Who goes away in the middle of an answer is not interested.
                let _ = stream.and_then(answer);
            }
        });
        Self { address: format!("localhost:{}", bound.port()), bound, ended, thread: Some(thread) }
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the one that waits for a connection.
        drop(TcpStream::connect(self.bound));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let kind = path.trim_start_matches("/v2/").split('/').next().unwrap_or_default();
    let (status, headers, body) = reply(kind, path);
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n")?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes())?;
    }
    stream.flush()
}

/// The status, additional headers and the body.
fn reply(kind: &str, path: &str) -> (&'static str, String, &'static str) {
    let json = "Content-Type: application/json\r\n";
    match kind {
        "plain" => ("404 Not Found", "Content-Type: text/plain\r\n".to_owned(), "404 page not found\n"),
        "teapot" => ("418 I'm a teapot", json.to_owned(), "{}"),
        "denied" => {
            ("403 Forbidden", json.to_owned(), r#"{"errors":[{"code":"DENIED","message":"not <you>"}]}"#)
        }
        "detail" => {
            let body = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"who","detail":{"name":"x","n":[1,true]}},{"code":"UNSUPPORTED"}]}"#;
            ("400 Bad Request", json.to_owned(), body)
        }
        "away" => ("307 Temporary Redirect", format!("{json}Location: /v2/plain/x?b=2&a=1\r\n"), "{}"),
        "secret" => ("404 Not Found", json.to_owned(), r#"{"a":[{"Access_Token":"x"}]}"#),
        "loop" => ("307 Temporary Redirect", format!("Location: {path}\r\n"), ""),
        "basic" => ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n".to_owned(), ""),
        "scheme" => ("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n".to_owned(), ""),
        "silent" => ("401 Unauthorized", String::new(), ""),
        "realm" => {
            ("401 Unauthorized", "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/t\"\r\n".to_owned(), "")
        }
        "nodigest" => {
            ("200 OK", "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n".to_owned(), "{}")
        }
        _ => ("200 OK", "Content-Type: text/html\r\n".to_owned(), "<html>hello</html>\n"),
    }
}
