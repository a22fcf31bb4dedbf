//! Which address a connection is made to.
//!
//! What does not belong here: the connection.

use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{HOST, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolving};
use url::{Host, Url};

use super::super::Names;
use super::super::auth::realm;
use super::reason::{self, HostRefused, LookupFailed};

/// Names to addresses: what the names' own keeper says, or the one that was given.
pub(super) struct Lookup {
    /// The address that was given.
    pub(super) fixed: Option<SocketAddr>,
    /// Who knows all others.
    pub(super) names: Arc<dyn Names>,
    /// The host that may not be where no realm may be. That of a proxy on the way there is not meant.
    pub(super) judged: Option<String>,
}

impl reqwest::dns::Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let (fixed, names) = (self.fixed, Arc::clone(&self.names));
        let is_judged = self.judged.as_deref() == Some(name.as_str());
        Box::pin(async move {
            if let Some(address) = fixed {
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let host = name.as_str();
            let Ok(found) = names.addresses(host).await else {
                return Err(LookupFailed { host: host.to_owned(), server: name_server().await }.into());
            };
            if is_judged {
                let refused = found.iter().try_for_each(|address| realm::resolved(host, *address));
                refused.map_err(HostRefused)?;
            }
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The server of names that was asked, on systems where a file says so and Go asks it without the system's help.
async fn name_server() -> Option<SocketAddr> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    reason::name_server(&tokio::fs::read_to_string("/etc/resolv.conf").await.ok()?)
}

/// Whether a URL has to be written anew to lead to an address: the port of a URL wins over that of an address, and an
/// address over another one.
pub(super) fn is_elsewhere(url: &Url, address: SocketAddr) -> bool {
    let named = matches!(url.host(), Some(Host::Domain(_)));
    !named || url.port().is_some_and(|port| port != address.port())
}

/// Writes a URL so that it leads to an address, and puts its host and port into the `Host` header, where HTTP/1.1
/// looks; the name stays for the certificate.
pub(super) fn readdress(url: &mut Url, headers: &mut HeaderMap, address: SocketAddr) {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    if let Ok(host) = HeaderValue::from_str(&host) {
        headers.insert(HOST, host);
    }
    // These fail only for URLs without a host.
    if matches!(url.host(), Some(Host::Domain(_))) {
        let _ = url.set_port(None);
    } else {
        let _ = (url.set_ip_host(address.ip()), url.set_port(Some(address.port())));
    }
}

/// The address that a connection was tried to, for the words of the failure.
pub(super) async fn dialled(names: &dyn Names, url: &Url, fixed: Option<SocketAddr>) -> String {
    if let Some(address) = fixed {
        return address.to_string();
    }
    // Proxies of the kind that has no usual port in URLs have this one.
    let port = url.port_or_known_default().unwrap_or(1080);
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.to_ipv4_mapped().map_or(address.into(), Into::into)),
        Some(Host::Domain(name)) => {
            let found = names.addresses(name).await.unwrap_or_default();
            found.iter().find(|address| address.is_ipv4()).or(found.first()).copied()
        }
        None => None,
    };
    address.map_or_else(
        || format!("{}:{port}", url.host_str().unwrap_or_default()),
        |address| SocketAddr::new(address, port).to_string(),
    )
}
