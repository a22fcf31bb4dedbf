//! Requests over a socket, as any client may send them.

mod lasting;
mod secured;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::oci::{Descriptor, Digest, Index, json, media_type};

/// A registry on a free port that ends with the test.
struct Running {
    address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn config() -> Config {
    Config::new(([127, 0, 0, 1], 0).into())
}

async fn start(config: Config) -> Running {
    let bound = bind(config).await.unwrap();
    let address = bound.address();
    let task = tokio::spawn(async move { bound.run(std::future::pending()).await.unwrap() });
    Running { address, task }
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Running {
    /// Sends a request; `headers` are whole lines without their ends.
    async fn send(&self, request: &str, headers: &[&str], body: &[u8]) -> Reply {
        let host = format!("Host: {}", self.address);
        let length = format!("Content-Length: {}", body.len());
        let named = headers.iter().any(|line| line.starts_with("Host:"));
        let own = [host.as_str()].into_iter().skip(usize::from(named));
        let lines: Vec<&str> = own.chain(headers.iter().copied()).chain([length.as_str()]).collect();
        let head = format!("{request} HTTP/1.1\r\nConnection: close\r\n{}\r\n\r\n", lines.join("\r\n"));
        self.raw(&[head.as_bytes(), body].concat()).await
    }

    async fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn put_index(&self, place: &str, index: &Index) -> Reply {
        let kind = format!("Content-Type: {}", media_type::INDEX);
        self.send(&format!("PUT /v2/{place}"), &[&kind], &json::compact(index).unwrap()).await
    }
}

#[tokio::test]
async fn what_is_pushed_can_be_pulled_by_tag_and_by_digest() {
    let registry = start(config()).await;
    let digest = Digest::of(b"hello");
    let reply = registry.send(&format!("POST /v2/a/b/blobs/uploads/?digest={digest}"), &[], b"hello").await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let reply = registry.send(&format!("GET /v2/a/b/blobs/{digest}"), &["Range: bytes=1-3"], b"").await;
    assert_eq!((reply.status, reply.body.as_str()), (206, "ell"));
    assert_eq!(reply.header("content-range"), Some("bytes 1-3/5"));
    let index = Index::new(Vec::new());
    let reply = registry.put_index("a/b/manifests/v1", &index).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let digest = reply.header("docker-content-digest").unwrap().to_owned();
    for reference in ["v1", &digest] {
        let reply = registry.send(&format!("GET /v2/a/b/manifests/{reference}"), &[], b"").await;
        assert_eq!(reply.header("content-type"), Some(media_type::INDEX));
        assert_eq!(reply.body.as_bytes(), json::compact(&index).unwrap());
    }
    let reply = registry.send("GET /v2/_catalog", &[], b"").await;
    assert_eq!(reply.body, r#"{"repositories":["a/b"]}"#);
}

#[tokio::test]
async fn a_list_of_tags_comes_in_pages() {
    let registry = start(config()).await;
    for tag in ["b", "a", "c"] {
        registry.put_index(&format!("r/manifests/{tag}"), &Index::new(Vec::new())).await;
    }
    let reply = registry.send("GET /v2/r/tags/list?n=2", &[], b"").await;
    assert_eq!(reply.body, r#"{"name":"r","tags":["a","b"]}"#);
    assert_eq!(reply.header("link"), Some("</v2/r/tags/list?n=2&last=b>; rel=\"next\""));
    let reply = registry.send("GET /v2/r/tags/list?n=2&last=b", &[], b"").await;
    assert_eq!((reply.body.as_str(), reply.header("link")), (r#"{"name":"r","tags":["c"]}"#, None));
    let reply = registry.send("GET /v2/r/tags/list?n=0", &[], b"").await;
    assert_eq!((reply.body.as_str(), reply.header("link")), (r#"{"name":"r","tags":[]}"#, None));
}

#[tokio::test]
async fn referrers_are_told_unless_that_is_switched_off() {
    let mut about = Index::new(Vec::new());
    about.subject = Some(Descriptor::of(media_type::MANIFEST, b"{}"));
    about.artifact_type = Some("a/b".into());
    let subject = Digest::of(b"{}");
    let registry = start(config()).await;
    let reply = registry.put_index("r/manifests/v1", &about).await;
    assert_eq!(reply.header("oci-subject"), Some(subject.to_string().as_str()));
    for (filter, found) in [("?artifactType=a%2Fb", 1), ("?artifactType=c%2Fd", 0)] {
        let reply = registry.send(&format!("GET /v2/r/referrers/{subject}{filter}"), &[], b"").await;
        assert_eq!(reply.header("oci-filters-applied"), Some("artifactType"));
        assert_eq!(serde_json::from_str::<Index>(&reply.body).unwrap().manifests.len(), found);
    }
    let registry = start(Config { referrers: Referrers::TagSchema, ..config() }).await;
    let reply = registry.put_index("r/manifests/v1", &about).await;
    assert_eq!((reply.status, reply.header("oci-subject")), (201, None));
    let reply = registry.send(&format!("GET /v2/r/referrers/{subject}"), &[], b"").await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn many_referrers_come_in_pages_of_a_bounded_size() {
    let registry = start(config()).await;
    let mut about = Index::new(Vec::new());
    about.subject = Some(Descriptor::of(media_type::MANIFEST, b"{}"));
    let text = "x".repeat(600_000);
    for key in ["a", "b", "c"] {
        about.annotations = [(key.to_owned(), text.clone())].into();
        registry.put_index(&format!("r/manifests/{key}"), &about).await;
    }
    let mut next = Some(format!("/v2/r/referrers/{}", Digest::of(b"{}")));
    let mut pages = Vec::new();
    while let Some(path) = next {
        let reply = registry.send(&format!("GET {path}"), &[], b"").await;
        pages.push(serde_json::from_str::<Index>(&reply.body).unwrap().manifests.len());
        let link = reply.header("link").map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
        next = link;
    }
    assert_eq!(pages, [1, 1, 1]);
}

#[tokio::test]
async fn content_that_is_too_large_or_wrong_is_refused_and_never_visible() {
    let config = Config { storage: Storage::Memory { limit: 6_000_000 }, ..config() };
    let registry = start(config).await;
    let large = vec![b' '; 5_000_000];
    let kind = format!("Content-Type: {}", media_type::INDEX);
    let reply = registry.send("PUT /v2/r/manifests/v1", &[&kind], &large).await;
    assert_eq!(reply.status, 413, "{reply:?}");
    let digest = Digest::of(b"right");
    let reply = registry.send(&format!("POST /v2/r/blobs/uploads/?digest={digest}"), &[], b"wrong").await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("DIGEST_INVALID"), "{reply:?}");
    assert_eq!(registry.send(&format!("HEAD /v2/r/blobs/{digest}"), &[], b"").await.status, 404);
    for (content, status) in [(&large, 201), (&vec![b'x'; 5_000_000], 413)] {
        let digest = Digest::of(content);
        let reply = registry.send(&format!("POST /v2/r/blobs/uploads/?digest={digest}"), &[], content).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
}

#[tokio::test]
async fn a_request_for_another_host_or_from_its_pages_is_refused() {
    let registry = start(Config { hosts: vec!["registry.test".into()], ..config() }).await;
    for (header, status) in [
        ("Host: registry.test:5000", 200),
        ("Host: localhost", 200),
        ("Host: evil.test", 421),
        ("Origin: http://evil.test", 421),
        ("Origin: http://localhost:3000", 200),
    ] {
        let reply = registry.send("GET /v2/", &[header], b"").await;
        assert_eq!(reply.status, status, "{header}");
    }
}

#[tokio::test]
async fn a_registry_for_reading_takes_nothing() {
    let registry = start(Config { writes: Writes::Refused, ..config() }).await;
    let reply = registry.send("POST /v2/r/blobs/uploads/", &[], b"").await;
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("DENIED"), "{reply:?}");
    assert_eq!(registry.send("GET /v2/", &[], b"").await.status, 200);
}

#[tokio::test]
async fn other_machines_reach_only_what_is_meant_for_everybody() {
    let open = Config { address: ([0, 0, 0, 0], 0).into(), ..config() };
    assert!(bind(open.clone()).await.is_err());
    bind(Config { open_to_everybody: true, ..open }).await.unwrap();
}
