//! Which certificates are believed.
//!
//! Those of a file, or those of the system. Either often holds the server's own certificate, signed by itself and marked
//! as an authority: rustls takes no authority for a server, Go takes whatever lies in its pool. So a certificate that is
//! trusted byte by byte is taken too, if name and time are right. macOS and Windows judge certificates on their own, unless
//! there is a file.
//!
//! What does not belong here: what a client shows of itself.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use super::super::Authorities;
use super::certificate;
use crate::error::{Error, IoContext, Result};

/// Certificates of authorities, and of servers themselves.
#[derive(Debug)]
pub(super) struct Trusted {
    certificates: Vec<CertificateDer<'static>>,
    /// Where they were found.
    place: String,
    chains: Arc<WebPkiServerVerifier>,
}

impl Trusted {
    /// Those of a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).at("open", path)?;
        let wrong = || Error::invalid(format!("Failed to load certificate in file: {}", path.display()));
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = found.map_err(|error| wrong().caused_by(error))?;
        Self::new(certificates, path.display().to_string()).map_err(|error| wrong().caused_by(error))
    }

    /// Those of the system, where it is a set of files; nothing where the system judges on its own.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    pub(super) fn of_system(authorities: &Authorities) -> Result<Option<Self>> {
        let (certificates, place) = authorities.read();
        Self::new(certificates, place.clone()).map(Some).map_err(|error| {
            let text =
                format!("no server can be trusted: there are no certificates of authorities in {place}");
            Error::invalid(text).caused_by(error)
        })
    }

    /// Nothing: the system judges on its own.
    #[cfg(not(all(unix, not(target_vendor = "apple"))))]
    #[expect(clippy::unnecessary_wraps, reason = "the twin for systems with files can fail")]
    pub(super) fn of_system(_: &Authorities) -> Result<Option<Self>> {
        Ok(None)
    }

    /// Fails where there is no authority among them.
    fn new(certificates: Vec<CertificateDer<'static>>, place: String) -> Result<Self, VerifierBuilderError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let chains = WebPkiServerVerifier::builder(Arc::new(roots)).build()?;
        Ok(Self { certificates, place, chains })
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
impl Authorities {
    /// Where systems have them: those of the first file that is there, and those of all folders. Source: Go's
    /// `crypto/x509`, `root_linux.go`.
    const FILES: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    const FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

    /// All that can be read, and in words where that was.
    fn read(&self) -> (Vec<CertificateDer<'static>>, String) {
        if self.file.is_none() && self.folders.is_empty() {
            return (rustls_native_certs::load_native_certs().certs, "the files of the system".to_owned());
        }
        let usual = || Self::FILES.iter().map(Path::new).find(|file| file.exists()).map(Path::to_owned);
        let file = self.file.clone().or_else(usual);
        let folders = match self.folders.as_slice() {
            [] => Self::FOLDERS
                .iter()
                .map(Path::new)
                .filter(|folder| folder.exists())
                .map(Path::to_owned)
                .collect(),
            folders => folders.to_vec(),
        };
        let (mut certificates, mut places) = (Vec::new(), Vec::new());
        let sources = file.iter().map(|file| (Some(file.as_path()), None));
        for (file, folder) in sources.chain(folders.iter().map(|folder| (None, Some(folder.as_path())))) {
            let found = rustls_native_certs::load_certs_from_paths(file, folder);
            let place = file.or(folder).unwrap_or(Path::new("")).display();
            let unread = found.certs.is_empty() && !found.errors.is_empty();
            places.push(format!("{place}{}", if unread { ", which cannot be read" } else { "" }));
            certificates.extend(found.certs);
        }
        (certificates, places.join(" and "))
    }
}

/// A certificate that is not believed, with what is needed to see why.
#[derive(Debug)]
pub(super) struct Unbelieved {
    /// Why.
    pub(super) error: CertificateError,
    issuer: Option<String>,
    place: String,
}

impl fmt::Display for Unbelieved {
    /// What is told beside the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, place, .. } = self;
        match issuer {
            Some(issuer) => write!(f, "its issuer is {issuer:?}, and trusted are those in {place}"),
            None => write!(f, "trusted are those in {place}"),
        }
    }
}

impl std::error::Error for Unbelieved {}

/// The name of a version of TLS, once it is known.
pub(super) type Version = Arc<OnceLock<&'static str>>;

/// Who looks at certificates, and at which TLS is spoken on the way.
#[derive(Debug)]
pub(super) struct Judge {
    /// What is believed.
    pub(super) trusted: Arc<Trusted>,
    /// Where the version is told, if it is wanted.
    pub(super) version: Option<Version>,
}

impl Judge {
    /// Each version has a signature of its own.
    fn hear(&self, version: &'static str) {
        if let Some(heard) = &self.version {
            heard.get_or_init(|| version);
        }
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.trusted.chains.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let verified = match verified {
            // The time is looked at before this error, the name is not.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if self.trusted.certificates.contains(end_entity) =>
            {
                ParsedCertificate::try_from(end_entity)
                    .and_then(|certificate| verify_server_name(&certificate, server_name))
                    .map(|()| ServerCertVerified::assertion())
            }
            verified => verified,
        };
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(error) => {
                let (issuer, place) = (
                    certificate::read(end_entity).and_then(|(issuer, _)| issuer),
                    self.trusted.place.clone(),
                );
                let unbelieved = Unbelieved { error, issuer, place };
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(unbelieved))))
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.hear("1.2");
        self.trusted.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.hear("1.3");
        self.trusted.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trusted.chains.supported_verify_schemes()
    }
}
