//! What the network said, in the words of Go, which oras shows as they are.
//!
//! What does not belong here: which failure is tried again; see `retry`.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use rustls::{CertificateError, InvalidMessage};

use super::trust::Unbelieved;

/// The failure of a name look-up, made by the wire's own resolver so that it can be told from others.
#[derive(Debug)]
pub(super) struct LookupFailed {
    /// The name.
    pub(super) host: String,
    /// The server of names that was asked, where it is known.
    pub(super) server: Option<SocketAddr>,
}

impl std::fmt::Display for LookupFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.server {
            Some(server) => write!(f, "dial tcp: lookup {} on {server}: no such host", self.host),
            None => write!(f, "dial tcp: lookup {}: no such host", self.host),
        }
    }
}

impl StdError for LookupFailed {}

/// A host was found where it may not be; with the reason, which is told as it is.
#[derive(Debug)]
pub(super) struct HostRefused(pub(super) String);

impl std::fmt::Display for HostRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for HostRefused {}

/// The server of names in the settings of a Unix system that is asked first.
pub(super) fn name_server(settings: &str) -> Option<SocketAddr> {
    let mut words = settings.lines().map(str::split_whitespace);
    let address =
        words.find_map(|mut words| words.next().filter(|word| *word == "nameserver").and(words.next()))?;
    Some(SocketAddr::new(address.parse().ok()?, 53))
}

/// A proxy says 407: what is meant for a registry is no answer to that.
pub(super) const PROXY_WANTS_PASSWORD: &str =
    "Proxy Authentication Required: a user name and a password belong into the URL of the proxy";

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Cause {
    /// Nobody listens there, or there is no such host or way.
    Unreachable,
    /// It took too long.
    Timeout,
    /// The other side threw the connection away.
    Reset,
    /// The connection ended before the answer did.
    Cut,
    /// The connection ended before the request was on its way.
    Closed,
    /// Anything else: no TLS, a certificate, no HTTP.
    Other,
}

/// The cause of a failed request and its words. `address` is what was dialled.
pub(super) fn of_request(error: &reqwest::Error, address: &str) -> (Cause, String) {
    let dial =
        |text: &str| if error.is_connect() { format!("dial tcp {address}: {text}") } else { text.to_owned() };
    if error.is_timeout() {
        return (
            Cause::Timeout,
            if error.is_connect() { dial("i/o timeout") } else { "i/o timeout".to_owned() },
        );
    }
    let (mut deepest, mut kind) = (String::new(), Cause::Other);
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(lookup) = cause.downcast_ref::<LookupFailed>() {
            return (Cause::Unreachable, lookup.to_string());
        }
        if let Some(refused) = cause.downcast_ref::<HostRefused>() {
            return (Cause::Other, refused.to_string());
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return (Cause::Other, of_tls(tls));
        }
        if let Some(found) = cause.downcast_ref::<io::Error>().and_then(|io| of_io(io, error.is_connect())) {
            return match found {
                (Cause::Unreachable | Cause::Timeout, text) => (found.0, dial(text)),
                (kind, text) => (kind, text.to_owned()),
            };
        }
        if let Some(http) = cause.downcast_ref::<hyper::Error>() {
            if let Some(found) = of_http(http) {
                return found;
            }
            if http.is_closed() || http.is_canceled() {
                return (Cause::Closed, closed(error.url().is_some_and(|url| url.scheme() == "https")));
            }
            // What is left are connections and streams that HTTP/2 threw away.
            kind = if http.is_user() { Cause::Other } else { Cause::Reset };
        }
        deepest = cause.to_string();
        next = below(cause);
    }
    // HTTP/2 keeps no more than the text of what TLS said after the handshake, and what a proxy said has no other form.
    match deepest.as_str() {
        "tunnel error: proxy authorization required" => (Cause::Other, PROXY_WANTS_PASSWORD.to_owned()),
        "tunnel error: unsuccessful" => (Cause::Unreachable, "the way there was refused".to_owned()),
        "SOCKS error: failed to create underlying connection" => {
            (Cause::Unreachable, "it cannot be reached".to_owned())
        }
        text => match text.strip_prefix("received fatal alert: ") {
            Some(alert) => (Cause::Other, of_alert(alert)),
            None => (kind, deepest),
        },
    }
}

/// The words for an answer's body that broke off.
pub(super) fn of_body(error: &reqwest::Error) -> String {
    let mut deepest = String::new();
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some((_, text)) = cause.downcast_ref::<io::Error>().and_then(|io| of_io(io, false)) {
            return if text == "EOF" { "unexpected EOF".to_owned() } else { text.to_owned() };
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return "unexpected EOF".to_owned();
        }
        deepest = cause.to_string();
        next = below(cause);
    }
    if error.is_timeout() { "i/o timeout".to_owned() } else { deepest }
}

/// What lies below in the chain. The error inside an `io::Error` is no source of it, only what that one has below.
fn below<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}

fn of_io(error: &io::Error, connecting: bool) -> Option<(Cause, &'static str)> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => (Cause::Unreachable, "connect: connection refused"),
        ErrorKind::HostUnreachable => (Cause::Unreachable, "connect: no route to host"),
        ErrorKind::NetworkUnreachable => (Cause::Unreachable, "connect: network is unreachable"),
        ErrorKind::AddrNotAvailable => (Cause::Unreachable, "connect: cannot assign requested address"),
        ErrorKind::TimedOut if connecting => (Cause::Timeout, "connect: connection timed out"),
        ErrorKind::TimedOut => (Cause::Timeout, "read: connection timed out"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            (Cause::Reset, "read: connection reset by peer")
        }
        ErrorKind::BrokenPipe => (Cause::Reset, "write: broken pipe"),
        ErrorKind::UnexpectedEof => (Cause::Cut, "EOF"),
        _ => return None,
    })
}

fn of_http(error: &hyper::Error) -> Option<(Cause, String)> {
    if error.is_incomplete_message() {
        Some((Cause::Cut, "EOF".to_owned()))
    } else if error.is_parse() {
        Some((
            Cause::Other,
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response".to_owned(),
        ))
    } else {
        None
    }
}

fn of_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "http: server gave HTTP response to HTTPS client".to_owned()
        }
        rustls::Error::InvalidCertificate(error) => {
            format!("tls: failed to verify certificate: x509: {}", of_certificate(error))
        }
        rustls::Error::AlertReceived(alert) => of_alert(&format!("{alert:?}")),
        rustls::Error::PeerIncompatible(_) => format!("tls: {error}"),
        other => format!("tls: {other}"),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Other(inner) if inner.0.is::<Unbelieved>() => {
            let unbelieved = inner.0.downcast_ref::<Unbelieved>();
            unbelieved.map_or_else(String::new, |it| format!("{}; {it}", of_certificate(&it.error)))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "certificate signed by unknown authority".to_owned()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            format!("certificate has expired or is not yet valid: {error}")
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            // The names come as `DnsName("a")`.
            let bare = |name: &String| {
                let inner =
                    name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
                inner.trim_matches('"').to_owned()
            };
            let (names, wanted) = (presented.iter().map(bare).collect::<Vec<_>>(), expected.to_str());
            if names.is_empty() {
                format!("certificate is not valid for any names, but wanted to match {wanted}")
            } else {
                format!("certificate is valid for {}, not {wanted}", names.join(", "))
            }
        }
        // An authority that no one vouches for: what signs itself is often marked as one.
        CertificateError::Other(inner) if inner.0.to_string() == "CaUsedAsEndEntity" => {
            "certificate signed by unknown authority (possibly because it is that of an authority itself)"
                .to_owned()
        }
        CertificateError::Other(inner) => inner.0.to_string(),
        other => other.to_string(),
    }
}

/// The words for a connection that was closed before the request was answered. HTTP/2 tells no more, also when TLS had
/// said why.
fn closed(secure: bool) -> String {
    let hint = if secure { "; it may want a client certificate" } else { "" };
    format!("the server closed the connection{hint}")
}

/// An alert by its name in the specification, such as `CertificateRequired`.
fn of_alert(name: &str) -> String {
    let mut words = String::new();
    for letter in name.replace("CA", "CertificateAuthority").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    format!("remote error: tls: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_server_of_names_is_told() {
        let first = |settings| name_server(settings).map(|server| server.to_string());
        let settings = "# nameserver 1.1.1.1\nsearch a\nnameserver\t10.0.0.1\nnameserver 10.0.0.2\n";
        assert_eq!(first(settings).as_deref(), Some("10.0.0.1:53"));
        assert_eq!(first("nameserver ::1").as_deref(), Some("[::1]:53"));
        assert_eq!(first("search a"), None);
    }
}
