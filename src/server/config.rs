//! What a registry is told before it starts.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use super::{Authentication, Storage};

/// Hears of each request: its method, its path with the query, and the status of the answer.
pub type Heard = Arc<dyn Fn(&Method, &str, StatusCode) + Send + Sync>;

/// The time.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// What a registry is told before it starts.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen; port 0 is any free one.
    pub address: SocketAddr,
    /// Where content is kept.
    pub storage: Storage,
    /// Who may use it; without it everybody may do everything.
    pub authentication: Option<Authentication>,
    /// That it may be reached from other machines without any user being known.
    pub open_to_everybody: bool,
    /// Certificate and key, for HTTPS.
    pub tls: Option<Tls>,
    /// Further names under which clients reach it.
    pub hosts: Vec<String>,
    /// Whether it takes anything.
    pub writes: Writes,
    /// How it tells of referrers.
    pub referrers: Referrers,
    /// What it must not exceed.
    pub limits: Limits,
    /// How long a token lasts.
    pub token_lifetime: Duration,
    /// The least bytes of a chunk that it asks clients for.
    pub chunk_minimum: Option<u64>,
    /// The clock, for the time at which a token was issued.
    pub clock: Option<Clock>,
    /// Who hears of each request.
    pub heard: Option<Heard>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address)
            .field("storage", &self.storage)
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// A registry in memory at an address, open to everybody who can reach it, with the usual limits.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            storage: Storage::Memory { limit: 2 * 1024 * 1024 * 1024 },
            authentication: None,
            open_to_everybody: false,
            tls: None,
            hosts: Vec::new(),
            writes: Writes::Taken,
            referrers: Referrers::Api,
            limits: Limits::default(),
            token_lifetime: Duration::from_secs(300),
            chunk_minimum: None,
            clock: None,
            heard: None,
        }
    }
}

/// The files of a certificate, both PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate with those between it and the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Whether a registry takes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// It does.
    Taken,
    /// It is for reading only.
    Refused,
}

/// How a registry tells of referrers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referrers {
    /// By the API of distribution-spec 1.1.
    Api,
    /// Not at all, as older registries: clients keep a list under a tag.
    TagSchema,
}

/// What a registry must not exceed, whoever talks to it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; further ones are closed.
    pub connections: usize,
    /// Uploads that are not finished.
    pub uploads: usize,
    /// How long an upload may lie untouched.
    pub upload_idle: Duration,
    /// Bytes of a blob.
    pub blob: u64,
    /// Bytes of the head of a request.
    pub head: usize,
    /// How long the head of a request may take, and a connection without a request may last.
    pub head_patience: Duration,
    /// How long to wait for the next bytes of a body, and until a client takes the next ones of an answer.
    pub body_patience: Duration,
    /// How long requests that are under way may take when the registry ends.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            uploads: 1024,
            upload_idle: Duration::from_secs(60 * 60),
            blob: 64 * 1024 * 1024 * 1024,
            head: 64 * 1024,
            head_patience: Duration::from_secs(60),
            body_patience: Duration::from_secs(60),
            farewell: Duration::from_secs(5),
        }
    }
}
