//! Where a token may be asked for.
//!
//! The realm comes from a registry, which must not be able to make this program talk to services that only this
//! machine can reach: those on the machine itself and the metadata service of a cloud. Private networks are fine, since
//! companies have their token services there. The registry's own host is always fine: it is being talked to already.
//!
//! A host is judged twice: before it is asked, wherever it is that dials it, and by the address that is dialled, since
//! the one who answers for its name may say something else the second time.
//!
//! What does not belong here: the request for the token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::super::{Names, Resolve};

/// Addresses that no realm may have, as network and length of its prefix.
const BLOCKED_V4: [(Ipv4Addr, u32); 6] = [
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 24),
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(100, 100, 100, 200), 32),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];
const BLOCKED_V6: [(Ipv6Addr, u32); 7] = [
    (Ipv6Addr::LOCALHOST, 128),
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23), 128),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
];

/// The registry whose realms are judged.
#[derive(Clone, Copy)]
pub(in super::super) struct Judge<'a> {
    /// Its root.
    pub(in super::super) registry: &'a Url,
    /// Addresses that the user gave by hand, which are what the user wants.
    pub(in super::super) resolve: &'a [Resolve],
    /// Who knows the addresses of all other hosts.
    pub(in super::super) names: &'a dyn Names,
}

impl Judge<'_> {
    /// Refuses a realm, with the reason.
    pub(in super::super) async fn check(&self, realm: &Url) -> Result<(), String> {
        match realm.scheme() {
            "https" => {}
            "http" if self.registry.scheme() == "http" => {}
            "http" => {
                return Err(format!(
                    "bearer realm {:?} uses http but registry was contacted over https",
                    realm.as_str()
                ));
            }
            other => {
                return Err(format!("bearer realm {:?} uses unsupported scheme {other:?}", realm.as_str()));
            }
        }
        let Some(host) = realm.host() else {
            return Err(format!("bearer realm {:?} has no host", realm.as_str()));
        };
        if self.exempts(realm) {
            return Ok(());
        }
        let shown = host.to_string();
        match host {
            Host::Ipv4(address) => judged(&shown, "is", address.into()),
            Host::Ipv6(address) => judged(&shown, "is", address.into()),
            Host::Domain(name) => {
                // A name that cannot be found cannot be reached either.
                let found = self.names.addresses(name).await.unwrap_or_default();
                found.into_iter().try_for_each(|address| resolved(&shown, address))
            }
        }
    }

    /// Whether it does not matter where this host is: it is the registry's own, or the user has said where.
    pub(in super::super) fn exempts(&self, realm: &Url) -> bool {
        let (Some(host), Some(port)) = (realm.host(), realm.port_or_known_default()) else { return false };
        let given = |given: &Resolve| matches!(host, Host::Domain(name) if given.port == port && given.host.eq_ignore_ascii_case(name));
        // All hosts of URLs are in lower case here.
        self.registry.host().as_ref() == Some(&host) || self.resolve.iter().any(given)
    }
}

/// Refuses a host because of an address that it has, with the reason.
pub(in super::super) fn resolved(host: &str, address: IpAddr) -> Result<(), String> {
    judged(host, "resolves to", address)
}

fn judged(host: &str, verb: &str, address: IpAddr) -> Result<(), String> {
    match blocked(address) {
        Some(prefix) => {
            Err(format!("bearer realm host {host:?} {verb} {address}, in blocked prefix {prefix}"))
        }
        None => Ok(()),
    }
}

/// The network of an address that no realm may have.
fn blocked(address: IpAddr) -> Option<String> {
    match unwrapped(address) {
        IpAddr::V4(address) => BLOCKED_V4
            .iter()
            .find(|(network, length)| (address.to_bits() ^ network.to_bits()).leading_zeros() >= *length)
            .map(|(network, length)| format!("{network}/{length}")),
        IpAddr::V6(address) => BLOCKED_V6
            .iter()
            .find(|(network, length)| (address.to_bits() ^ network.to_bits()).leading_zeros() >= *length)
            .map(|(network, length)| format!("{network}/{length}")),
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, behind NAT64 or by 6to4.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(long) = address else { return address };
    let parts = long.segments();
    let bits = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into();
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => bits(high, low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::names::System;
    use super::*;

    async fn judged(registry: &str, realm: &str) -> String {
        let registry = Url::parse(registry).unwrap();
        let judge = Judge { registry: &registry, resolve: &[], names: &System };
        judge.check(&Url::parse(realm).unwrap()).await.err().unwrap_or_default()
    }

    #[tokio::test]
    async fn a_realm_is_not_on_this_machine_unless_the_registry_is() {
        let says = judged("http://10.0.0.1", "http://127.0.0.1/t").await;
        assert_eq!(says, "bearer realm host \"127.0.0.1\" is 127.0.0.1, in blocked prefix 127.0.0.0/8");
        assert_eq!(judged("http://127.0.0.1:5000", "http://127.0.0.1:5001/t").await, "");
        assert_eq!(judged("http://LOCALHOST:5000", "http://localhost/t").await, "");
        let says = judged("http://127.0.0.1:5000", "http://localhost/t").await;
        assert!(says.starts_with("bearer realm host \"localhost\" resolves to "), "{says}");
    }

    #[tokio::test]
    async fn a_realm_keeps_the_safety_of_the_registry() {
        assert!(judged("https://h", "http://h/t").await.contains("uses http"));
        let says = judged("https://h", "ftp://h/t").await;
        assert_eq!(says, "bearer realm \"ftp://h/t\" uses unsupported scheme \"ftp\"");
        assert_eq!(judged("http://h", "https://10.1.2.3/t").await, "");
    }

    #[test]
    fn wrapped_addresses_are_unwrapped() {
        for (address, network) in [
            ("::ffff:127.0.0.1", "127.0.0.0/8"),
            ("64:ff9b::a9fe:a9fe", "169.254.0.0/16"),
            ("2002:7f00:1::", "127.0.0.0/8"),
            ("::1", "::1/128"),
            ("::", "::/128"),
            ("febf::1", "fe80::/10"),
            ("fd00:ec2::254", "fd00:ec2::254/128"),
        ] {
            assert_eq!(blocked(address.parse().unwrap()).as_deref(), Some(network), "{address}");
        }
        for address in ["192.168.1.1", "10.0.0.1", "fd12::1", "8.8.8.8"] {
            assert_eq!(blocked(address.parse().unwrap()), None, "{address}");
        }
    }
}
