//! What can go wrong, as data.
//!
//! An [`Error`] is a kind, the steps in which it happened and the side it happened on. Context is a list and is
//! never glued into one text, because the command line keeps or drops it by kind. The [`std::fmt::Display`] here is
//! the plain reading for users of the library; the words of the command line are made elsewhere.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::oci::Problem;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: what, on the way to what, and on which side of a copy.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    context: Vec<Cow<'static, str>>,
    side: Option<Side>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    passing: bool,
}

/// Which end of a copy failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that is read.
    Source,
    /// The end that is written.
    Destination,
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kind {
    /// There is no such manifest, blob, tag or repository.
    NotFound {
        /// Its name, where the place has one for it.
        what: Option<String>,
        /// Why, where more can be said.
        because: Option<String>,
    },
    /// A registry, or its token service, answered with an error.
    Refused(Refusal),
    /// No answer came, or none that is HTTP.
    Network {
        /// The method of the request.
        method: http::Method,
        /// Its URL, fit to be shown.
        url: String,
        /// What the network said.
        reason: String,
        /// Whether nobody listened at the address or it could not be found: such a host is never tried again.
        unreachable: bool,
    },
    /// Bytes are not those that were promised: digest, size or type differ.
    Mismatch(String),
    /// A document, a name or an argument is not as it must be.
    Invalid(String),
    /// The place cannot do this.
    Unsupported(String),
    /// The registry wants a user name and a password, and there are none.
    NoCredential,
    /// Credentials that cannot be used, or a store of them that does not work.
    Credential(String),
    /// A file or folder.
    Io {
        /// The system call, as `open` or `stat`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// More bytes than are taken of such content.
    TooLarge(String),
    /// The user wants no more of it.
    Interrupted,
}

/// An answer that says no.
#[derive(Debug)]
pub struct Refusal {
    /// The method of the request.
    pub method: http::Method,
    /// Its URL, fit to be shown.
    pub url: String,
    /// The status of the answer.
    pub status: http::StatusCode,
    /// What its body says; empty where that is no list of problems.
    pub problems: Vec<Problem>,
    /// Whether it came from the registry itself, and not from a token service or the target of a redirect.
    pub from_registry: bool,
}

impl Refusal {
    /// Whether it is not allowed, whoever asks.
    pub fn is_denial(&self) -> bool {
        matches!(self.status, http::StatusCode::UNAUTHORIZED | http::StatusCode::FORBIDDEN)
    }

    /// Whether one of its problems has one of these codes.
    pub fn names(&self, codes: &[&str]) -> bool {
        self.problems.iter().any(|problem| codes.contains(&problem.code.as_str()))
    }
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Inner { kind, context: Vec::new(), side: None, source: None, passing: false }))
    }

    /// A document, a name or an argument that is not as it must be.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(Kind::Invalid(text.into()))
    }

    /// Bytes that are not those that were promised.
    pub fn mismatch(text: impl Into<String>) -> Self {
        Self::new(Kind::Mismatch(text.into()))
    }

    /// Something that this place cannot do.
    pub fn unsupported(text: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported(text.into()))
    }

    /// Something that is not there, under the name that the place has for it.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(Kind::NotFound { what: Some(what.into()), because: None })
    }

    /// Something that is not there and has no name.
    pub fn missing() -> Self {
        Self::new(Kind::NotFound { what: None, because: None })
    }

    /// A system call on a file that failed.
    pub fn io(action: &'static str, path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::new(Kind::Io { action, path: path.into(), error })
    }

    /// What happened.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The steps it happened in, the outermost first.
    pub fn context(&self) -> &[Cow<'static, str>] {
        &self.0.context
    }

    /// The side of a copy on which it happened.
    pub fn side(&self) -> Option<Side> {
        self.0.side
    }

    /// The same error, as part of a larger step: `failed to resolve digest`.
    #[must_use]
    pub fn within(mut self, step: impl Into<Cow<'static, str>>) -> Self {
        self.0.context.insert(0, step.into());
        self
    }

    /// The same error with the side it happened on, unless it already has one.
    #[must_use]
    pub fn on(mut self, side: Side) -> Self {
        self.0.side.get_or_insert(side);
        self
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error of a network, as one that may be none the next time.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.0.passing = true;
        self
    }

    /// Whether the same may work the next time: the network failed, or the answer says so.
    pub fn is_passing(&self) -> bool {
        self.0.passing || self.refusal().is_some_and(|refusal| passes(refusal.status))
    }

    /// Whether something was not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind(), Kind::NotFound { .. })
    }

    /// Whether the place cannot do this.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.kind(), Kind::Unsupported(_))
    }

    /// The answer that said no, if there was one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self.kind() {
            Kind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// Whether the same request may be answered better the next time.
pub(crate) fn passes(status: http::StatusCode) -> bool {
    let later = [http::StatusCode::REQUEST_TIMEOUT, http::StatusCode::TOO_MANY_REQUESTS];
    // What is not implemented will not be a moment later either.
    let broken = status.as_u16() >= 500 && status != http::StatusCode::NOT_IMPLEMENTED;
    broken || later.contains(&status)
}

/// Adds to an error what was being done.
pub trait Context<T> {
    /// Names the step that failed.
    fn within(self, step: impl FnOnce() -> Cow<'static, str>) -> Result<T>;
    /// Names the side on which it failed.
    fn on(self, side: Side) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn within(self, step: impl FnOnce() -> Cow<'static, str>) -> Self {
        self.map_err(|error| error.within(step()))
    }

    fn on(self, side: Side) -> Self {
        self.map_err(|error| error.on(side))
    }
}

/// Gives the failure of a system call the file it was about.
pub trait IoContext<T> {
    /// Names the call and the file.
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|error| Error::io(action, path.as_ref(), error))
    }
}

/// What the system says of a failed call, as Go words it: `no such file or directory`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.is_empty() {
            let text = self.status.canonical_reason().unwrap_or_default();
            return write!(
                f,
                "{} {:?}: response status code {}: {text}",
                self.method,
                self.url,
                self.status.as_u16()
            );
        }
        for (position, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if position == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { what, because } => {
                if let Some(what) = what {
                    write!(f, "{what}: ")?;
                }
                f.write_str("not found")?;
                because.iter().try_for_each(|because| write!(f, ": {because}"))
            }
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Network { method, url, reason, .. } => {
                let verb = method.as_str();
                write!(f, "{}{} {url:?}: {reason}", &verb[..1], verb[1..].to_lowercase())
            }
            Self::Mismatch(text)
            | Self::Invalid(text)
            | Self::Unsupported(text)
            | Self::Credential(text)
            | Self::TooLarge(text) => f.write_str(text),
            Self::NoCredential => f.write_str("basic credential not found"),
            Self::Io { action, path, error } => write!(f, "{action} {}: {}", path.display(), reason(error)),
            Self::Interrupted => f.write_str("interrupt signal received"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.context() {
            write!(f, "{step}: ")?;
        }
        self.kind().fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("context", &self.0.context)
            .field("side", &self.0.side)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_reads_from_the_outside_in() {
        let error =
            Error::not_found("h/r:v1").within("failed to resolve digest").within("outer").on(Side::Source);
        assert_eq!(error.to_string(), "outer: failed to resolve digest: h/r:v1: not found");
        assert_eq!(error.on(Side::Destination).side(), Some(Side::Source));
    }

    #[test]
    fn a_refusal_without_problems_names_the_request() {
        let mut refusal = Refusal {
            method: http::Method::HEAD,
            url: "http://h/v2/".into(),
            status: http::StatusCode::FORBIDDEN,
            problems: Vec::new(),
            from_registry: true,
        };
        assert_eq!(refusal.to_string(), "HEAD \"http://h/v2/\": response status code 403: Forbidden");
        refusal.problems = crate::oci::problems(br#"{"errors":[{"code":"A_B"},{"code":"C","message":"d"}]}"#);
        assert_eq!(refusal.to_string(), "a b; c: d");
    }

    #[test]
    fn system_errors_read_as_in_go() {
        let error = Error::io("open", "nofile", io::Error::from_raw_os_error(2));
        assert_eq!(error.to_string(), "open nofile: no such file or directory");
    }
}
