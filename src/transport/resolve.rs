//! Addresses that are used in place of those a name server would give.
//!
//! What does not belong here: opening connections.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::error::{Error, Result};

/// The address to use for one host and port: `host:port:address[:address_port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host as it stands in the URL.
    pub host: String,
    /// The port as it stands in the URL, or the scheme's own.
    pub port: u16,
    /// Where to connect to.
    pub address: SocketAddr,
}

impl FromStr for Resolve {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::invalid(format!("failed to parse resolve flag {text:?}: {reason}"));
        let parts: Vec<&str> = text.splitn(4, ':').collect();
        let (host, port, address, address_port) = match parts[..] {
            [host, port, address] => (host, port, address, None),
            [host, port, address, address_port] => (host, port, address, Some(address_port)),
            _ => return Err(wrong("expecting host:port:address[:address_port]")),
        };
        let port = port.parse().map_err(|_| wrong("expecting uint64 host port"))?;
        let address: IpAddr = address.parse().map_err(|_| wrong("invalid IP address"))?;
        let address_port = match address_port {
            Some(text) => text.parse().map_err(|_| wrong("expecting uint64 address port"))?,
            None => port,
        };
        Ok(Self { host: host.to_owned(), port, address: SocketAddr::new(address, address_port) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_address_is_that_of_the_host_unless_given() {
        let parsed: Resolve = "h:5000:127.0.0.1".parse().unwrap();
        assert_eq!((parsed.host.as_str(), parsed.port), ("h", 5000));
        assert_eq!(parsed.address, "127.0.0.1:5000".parse().unwrap());
        assert_eq!("h:1:127.0.0.1:2".parse::<Resolve>().unwrap().address.port(), 2);
    }

    #[test]
    fn mistakes_are_told_as_oras_tells_them() {
        for (text, reason) in [
            ("a:b", "expecting host:port:address[:address_port]"),
            ("a:b:c", "expecting uint64 host port"),
            ("a:1:c", "invalid IP address"),
            ("a:1:1.2.3.4:x", "expecting uint64 address port"),
        ] {
            let says = text.parse::<Resolve>().unwrap_err().to_string();
            assert_eq!(says, format!("failed to parse resolve flag {text:?}: {reason}"));
        }
    }
}
