//! How a registry is to be reached: values that come from flags, files and the environment of whoever calls.
//!
//! What does not belong here: reading any of them, except certificates, which the client does.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::names::System;
use super::{Carrier, Names, Observer, Proxies, Resolve, Retry, Tokens};
use crate::credentials::{Credential, Store};

/// How long nothing may move, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How a registry is to be reached.
#[derive(Clone)]
pub struct Settings {
    /// Use `http`, not `https`.
    pub plain_http: bool,
    /// Take any certificate.
    pub insecure: bool,
    /// What every request says of the program.
    pub user_agent: String,
    /// The PEM file of the only certificates that are trusted.
    pub ca_file: Option<PathBuf>,
    /// Where the system's authorities are, if not where they usually are.
    pub authorities: Authorities,
    /// Who stands on the way. An address that was given by hand is reached without.
    pub proxies: Proxies,
    /// The PEM files of the certificate and the key that the registry's own origin is shown.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Addresses in place of those of the name server.
    pub resolve: Vec<Resolve>,
    /// Who knows the addresses of all other hosts; the system, where nothing else is said.
    pub names: Arc<dyn Names>,
    /// Headers of every request to the registry's own origin. Their values count as secrets.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The credential that was given by hand; it wins over all that is stored.
    pub credential: Option<Credential>,
    /// Where stored credentials are.
    pub store: Option<Arc<Store>>,
    /// Who hears of requests and answers.
    pub observer: Option<Arc<dyn Observer>>,
    /// What is tried again.
    pub retry: Retry,
    /// How many connections each host may have at once, and requests that are under way; as many as it answers quickly,
    /// where nothing is said.
    pub connections: Option<usize>,
    /// How long nothing may move: no byte in either direction, no answer. Zero is for ever.
    pub timeout: Duration,
    /// What carries requests in place of the network.
    pub carrier: Option<Arc<dyn Carrier>>,
    /// Tokens that were fetched; two clients with the same credentials may share them.
    pub tokens: Tokens,
}

/// Where the certificates of authorities are, on systems that have them in files. What is empty is where it usually is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// A file of many.
    pub file: Option<PathBuf>,
    /// Folders of files.
    pub folders: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plain_http: false,
            insecure: false,
            user_agent: String::new(),
            ca_file: None,
            authorities: Authorities::default(),
            proxies: Proxies::default(),
            client_certificate: None,
            resolve: Vec::new(),
            names: Arc::new(System),
            headers: Vec::new(),
            credential: None,
            store: None,
            observer: None,
            retry: Retry::default(),
            connections: None,
            timeout: TIMEOUT,
            carrier: None,
            tokens: Tokens::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("plain_http", &self.plain_http)
            .field("insecure", &self.insecure)
            .field("resolve", &self.resolve)
            .field("retry", &self.retry)
            .field("connections", &self.connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
