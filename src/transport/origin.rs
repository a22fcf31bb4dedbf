//! Scheme, host and port: what a secret belongs to.
//!
//! What does not belong here: which secrets there are.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// Where a URL leads, apart from its path. Two spellings of one address are one origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    secure: bool,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of a URL; none for what is not HTTP.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = match url.host()?.to_owned() {
            Host::Ipv6(address) => match address.to_ipv4_mapped() {
                Some(address) => Host::Ipv4(address),
                None => Host::Ipv6(address),
            },
            other => other,
        };
        Some(Self { secure, host, port: url.port_or_known_default()? })
    }

    /// Whether it is reached over TLS.
    pub(super) fn secure(&self) -> bool {
        self.secure
    }

    /// The host as it stands in a URL.
    pub(super) fn host(&self) -> String {
        self.host.to_string()
    }

    /// The host, where it is an address.
    fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// Whether it is a host and a port as they were written.
    pub(super) fn is(&self, host: &str, port: u16) -> bool {
        let same = match &self.host {
            Host::Domain(name) => name.eq_ignore_ascii_case(host),
            _ => host.parse().is_ok_and(|address: IpAddr| self.address() == Some(address)),
        };
        same && self.port == port
    }

    /// Whether `other` is this origin moved from plain HTTP to TLS, each on its own port.
    pub(super) fn upgrades_to(&self, other: &Self) -> bool {
        !self.secure && self.port == 80 && other.secure && other.port == 443 && self.host == other.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn spellings_of_one_origin_are_equal() {
        assert_eq!(origin("https://H/x"), origin("https://h:443/y"));
        assert_eq!(origin("http://127.0.0.1:5000"), origin("http://[::ffff:127.0.0.1]:5000"));
        assert_ne!(origin("http://h:443"), origin("https://h"));
        assert_ne!(origin("http://h:5000"), origin("http://h:5001"));
    }

    #[test]
    fn only_the_standard_ports_make_an_upgrade() {
        assert!(origin("http://h").upgrades_to(&origin("https://h")));
        assert!(!origin("http://h:5000").upgrades_to(&origin("https://h")));
        assert!(!origin("http://h").upgrades_to(&origin("https://g")));
        assert!(!origin("https://h").upgrades_to(&origin("http://h")));
    }
}
