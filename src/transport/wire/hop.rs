//! What goes over the wire, and what is told when no answer comes.
//!
//! What does not belong here: the sending.

use http::{HeaderMap, Method};
use url::Url;

use super::super::Failures;
use super::reason::Cause;
use super::upload::Upload;
use crate::content::Body;
use crate::error::Error;

/// A request as it goes out: nothing is added to it any more.
#[derive(Debug, Clone)]
pub(in super::super) struct Hop {
    /// The method.
    pub(in super::super) method: Method,
    /// Where to.
    pub(in super::super) url: Url,
    /// All headers.
    pub(in super::super) headers: HeaderMap,
    /// What is sent.
    pub(in super::super) body: Option<Body>,
    /// Whether it is not sent again.
    pub(in super::super) once: bool,
    /// Whether the body of the answer may be of any length and break off.
    pub(in super::super) streamed: bool,
    /// Which connection it may go over.
    pub(in super::super) connection: Connection,
    /// The failures so far of what it is part of.
    pub(in super::super) failures: Failures,
}

impl Hop {
    /// How much of its body was sent, where it has one that is read while it is sent.
    pub(super) fn sent(&self, upload: &Upload) -> Option<(u64, Option<u64>)> {
        let body = self.body.as_ref().filter(|body| body.in_memory().is_none())?;
        Some((upload.sent(), body.size()))
    }
}

/// Which connection a request may go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Connection {
    /// One that others may have used.
    Shared,
    /// One of its own, beside others to the same host.
    Apart,
    /// One whose far end may not be where no realm may be.
    Judged,
}

/// No answer.
#[derive(Debug)]
pub(in super::super) struct Failure {
    /// What is told of it.
    pub(in super::super) error: Error,
    /// What kind it was; none where the request itself could not be made, as when its body cannot be read.
    pub(in super::super) cause: Option<Cause>,
    /// Whether it happened on a connection that had been used before: the server may just have tired of it.
    pub(in super::super) stale: bool,
    /// How many bytes of content had moved, and of how many, if any had to.
    pub(in super::super) moved: Option<(u64, Option<u64>)>,
}
