//! A failure for programs: the same in parts, with a code to decide by.
//!
//! The code is that of the registry where it gave one, and else says what kind of failure it is. What does not belong
//! here: the texts, which are those for people.

use std::error::Error as _;

use oras::error::{Error, Kind, Refusal};

use super::{Cause, Failure, Scene};
use crate::cli::output::events::{self, Notice};

impl Failure {
    /// One line of JSON, without its end.
    pub(crate) fn line(&self, scene: &Scene) -> String {
        let (text, hints) = self.parts(scene);
        let error = match &self.cause {
            Cause::Library(error) | Cause::Unblamed(error) => Some(error),
            _ => None,
        };
        let host = error.and_then(|error| host(error, scene));
        events::line(&Notice::Error {
            message: text.strip_prefix("Error: ").unwrap_or(&text),
            code: error.map_or_else(|| self.own_code(), code),
            status: error.and_then(refusal).map(|refusal| refusal.status.as_u16()),
            host: host.as_deref(),
            hint: Some(hints.join("\n")).filter(|hint| !hint.is_empty()).as_deref(),
        })
    }

    fn own_code(&self) -> &'static str {
        match &self.cause {
            Cause::Reference(_) => "INVALID_REFERENCE",
            Cause::Terminated => "TERMINATED",
            _ => self.code.unwrap_or("USAGE"),
        }
    }
}

/// The code of an error of the library.
fn code(error: &Error) -> &str {
    let problems = refusal(error).map(|refusal| refusal.problems.as_slice()).unwrap_or_default();
    if let Some(problem) = problems.iter().find(|problem| !problem.code.is_empty()) {
        return &problem.code;
    }
    match error.kind() {
        Kind::NotFound { .. } => "NOT_FOUND",
        Kind::Refused(refusal) => match refusal.status.as_u16() {
            401 => "UNAUTHORIZED",
            403 => "DENIED",
            404 => "NOT_FOUND",
            429 => "TOOMANYREQUESTS",
            _ => "REFUSED",
        },
        Kind::Network { unreachable: true, .. } => "UNREACHABLE",
        Kind::Network { .. } => "NETWORK",
        Kind::Mismatch(_) => "MISMATCH",
        Kind::Invalid(_) => "INVALID",
        Kind::Unsupported(_) => "UNSUPPORTED",
        Kind::NoCredential => "NO_CREDENTIAL",
        Kind::Credential(_) => "CREDENTIAL",
        Kind::Io { .. } => "FILE",
        Kind::TooLarge(_) => "TOO_LARGE",
        Kind::Interrupted => "INTERRUPTED",
        _ => "FAILED",
    }
}

/// The answer that said no, or that something is not there.
fn refusal(error: &Error) -> Option<&Refusal> {
    let cause = || error.source().and_then(|source| source.downcast_ref::<Error>());
    error.refusal().or_else(|| cause().and_then(Error::refusal))
}

/// The host that was asked, with its port if one was typed.
fn host(error: &Error, scene: &Scene) -> Option<String> {
    let url = match (error.kind(), refusal(error)) {
        (_, Some(refusal)) => &refusal.url,
        (Kind::Network { url, .. }, None) => url,
        (Kind::NotFound { .. } | Kind::NoCredential, None) => {
            let place = scene.place(error.side()).or(scene.places.first());
            return place.and_then(|(_, place)| Some(place.reference()?.registry.clone()));
        }
        _ => return None,
    };
    let authority = url.parse::<http::Uri>().ok()?.authority()?.as_str().to_owned();
    Some(authority)
}
