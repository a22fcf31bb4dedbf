//! HTTPS, bounds on connections, and the end.

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};

use super::*;

#[tokio::test]
async fn over_https_the_token_service_is_https_too() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls { certificate: folder.path().join("cert"), key: folder.path().join("key") };
    crate::disk::write(&tls.certificate, made.cert.pem().as_bytes(), 0o600).unwrap();
    crate::disk::write(&tls.key, made.signing_key.serialize_pem().as_bytes(), 0o600).unwrap();
    let users = Users::parse(&format!("alice:{}", bcrypt::hash("secret", 4).unwrap())).unwrap();
    let rules = Authentication { users, scheme: Scheme::Token, others: Others::Refused };
    let registry = start(Config { tls: Some(tls), authentication: Some(rules), ..config() }).await;

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(registry.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    // The server may end the connection without the last word of TLS.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("Bearer realm=\"https://localhost:1/token\""), "{answer}");
}

#[tokio::test]
async fn there_are_only_so_many_connections() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let registry = start(Config { limits, ..config() }).await;
    let mut first = TcpStream::connect(registry.address).await.unwrap();
    first.write_all(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    // It has been answered and stays open, so it has the only seat.
    assert!(first.read(&mut [0; 1000]).await.unwrap() > 0);
    let mut second = TcpStream::connect(registry.address).await.unwrap();
    let mut answer = Vec::new();
    // Closed, or reset if the request came first.
    let _ = second.write_all(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let _ = second.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn nobody_is_waited_for_for_ever() {
    let patience = Duration::from_millis(100);
    let limits = Limits { head_patience: patience, ..Limits::default() };
    let registry = start(Config { limits, ..config() }).await;
    let mut silent = TcpStream::connect(registry.address).await.unwrap();
    silent.write_all(b"GET /v2/ HTTP/1.1\r\n").await.unwrap();
    silent.read_to_end(&mut Vec::new()).await.unwrap();
    let limits = Limits { body_patience: patience, ..Limits::default() };
    let registry = start(Config { limits, ..config() }).await;
    let digest = Digest::of(b"{}");
    let head = format!("POST /v2/r/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: localhost\r\n");
    let reply = registry.raw(format!("{head}Content-Length: 2\r\n\r\n{{").as_bytes()).await;
    assert_eq!(reply.status, 408, "{reply:?}");
}

#[tokio::test]
async fn the_end_comes_when_it_is_called_for() {
    let bound = bind(config()).await.unwrap();
    let address = bound.address();
    let (end, called) = tokio::sync::oneshot::channel();
    let running = tokio::spawn(bound.run(async move { called.await.unwrap() }));
    let idle = TcpStream::connect(address).await.unwrap();
    end.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn a_blob_is_mounted_only_from_where_its_taker_may_read() {
    let users = Users::parse(&format!("alice:{}", bcrypt::hash("secret", 4).unwrap())).unwrap();
    let rules = Authentication { users, scheme: Scheme::Token, others: Others::Refused };
    let registry = start(Config { authentication: Some(rules), ..config() }).await;
    let token = async |scope: &str| {
        let form = format!("grant_type=password&username=alice&password=secret&scope={scope}");
        let reply = registry.send("POST /token", &[], form.as_bytes()).await;
        let answer: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        format!("Authorization: Bearer {}", answer["token"].as_str().unwrap())
    };
    let digest = Digest::of(b"secret content");
    let owner = token("repository:private:pull,push").await;
    let push = format!("POST /v2/private/blobs/uploads/?digest={digest}");
    assert_eq!(registry.send(&push, &[&owner], b"secret content").await.status, 201);
    let taker = token("repository:mine:pull,push").await;
    for from in ["&from=private", ""] {
        let mount = format!("POST /v2/mine/blobs/uploads/?mount={digest}{from}");
        assert_eq!(registry.send(&mount, &[&taker], b"").await.status, 202, "{mount}");
    }
    let both = token("repository:mine:pull,push repository:private:pull").await;
    let mount = format!("POST /v2/mine/blobs/uploads/?mount={digest}");
    assert_eq!(registry.send(&mount, &[&both], b"").await.status, 201);
}

#[tokio::test]
async fn each_request_is_told_of_with_its_status() {
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let tell: Heard = Arc::new(move |method, path, status| {
        told.lock().unwrap().push(format!("{method} {path} {}", status.as_u16()));
    });
    let registry = start(Config { heard: Some(tell), ..config() }).await;
    registry.send("GET /v2/", &[], b"").await;
    registry.send("HEAD /v2/a/manifests/v1?x=y", &[], b"").await;
    assert_eq!(*heard.lock().unwrap(), ["GET /v2/ 200", "HEAD /v2/a/manifests/v1?x=y 404"]);
}

#[tokio::test]
async fn who_does_not_read_its_answer_loses_its_seat() {
    let limits = Limits { connections: 1, body_patience: Duration::from_millis(100), ..Limits::default() };
    let registry = start(Config { limits, ..config() }).await;
    let content = vec![b'x'; 32 << 20];
    let digest = Digest::of(&content);
    let reply = registry.send(&format!("POST /v2/r/blobs/uploads/?digest={digest}"), &[], &content).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let get = format!("GET /v2/r/blobs/{digest} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The seat of the upload may not be free yet.
    let mut first = loop {
        let mut first = TcpStream::connect(registry.address).await.unwrap();
        if first.write_all(get.as_bytes()).await.is_ok()
            && first.peek(&mut [0]).await.is_ok_and(|read| read > 0)
        {
            break first;
        }
    };
    // It reads nothing, until somebody else is answered.
    let others = async {
        loop {
            let mut other = TcpStream::connect(registry.address).await.unwrap();
            let mut answer = Vec::new();
            let _ =
                other.write_all(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
            let _ = other.read_to_end(&mut answer).await;
            if answer.starts_with(b"HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), others).await.unwrap();
    let mut rest = Vec::new();
    let _ = first.read_to_end(&mut rest).await;
    assert!(rest.len() < content.len());
}
