//! Whom to trust, and what to show of oneself.
//!
//! With a file of certificates only those are trusted, and not the system's.
//!
//! What does not belong here: connections.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use reqwest::tls::TlsInfo;
use reqwest::{ClientBuilder, Identity};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::super::{Authorities, Settings};
use super::certificate;
use super::trust::{Judge, Trusted, Version};
use crate::error::{Error, IoContext, Result};

/// What TLS needs to know, read from files.
pub(super) struct Tls {
    trust: Trust,
    authorities: Authorities,
    /// The client certificate and its key.
    identity: Option<Zeroizing<Vec<u8>>>,
    /// Which TLS the registry itself has spoken, where certificates are judged here.
    version: Version,
    /// The certificate that the registry itself has shown.
    shown: OnceLock<Vec<u8>>,
}

/// How the first connection to a registry was secured, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// `1.2` or `1.3`; none where it is not known, because the system judges certificates, or nobody does.
    pub version: Option<&'static str>,
    /// Who issued the certificate: its common name, or else its organisation.
    pub issuer: Option<String>,
    /// The last moment at which the certificate is good.
    pub expiry: Option<Timestamp>,
}

/// Which HTTP may be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Protocol {
    /// What both sides can.
    Any,
    /// The one whose `Host` header is independent of the URL.
    Http1,
}

/// Which certificates are taken.
enum Trust {
    /// Those that the system takes, which are read when they are needed.
    System,
    Any,
    Only(Arc<Trusted>),
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Files that are missing or hold something else.
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        // Another part of the program may have chosen a provider already, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let trust = match &settings.ca_file {
            _ if settings.insecure => Trust::Any,
            Some(path) => Trust::Only(Arc::new(Trusted::read(path)?)),
            None => Trust::System,
        };
        let identity = match &settings.client_certificate {
            Some((certificate, key)) => Some(identity(certificate, key)?),
            None => None,
        };
        let authorities = settings.authorities.clone();
        Ok(Self { trust, authorities, identity, version: Version::default(), shown: OnceLock::new() })
    }

    /// Keeps the certificate that an answer of the registry itself came with.
    pub(super) fn note(&self, answer: &reqwest::Response) {
        let shown = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        if let Some(certificate) = shown {
            self.shown.get_or_init(|| certificate.to_owned());
        }
    }

    /// How the registry itself was reached; none if not by TLS, or not yet.
    pub(super) fn secured(&self) -> Option<Secured> {
        let read = certificate::read(self.shown.get()?);
        let (issuer, expiry) = read.map_or((None, None), |(issuer, expiry)| (issuer, Some(expiry)));
        Some(Secured { version: self.version.get().copied(), issuer, expiry })
    }

    /// Sets up a client. `secure` tells whether it will speak TLS at all, `own` whether it will speak to the registry
    /// itself, which alone is shown the client certificate.
    ///
    /// # Errors
    /// A key that does not fit its certificate.
    pub(super) fn apply(
        &self,
        builder: ClientBuilder,
        protocol: Protocol,
        secure: bool,
        own: bool,
    ) -> Result<ClientBuilder> {
        let builder = match protocol {
            Protocol::Any => builder,
            Protocol::Http1 => builder.http1_only(),
        };
        let builder = if own && secure { builder.tls_info(true) } else { builder };
        // A client without TLS may still speak it to a proxy.
        let identity = self.identity.as_ref().filter(|_| own && secure);
        let version = own.then(|| Arc::clone(&self.version));
        let preconfigured = |builder: ClientBuilder, trusted: &Arc<Trusted>| {
            let judge = Judge { trusted: Arc::clone(trusted), version: version.clone() };
            Ok(builder.tls_backend_preconfigured(config(judge, identity, protocol)?))
        };
        let builder = match &self.trust {
            Trust::Only(trusted) => return preconfigured(builder, trusted),
            Trust::Any => builder.tls_danger_accept_invalid_certs(true),
            // Reading the system's certificates takes milliseconds.
            Trust::System if !secure => builder.tls_certs_only([]),
            Trust::System => match Trusted::of_system(&self.authorities)? {
                Some(trusted) => return preconfigured(builder, &Arc::new(trusted)),
                None => builder,
            },
        };
        match identity {
            Some(pem) => Ok(builder.identity(Identity::from_pem(pem).map_err(unfit)?)),
            None => Ok(builder),
        }
    }
}

/// What a client needs that has certificates judged so, and shows this of itself.
fn config(judge: Judge, identity: Option<&Zeroizing<Vec<u8>>>, protocol: Protocol) -> Result<ClientConfig> {
    let builder = ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(judge));
    let mut config = match identity {
        Some(pem) => {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            let key = PrivateKeyDer::from_pem_slice(pem).map_err(unfit)?;
            builder.with_client_auth_cert(chain.map_err(unfit)?, key).map_err(unfit)?
        }
        None => builder.with_no_client_auth(),
    };
    if protocol == Protocol::Any {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

fn unfit(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    Error::invalid(format!("cannot use the client certificate: {error}")).caused_by(error)
}

fn identity(certificate: &Path, key: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(fs::read(certificate).at("open", certificate)?);
    text.push(b'\n');
    text.extend_from_slice(&Zeroizing::new(fs::read(key).at("open", key)?));
    if Identity::from_pem(&text).is_err() {
        let files = format!("{} and {}", certificate.display(), key.display());
        return Err(Error::invalid(format!("no client certificate with its key in {files}")));
    }
    Ok(text)
}
