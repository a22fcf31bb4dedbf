//! Certificates, names and addresses.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::server::{Server, reply};
use super::*;
use crate::credentials::Credential;

fn written(path: &Path, text: &str) {
    OpenOptions::new().write(true).create_new(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// An authority with its files.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        written(&folder.path().join("ca.pem"), &issuer.pem());
        Self { issuer, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Files of a client certificate and its key.
    fn client(&self) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (certificate_file, key_file) = (self.file("client.pem"), self.file("client.key"));
        written(&certificate_file, &certificate.pem());
        written(&key_file, &key.serialize_pem());
        (certificate_file, key_file)
    }

    /// A server with a certificate for this name, which tells the name it was asked for.
    async fn server(&self, name: &str, wants_client: bool) -> Server {
        let (certificate, key) = self.issue(name);
        started(certificate, &key, wants_client.then(|| self.issuer.der().clone()), &[]).await
    }

    pub(super) fn issue(&self, name: &str) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }

    pub(super) fn trusted(&self) -> Settings {
        Settings { plain_http: false, ca_file: Some(self.file("ca.pem")), ..settings() }
    }
}

/// A server with this certificate, which tells the name it was asked for.
async fn started(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    authority: Option<CertificateDer<'static>>,
    protocols: &[&str],
) -> Server {
    let acceptor = acceptor(certificate, key, authority, protocols);
    Server::over(Some(acceptor), |_, seen| reply("200 OK", &[], &seen.header("host"))).await
}

/// TLS with this certificate. With an authority it wants a client certificate of that.
pub(super) fn acceptor(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    authority: Option<CertificateDer<'static>>,
    protocols: &[&str],
) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = if let Some(authority) = authority {
        let mut roots = RootCertStore::empty();
        roots.add(authority).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let key = key.serialize_der().try_into().unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn only_the_given_authority_is_trusted() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = ours.server("127.0.0.1", false).await;
    let host = server.registry();
    assert_eq!(told(get(&client(&server, ours.trusted()), "x").await).await, format!("200 {host}"));
    let error = get(&client(&server, other.trusted()), "x").await.unwrap_err().to_string();
    let words = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    let (issuer, file) = ("rcgen self signed cert", other.file("ca.pem"));
    let why = format!("its issuer is {issuer:?}, and trusted are those in {}", file.display());
    assert_eq!(error, format!("Get \"https://{host}/x\": {words}; {why}"));
}

#[tokio::test]
async fn a_server_that_is_its_own_authority_may_stand_in_the_file() {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.pem");
    written(&file, &certificate.pem());
    let server = started(certificate.der().clone(), &key, None, &[]).await;
    let mut settings = Settings { plain_http: false, ca_file: Some(file), ..settings() };
    assert!(told(get(&client(&server, settings.clone()), "x").await).await.starts_with("200"));
    settings.resolve = vec![format!("reg.test:443:{}", server.address).parse().unwrap()];
    let error = get(&Client::new("reg.test", settings).unwrap(), "x").await.unwrap_err().to_string();
    assert!(error.contains("x509: certificate is valid for 127.0.0.1, not reg.test; "), "{error}");
    let error = get(&client(&server, Authority::new().trusted()), "x").await.unwrap_err().to_string();
    let words =
        "certificate signed by unknown authority (possibly because it is that of an authority itself)";
    assert!(error.contains(words), "{error}");
}

#[tokio::test]
async fn the_first_request_goes_alone_and_opens_the_registry_for_all() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("127.0.0.1");
    let acceptor = acceptor(certificate, &key, None, &[]);
    let server = Server::over(Some(acceptor), |_, seen| {
        let known = seen.header("authorization") == "Basic dTpw";
        let challenge: &[&str] = &["WWW-Authenticate: Basic realm=\"r\""];
        if known { reply("200 OK", &[], "in") } else { reply("401 Unauthorized", challenge, "who") }
    })
    .await;
    let user = Credential { username: "u".into(), password: "p".into(), ..Credential::default() };
    let client = client(&server, Settings { credential: Some(user), ..authority.trusted() });
    let answers = futures_util::future::join_all((0..8).map(|_| get(&client, "x"))).await;
    for answer in answers {
        assert_eq!(told(answer).await, "200 in");
    }
    let asked = server.seen();
    let strangers = asked.iter().filter(|seen| seen.header("authorization").is_empty()).count();
    assert_eq!((asked.len(), strangers), (9, 1));
}

#[tokio::test]
async fn an_insecure_client_takes_any_certificate() {
    let server = Authority::new().server("elsewhere.test", false).await;
    let settings = Settings { plain_http: false, insecure: true, ..settings() };
    assert!(told(get(&client(&server, settings), "x").await).await.starts_with("200"));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_with_both_names() {
    let authority = Authority::new();
    let server = authority.server("elsewhere.test", false).await;
    let mut settings = authority.trusted();
    settings.resolve = vec![format!("reg.test:443:127.0.0.1:{}", server.address.port()).parse().unwrap()];
    let client = Client::new("reg.test", settings).unwrap();
    let error = get(&client, "x").await.unwrap_err().to_string();
    assert!(error.contains("x509: certificate is valid for elsewhere.test, not reg.test; "), "{error}");
}

#[tokio::test]
async fn a_given_address_keeps_the_name_for_host_and_certificate() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("reg.test");
    // HTTP/2 takes the host from the URL, so it must not be chosen; this server could not speak it either.
    let server = started(certificate, &key, None, &["h2", "http/1.1"]).await;
    let mut settings = authority.trusted();
    settings.resolve = vec![format!("reg.test:5000:127.0.0.1:{}", server.address.port()).parse().unwrap()];
    let client = Client::new("reg.test:5000", settings).unwrap();
    let answer = get(&client, "x").await.unwrap();
    assert_eq!(answer.url.as_str(), "https://reg.test:5000/x");
    assert_eq!(told(Ok(answer)).await, "200 reg.test:5000");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_the_registry_and_nobody_else() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1", true).await;
    let with = Settings { client_certificate: Some(authority.client()), ..authority.trusted() };
    assert!(told(get(&client(&server, with.clone()), "x").await).await.starts_with("200"));
    let error = get(&client(&server, authority.trusted()), "x").await.unwrap_err().to_string();
    assert!(error.ends_with("remote error: tls: certificate required"), "{error}");
    let other = authority.server("127.0.0.1", true).await;
    let elsewhere = Request::new(Method::GET, format!("https://{}/x", other.address).parse().unwrap());
    client(&server, with).send(elsewhere).await.unwrap_err();
    assert_eq!(other.seen().len(), 0);
}

#[tokio::test]
async fn credentials_follow_a_registry_that_moved_to_tls() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("reg.test");
    let acceptor = acceptor(certificate, &key, None, &[]);
    let secure = Server::over(Some(acceptor), |_, seen| match seen.header("authorization").as_str() {
        "Basic dTpw" => reply("200 OK", &[], "in"),
        _ => reply("401 Unauthorized", &["WWW-Authenticate: Basic"], ""),
    })
    .await;
    let plain = Server::start(|_, _| reply("301 Moved", &["Location: https://reg.test/x"], "")).await;
    let given = |port: u16, address| format!("reg.test:{port}:{address}").parse().unwrap();
    let settings = Settings {
        plain_http: true,
        resolve: vec![given(80, plain.address), given(443, secure.address)],
        headers: vec![(http::HeaderName::from_static("x-mine"), http::HeaderValue::from_static("1"))],
        credential: Some(Credential { username: "u".into(), password: "p".into(), ..Credential::default() }),
        ..authority.trusted()
    };
    let client = Client::new("reg.test", settings).unwrap();
    assert_eq!(told(get(&client, "x").await).await, "200 in");
    assert_eq!(plain.lines(), ["GET /x"]);
    assert!(secure.seen().iter().all(|seen| seen.header("x-mine").is_empty()));
    assert_eq!(told(get(&client, "x").await).await, "200 in");
    assert_eq!(plain.seen()[1].header("authorization"), "Basic dTpw");
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let server = Server::start(|_, _| reply("200 OK", &[], "")).await;
    let settings = Settings { plain_http: false, insecure: true, ..settings() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let speaker = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    });
    let client = Client::new(&address.to_string(), settings).unwrap();
    let error = get(&client, "x").await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("Get \"https://{address}/x\": http: server gave HTTP response to HTTPS client")
    );
    drop((speaker, server));
}

#[tokio::test]
async fn files_that_are_missing_or_hold_nothing_are_named() {
    let authority = Authority::new();
    let missing = Settings { ca_file: Some(authority.file("none")), ..settings() };
    let says = Client::new("h", missing).unwrap_err().to_string();
    assert_eq!(says, format!("open {}: no such file or directory", authority.file("none").display()));
    let key = authority.client().1;
    let keyed = Settings { ca_file: Some(key.clone()), ..settings() };
    assert!(
        Client::new("h", keyed).unwrap_err().to_string().starts_with("Failed to load certificate in file: ")
    );
    let twice = Settings { client_certificate: Some((key.clone(), key)), ..settings() };
    assert!(Client::new("h", twice).is_err());
}

#[tokio::test]
async fn it_is_told_how_the_registry_itself_was_reached() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1", false).await;
    let client = client(&server, authority.trusted());
    assert_eq!(client.secured(), None);
    let _ = get(&client, "x").await.unwrap();
    let secured = client.secured().unwrap();
    assert_eq!(secured.version, Some("1.3"));
    assert_eq!(secured.issuer.as_deref(), Some("rcgen self signed cert"));
    assert!(secured.expiry.is_some());
    let insecure = Settings { plain_http: false, insecure: true, ..settings() };
    let other = super::client(&server, insecure);
    let _ = get(&other, "x").await.unwrap();
    let unchecked = other.secured().unwrap();
    assert_eq!((unchecked.version, unchecked.expiry), (None, secured.expiry));
}
