//! Who stands between this program and the world: proxies, and who is reached without one.
//!
//! The rules are those of Go: one proxy for each scheme, and a list of hosts, networks and domains, perhaps with ports,
//! that are reached directly. This machine itself always is. Source: the documentation of `golang.org/x/net/http/httpproxy`.
//!
//! What does not belong here: reading the environment, and how a proxy is spoken to.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Result};

/// What a proxy may speak.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The proxies for all that goes out.
#[derive(Clone, Default)]
pub struct Proxies {
    plain: Option<Url>,
    secure: Option<Url>,
    direct: Vec<Direct>,
}

/// Who is reached without a proxy.
#[derive(Debug, Clone)]
struct Direct {
    hosts: Hosts,
    /// Only on this port.
    port: Option<u16>,
}

#[derive(Debug, Clone)]
enum Hosts {
    All,
    /// The addresses that have so many bits with this one in common.
    Network(IpAddr, u32),
    /// What ends with this, a dot in front, and perhaps the domain itself.
    Domain {
        suffix: String,
        itself: bool,
    },
}

impl Proxies {
    /// The proxy for plain HTTP, that for HTTPS, and the list of those who are reached without, separated by commas.
    /// What is empty says nothing; a proxy without a scheme speaks HTTP.
    ///
    /// # Errors
    /// A proxy that is no URL, or one that speaks something else. Its text is not told, since it may have a password.
    pub fn new(plain: &str, secure: &str, direct: &str) -> Result<Self> {
        let direct = direct.split(',').filter_map(|text| Direct::parse(text.trim())).collect();
        Ok(Self { plain: proxy("HTTP_PROXY", plain)?, secure: proxy("HTTPS_PROXY", secure)?, direct })
    }

    /// The proxy on the way to a URL.
    pub(super) fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = if url.scheme() == "https" { self.secure.as_ref() } else { self.plain.as_ref() }?;
        let (host, port) = (url.host()?, url.port_or_known_default()?);
        let is_here = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_direct = is_here || self.direct.iter().any(|direct| direct.covers(&host, port));
        (!is_direct).then_some(proxy)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |url: &Option<Url>| url.as_ref().map(shown);
        f.debug_struct("Proxies")
            .field("plain", &shown(&self.plain))
            .field("secure", &shown(&self.secure))
            .field("direct", &self.direct)
            .finish()
    }
}

/// A proxy as errors name it, without user name and password.
pub(super) fn shown(proxy: &Url) -> String {
    let host = proxy.host_str().unwrap_or_default();
    let port = proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", proxy.scheme())
}

/// What went wrong on the way through a proxy.
pub(super) fn through(proxy: &Url, reason: &str) -> String {
    let step = if reason.starts_with("dial tcp ") { "proxyconnect tcp: " } else { "" };
    format!("{step}{reason}, through the proxy {}", shown(proxy))
}

/// A proxy as it is dialled: names are for the proxy to find, as with Go.
pub(super) fn dialled(proxy: &Url) -> Url {
    if proxy.scheme() != "socks5" {
        return proxy.clone();
    }
    // A URL of another scheme cannot fail to be one.
    Url::parse(&proxy.as_str().replacen("socks5", "socks5h", 1)).unwrap_or_else(|_| proxy.clone())
}

fn proxy(variable: &str, text: &str) -> Result<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&text).ok().filter(Url::has_host);
    let url = url.ok_or_else(|| Error::invalid(format!("{variable} is not the URL of a proxy")))?;
    if !SCHEMES.contains(&url.scheme()) {
        let scheme = url.scheme();
        return Err(Error::invalid(format!("{variable}: a proxy cannot speak {scheme:?}")));
    }
    Ok(Some(url))
}

impl Direct {
    /// One entry; none where it can mean nobody.
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if text == "*" {
            return Some(Self { hosts: Hosts::All, port: None });
        }
        if let Some((network, length)) = text.split_once('/') {
            let network: IpAddr = network.parse().ok()?;
            let (length, most) = (length.parse().ok()?, if network.is_ipv4() { 32 } else { 128 });
            return (length <= most).then_some(Self { hosts: Hosts::Network(network, length), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            // More colons are those of an address.
            Some((host, port)) if host.starts_with('[') || !host.contains(':') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text.as_str(), None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = host.parse::<IpAddr>() {
            let length = if address.is_ipv4() { 32 } else { 128 };
            return Some(Self { hosts: Hosts::Network(address, length), port });
        }
        let host = host.strip_prefix('*').unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        (suffix.len() > 1).then_some(Self { hosts: Hosts::Domain { suffix, itself }, port })
    }

    fn covers(&self, host: &Host<&str>, port: u16) -> bool {
        let covered = match (&self.hosts, host) {
            (Hosts::All, _) => true,
            (Hosts::Domain { suffix, itself }, Host::Domain(name)) => {
                name.ends_with(suffix.as_str()) || (*itself && Some(*name) == suffix.strip_prefix('.'))
            }
            (Hosts::Network(IpAddr::V4(network), length), Host::Ipv4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *length
            }
            (Hosts::Network(IpAddr::V6(network), length), Host::Ipv6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *length
            }
            _ => false,
        };
        covered && self.port.is_none_or(|only| only == port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(proxies: &Proxies, url: &str) -> String {
        proxies.of(&Url::parse(url).unwrap()).map_or_else(|| "direct".to_owned(), shown)
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let proxies = Proxies::new("http://u:p@a:1", "socks5://b:2", "").unwrap();
        assert_eq!(way(&proxies, "http://h"), "http://a:1");
        assert_eq!(way(&proxies, "https://h"), "socks5://b:2");
        assert!(!format!("{proxies:?}").contains("u:p"));
        let one = Proxies::new("", "bare:3128", "").unwrap();
        assert_eq!(
            (way(&one, "http://h"), way(&one, "https://h")),
            ("direct".into(), "http://bare:3128".into())
        );
    }

    #[test]
    fn this_machine_is_reached_without() {
        let proxies = Proxies::new("a", "a", "").unwrap();
        for url in ["http://localhost:5000", "https://127.0.0.2", "http://[::1]:5"] {
            assert_eq!(way(&proxies, url), "direct", "{url}");
        }
        assert_eq!(way(&proxies, "http://localhost.test"), "http://a");
    }

    #[test]
    fn the_list_of_those_without_is_that_of_go() {
        let direct = "a.test, .b.test,*.c.test,d.test:5000,10.0.0.0/8,192.0.2.7,[2001:db8::1]:443,2001:db8:1::/48,,x/y";
        let proxies = Proxies::new("p", "p", direct).unwrap();
        for url in [
            "http://a.test",
            "http://A.TEST:5000",
            "http://sub.a.test",
            "http://sub.b.test",
            "http://sub.c.test",
            "http://d.test:5000",
            "http://10.1.2.3",
            "http://192.0.2.7:5000",
            "https://[2001:db8::1]",
            "http://[2001:db8:1:2::3]",
        ] {
            assert_eq!(way(&proxies, url), "direct", "{url}");
        }
        for url in [
            "http://nota.test",
            "http://b.test",
            "http://c.test",
            "http://d.test",
            "http://11.0.0.1",
            "http://192.0.2.8",
            "http://[2001:db8::1]",
            "http://[2001:db8:2::3]",
        ] {
            assert_eq!(way(&proxies, url), "http://p", "{url}");
        }
        assert_eq!(way(&Proxies::new("p", "p", " * ").unwrap(), "http://x"), "direct");
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_text() {
        for (text, says) in [
            ("http://u:secret@", "HTTP_PROXY is not the URL of a proxy"),
            ("ftp://u:secret@h", "HTTP_PROXY: a proxy cannot speak \"ftp\""),
        ] {
            assert_eq!(Proxies::new(text, "", "").unwrap_err().to_string(), says);
        }
    }
}
