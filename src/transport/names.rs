//! Names of hosts and the addresses behind them.
//!
//! An answer may differ from one question to the next, so whoever judges a host by its addresses has to judge those that
//! are dialled.
//!
//! What does not belong here: addresses that the user gave by hand ([`super::Resolve`]).

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

/// Who knows the addresses of hosts.
#[async_trait]
pub trait Names: Send + Sync {
    /// All addresses of a host, in the order in which they are to be tried.
    ///
    /// # Errors
    /// There is no such host, or nobody could be asked.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system, with its files and its servers of names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct System;

#[async_trait]
impl Names for System {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect())
    }
}
