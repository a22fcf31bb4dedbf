//! Whom a request is meant for.
//!
//! A web page can give a name of its own the address of this machine, and a browser then sends its requests here as
//! that page's own ("DNS rebinding"). They still say the name, so a name that is not ours is refused. An address in
//! numbers cannot be rebound; where all addresses of the machine are listened to, each of them is ours.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::Uri;
use http::header;

/// The hosts that are ours.
pub(super) struct Hosts {
    address: SocketAddr,
    names: Vec<String>,
}

impl Hosts {
    /// The address, `localhost`, and further names, with or without a port.
    pub(super) fn new(address: SocketAddr, names: &[String]) -> Self {
        let names = names.iter().map(|name| host_of(name).to_ascii_lowercase()).collect();
        Self { address, names }
    }

    /// Whether the host of a request or of a page, with or without a port, is ours.
    pub(super) fn has(&self, authority: &str) -> bool {
        let host = host_of(authority);
        if host.eq_ignore_ascii_case("localhost")
            || self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
        {
            return true;
        }
        let own = self.address.ip();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        literal.is_ok_and(|ip| own.is_unspecified() || ip.to_canonical() == own.to_canonical())
    }
}

/// A host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !is_bare_ipv6(authority) => {
            host
        }
        _ => authority,
    }
}

fn is_bare_ipv6(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// The host that a request names: in HTTP/2 it stands in the URI, in HTTP/1 in a header.
pub(super) fn named<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(header::HOST).and_then(|value| value.to_str().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours() {
        let hosts = Hosts::new("127.0.0.1:5000".parse().unwrap(), &["Registry.test:443".into()]);
        for own in ["127.0.0.1:5000", "127.0.0.1", "localhost:5000", "LOCALHOST", "registry.test:5000"] {
            assert!(hosts.has(own), "{own}");
        }
        for other in ["evil.test:5000", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1", "", "[::1]"]
        {
            assert!(!hosts.has(other), "{other}");
        }
    }

    #[test]
    fn every_address_is_ours_where_all_are_listened_to() {
        let hosts = Hosts::new("[::]:5000".parse().unwrap(), &[]);
        assert!(hosts.has("10.0.0.1:5000") && hosts.has("[fe80::1]:5000") && hosts.has("fe80::1"));
        assert!(!hosts.has("evil.test"));
    }
}
