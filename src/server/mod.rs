//! A registry: the distribution-spec in front of any target.
//!
//! [`bind`] takes a [`Config`] and says which address it really has; [`Bound::run`] answers until it is told to stop.
//! One handler takes every path, because names of repositories contain slashes; it checks whom the request is for and
//! who sent it, and hands it to the file of its noun. What is stored lies behind [`Repositories`], and nothing here
//! knows whether that is memory or a folder. Printing belongs to the command line, which is told of each request.
//!
//! By default only this machine is listened to. A request that is meant for another host is refused, so that no web
//! page can lead a browser here under a name of its own; and everything that a stranger could make grow is bounded by
//! [`Limits`].
//!
//! Source: distribution-spec 1.1.

mod auth;
mod blobs;
mod call;
mod config;
mod handle;
mod hosts;
mod incoming;
mod listen;
mod listing;
mod local;
mod manifests;
mod patient;
mod problem;
mod random;
mod referrers;
mod route;
mod sessions;
mod store;
mod uploads;

use std::net::SocketAddr;
use std::sync::Arc;

pub use auth::{Authentication, Others, Scheme, Users};
pub use config::{Clock, Config, Heard, Limits, Referrers, Tls, Writes};
pub use listen::{Bound, bind};
pub use local::Local;
pub use store::{Repositories, Storage, is_name};

use crate::error::Result;
use auth::Guard;
use hosts::Hosts;
use uploads::Uploads;

/// A running registry.
struct Registry {
    config: Config,
    hosts: Hosts,
    guard: Option<Arc<Guard>>,
    store: Repositories,
    uploads: Uploads,
}

impl Registry {
    /// Storage and users, at the address by which it is known.
    fn new(config: Config, address: SocketAddr) -> Result<Self> {
        let guard = match &config.authentication {
            None => None,
            Some(rules) => Some(Guard::new(rules, config.token_lifetime, config.clock.clone())?),
        };
        let store = Repositories::new(config.storage.clone())?;
        let uploads = Uploads::new(store.uploads(), config.limits.uploads, config.limits.upload_idle);
        let hosts = Hosts::new(address, &config.hosts);
        Ok(Self { config, hosts, guard, store, uploads })
    }
}

#[cfg(test)]
mod tests;
