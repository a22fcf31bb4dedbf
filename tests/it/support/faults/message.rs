//! Messages of HTTP/1.1 for [`super::Faults`]: read, passed on, and answered in good order or not.

use std::io::{Error, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Fault;

type Headers = Vec<(String, String)>;

/// The value of a header, by its name in lower case.
pub(super) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

/// A request.
#[derive(Clone)]
pub(super) struct Received {
    /// Method, path and query.
    pub(super) line: String,
    /// Names in lower case, and values.
    pub(super) headers: Headers,
    /// What was read of its content.
    pub(super) content: Vec<u8>,
}

/// What is answered.
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    headers: Headers,
    /// Whether the length is the one in its headers, as it is after `HEAD`.
    pub(super) content: Vec<u8>,
}

/// A connection of a client.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The head of the next request; none after the last one.
    pub(super) async fn request(&mut self) -> Result<Option<Received>> {
        let Some((first, headers)) = head(&mut self.stream, &mut self.buffer).await? else { return Ok(None) };
        let line = first.rsplit_once(' ').map_or(first.as_str(), |(line, _)| line).to_owned();
        Ok(Some(Received { line, headers, content: Vec::new() }))
    }

    /// The content of a request, at most so many bytes of it.
    pub(super) async fn content(&mut self, request: &mut Received, limit: usize) -> Result<()> {
        let (stream, buffer) = (&mut self.stream, &mut self.buffer);
        request.content = if header(&request.headers, "transfer-encoding").is_some() {
            chunks(stream, buffer, limit).await?
        } else {
            let length = header(&request.headers, "content-length").map_or(0, |text| text.parse().unwrap());
            exactly(stream, buffer, length.min(limit)).await?
        };
        Ok(())
    }

    /// Throws the connection away, so that the client hears of it at once.
    pub(super) fn reset(&mut self) -> Option<()> {
        let _ = self.stream.set_zero_linger();
        None
    }

    /// Waits until the client has gone.
    pub(super) async fn wait(&mut self) -> Option<()> {
        while self.stream.read_buf(&mut self.buffer).await.is_ok_and(|count| count > 0) {
            self.buffer.clear();
        }
        None
    }

    /// Answers; none if the connection is over.
    pub(super) async fn answer(
        &mut self,
        reply: Reply,
        with_content: bool,
        fault: Option<&Fault>,
    ) -> Option<()> {
        let mut bytes = reply.head().into_bytes();
        let (content, whole) = match fault {
            _ if !with_content => (&[][..], true),
            Some(Fault::Cut(limit) | Fault::Torn(limit) | Fault::Stall(limit)) => {
                (&reply.content[..reply.content.len().min(*limit)], false)
            }
            Some(Fault::Longer(_)) => (&reply.content[..], false),
            _ => (&reply.content[..], true),
        };
        if matches!(fault, Some(Fault::Chunked)) && with_content {
            let (one, two) = content.split_at(content.len() / 2);
            for piece in [one, two].into_iter().filter(|piece| !piece.is_empty()) {
                bytes.extend(format!("{:x}\r\n", piece.len()).bytes().chain(piece.iter().copied()));
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
        } else {
            bytes.extend(content);
        }
        self.stream.write_all(&bytes).await.ok()?;
        match fault {
            Some(Fault::Stall(_)) => self.wait().await,
            Some(Fault::Torn(_)) => self.reset(),
            Some(Fault::Early(..)) => {
                // What was not read would reset the connection before the answer has arrived.
                self.stream.shutdown().await.ok()?;
                self.wait().await
            }
            _ => whole.then_some(()),
        }
    }
}

impl Reply {
    /// One of our own, without content.
    pub(super) fn new(status: u16, headers: &[(&str, &str)]) -> Self {
        let headers =
            headers.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned())).collect();
        Self { status, headers, content: Vec::new() }
    }

    /// The same with what a fault does to head and content.
    pub(super) fn with(mut self, fault: Option<&Fault>) -> Self {
        if header(&self.headers, "content-length").is_none() {
            self.set("content-length", &self.content.len().to_string());
        }
        match fault {
            Some(Fault::Longer(more)) => {
                self.set("content-length", &(self.content.len() + more).to_string());
            }
            Some(Fault::Wrong) => {
                if let Some(last) = self.content.last_mut() {
                    *last ^= 1;
                }
            }
            Some(Fault::Header(name, value)) => self.set(&name.to_lowercase(), value),
            Some(Fault::Without(name)) => {
                self.headers.retain(|(header, _)| !header.eq_ignore_ascii_case(name));
            }
            Some(Fault::Chunked) => {
                self.headers.retain(|(header, _)| header != "content-length");
                self.set("transfer-encoding", "chunked");
            }
            _ => {}
        }
        self
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(header, _)| header != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn head(&self) -> String {
        format!("HTTP/1.1 {} Told\r\n{}\r\n", self.status, fields(&self.headers, &[]))
    }
}

/// Asks the registry itself, on a connection of its own.
pub(super) async fn pass_on(behind: SocketAddr, request: &Received) -> Result<Reply> {
    let mut stream = TcpStream::connect(behind).await?;
    let own = ["connection", "transfer-encoding", "content-length"];
    let fields = fields(&request.headers, &own);
    let length = request.content.len();
    let head =
        format!("{} HTTP/1.1\r\n{fields}content-length: {length}\r\nconnection: close\r\n\r\n", request.line);
    stream.write_all(&[head.as_bytes(), &request.content].concat()).await?;
    let mut buffer = Vec::new();
    let (first, mut headers) = head_of_answer(&mut stream, &mut buffer).await?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let content = if header(&headers, "transfer-encoding").is_some() {
        chunks(&mut stream, &mut buffer, usize::MAX).await?
    } else {
        stream.read_to_end(&mut buffer).await?;
        buffer
    };
    headers.retain(|(name, _)| !matches!(name.as_str(), "connection" | "transfer-encoding"));
    Ok(Reply { status, headers, content })
}

/// Headers as they are sent, without those of some names.
fn fields(headers: &Headers, without: &[&str]) -> String {
    let kept = headers.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    kept.flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect()
}

async fn head_of_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(String, Headers)> {
    head(stream, buffer).await?.ok_or_else(broken)
}

/// The first line and the headers of a message; none at the end of the connection.
async fn head<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
) -> Result<Option<(String, Headers)>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let text: Vec<u8> = buffer.drain(..end).collect();
    let text = String::from_utf8(text).map_err(|_| broken())?;
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let fields = lines.filter_map(|line| line.split_once(':'));
    Ok(Some((first, fields.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect())))
}

async fn exactly<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    length: usize,
) -> Result<Vec<u8>> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(broken());
        }
    }
    Ok(buffer.drain(..length).collect())
}

/// Content in chunks, at least `limit` bytes of it if there are as many.
async fn chunks<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>, limit: usize) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < limit {
        let end = loop {
            if let Some(end) = buffer.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if stream.read_buf(buffer).await? == 0 {
                return Err(broken());
            }
        };
        let line: Vec<u8> = buffer.drain(..end + 2).collect();
        let length = std::str::from_utf8(&line[..end]).ok();
        let length = length.and_then(|text| usize::from_str_radix(text, 16).ok()).ok_or_else(broken)?;
        let chunk = exactly(stream, buffer, length + 2).await?;
        if length == 0 {
            break;
        }
        all.extend(&chunk[..length]);
    }
    Ok(all)
}

fn broken() -> Error {
    Error::other("no message of HTTP")
}
