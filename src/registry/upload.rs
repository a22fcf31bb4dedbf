//! A blob on its way to the registry: which requests take it there, and what is done when one fails.
//!
//! All bytes go in one request, unless chunks are wanted, or one request has turned out to be too large: the registry
//! or a proxy before it says so, or throws the connection away each time. What was learned of that holds for all blobs
//! of a repository. When a request fails that may have come through, the registry is asked: for the blob, since perhaps
//! only the answer was lost, and for the session, so that no byte is sent that has arrived.
//!
//! | what fails | what is done |
//! |---|---|
//! | no answer, 408, 429, 5xx, a lost session | on from where the session is, else in a new one |
//! | 413; two cuts in a row of a large request | chunks, then smaller ones |
//! | a chunk is refused, or the end of a session that took chunks | everything in one request |
//! | anything else | the error |
//!
//! What does not belong here: the requests themselves ([`session`]), where the bytes come from ([`feed`]), and when a
//! session is opened before it is known to be needed ([`ahead`]).

pub(super) mod ahead;
mod feed;
pub(super) mod session;

use http::{Method, StatusCode};

use self::feed::Feed;
use self::session::Session;
use super::repository::{Repository, locked};
use crate::content::{Body, ByteStream, Put};
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Digest, media_type};
use crate::transport::Failures;

/// Chunks that are tried in place of a request that is too large, down to what a common proxy takes at most.
const CHUNKS: [u64; 4] = [64 << 20, 16 << 20, 4 << 20, SMALLEST];
/// A request of so many bytes is never too large.
const SMALLEST: u64 = 1 << 20;
/// How many bytes of content of unknown size go in a chunk.
const STREAMED: u64 = 4 << 20;
/// As many cuts in a row say that a request is too large.
const CUTS: u32 = 2;

/// How a repository has shown to take blobs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Habits {
    /// In chunks of so many bytes, where one request is too large.
    chunk: Option<u64>,
    /// Never in chunks.
    whole: bool,
}

impl Repository {
    /// Sends a blob. Its digest is checked by the registry, and what comes from a source was checked there.
    pub(super) async fn upload(&self, node: &Descriptor, body: &Body) -> Result<Put> {
        if let Some(size) = body.size().filter(|size| *size != node.size) {
            return Err(Error::mismatch(format!("mismatch content length {size}: expect {}", node.size)));
        }
        let session = self.left_session(&node.digest);
        // The registry checks what it was sent, so a file that was hashed just before is not hashed once more.
        let feed = Feed::new(body.clone().for_checker().sized(node.size));
        let mut upload = Upload::new(self, feed, Some(node.digest.clone()));
        upload.run(session).await.map(|()| Put::Stored)
    }

    /// Sends a blob of which nothing is known before it ends.
    pub(super) async fn upload_unnamed(&self, stream: ByteStream) -> Result<Descriptor> {
        let mut feed = Feed::new(Body::once(None, stream));
        let chunk = self.chunk_size.unwrap_or(STREAMED);
        let first = feed.piece(0, chunk).await?.map_or_else(|| Body::bytes(""), |(first, _)| first);
        if let Some((bytes, digest)) = first.in_memory().zip(feed.digest())
            && (bytes.len() as u64) < chunk
            && feed.piece(bytes.len() as u64, 1).await?.is_none()
        {
            // It was short enough to be had in one piece.
            let node = Descriptor::new(media_type::OCTET_STREAM, digest, bytes.len() as u64);
            self.upload(&node, &first).await?;
            return Ok(node);
        }
        let mut upload = Upload::new(self, feed, None);
        upload.chunk = Some(chunk);
        upload.run(None).await?;
        let digest = upload.digest.ok_or_else(|| Error::invalid("an upload without content"))?;
        Ok(Descriptor::new(media_type::OCTET_STREAM, digest, upload.furthest))
    }
}

/// One blob that is being sent.
struct Upload<'a> {
    repository: &'a Repository,
    feed: Feed,
    /// Its digest, which may be known only at the end.
    digest: Option<Digest>,
    /// How much goes in a request at most.
    chunk: Option<u64>,
    /// Whether chunks were given up.
    whole: bool,
    /// How far the best session got.
    furthest: u64,
    /// Attempts in a row that got no further.
    failures: Failures,
    /// Attempts in a row that were cut.
    cuts: u32,
    /// What was said of a request that was too large.
    too_large: Option<Error>,
}

impl<'a> Upload<'a> {
    fn new(repository: &'a Repository, feed: Feed, digest: Option<Digest>) -> Self {
        let habits = *locked(&repository.shared.habits);
        let chunk = repository.chunk_size.or(habits.chunk).filter(|_| !habits.whole);
        Self {
            repository,
            feed,
            digest,
            chunk,
            whole: false,
            furthest: 0,
            failures: Failures::default(),
            cuts: 0,
            too_large: None,
        }
    }

    async fn run(&mut self, mut session: Option<Session>) -> Result<()> {
        loop {
            let mut current = match session.take() {
                Some(session) => session,
                None => self.repository.open_session().await?,
            };
            let Err(error) = self.send(&mut current).await else { return Ok(()) };
            if self.has_arrived(&error, &current).await {
                return Ok(());
            }
            session = self.mend(error, current).await?;
        }
    }

    /// Sends what is missing in a session, and ends it.
    async fn send(&mut self, session: &mut Session) -> Result<()> {
        let chunk = self.chunk_in(session);
        let fits = session.at == 0 && self.feed.size.is_some_and(|size| size <= chunk);
        if fits
            && let Some(digest) = &self.digest
            && let Some(whole) = self.feed.whole()
        {
            return self.repository.finish(session, digest, Some(whole)).await;
        }
        self.feed.check(session.least)?;
        while let Some((piece, length)) = self.feed.piece(session.at, chunk).await? {
            self.repository.add(session, piece, length).await?;
            self.progress(session.at);
        }
        let digest = self.digest.take().or_else(|| self.feed.digest());
        let digest = digest.ok_or_else(|| Error::unsupported("content without a digest cannot be sent"))?;
        self.repository.finish(session, self.digest.insert(digest), None).await
    }

    /// How much goes in one request.
    fn chunk_in(&self, session: &Session) -> u64 {
        self.chunk.map_or(u64::MAX, |chunk| chunk.max(session.least))
    }

    /// Keeps in mind how far it got; tells whether that is further than before.
    fn progress(&mut self, at: u64) -> bool {
        let further = at > self.furthest;
        if further {
            (self.furthest, self.cuts) = (at, 0);
            self.failures.end();
        }
        further
    }

    /// Whether only the answer to the last request is missing.
    async fn has_arrived(&mut self, error: &Error, session: &Session) -> bool {
        let Some(digest) = self.digest.as_ref().filter(|_| method(error) == Some(&Method::PUT)) else {
            return false;
        };
        let doubtful = Trouble::of(error) == Trouble::Passing || session.at > 0;
        doubtful && self.repository.find_blob(digest).await.is_ok()
    }

    /// Finds another way after a failure, and the session to go on in, if it is not a new one.
    async fn mend(&mut self, error: Error, session: Session) -> Result<Option<Session>> {
        if self.feed.is_spent() {
            return Err(error);
        }
        let (trouble, least) = (Trouble::of(&error), session.least);
        let in_parts = session.at > 0 || method(&error) == Some(&Method::PATCH);
        let missing = self.feed.size.map_or(u64::MAX, |size| size.saturating_sub(session.at));
        let size = missing.min(self.chunk_in(&session));
        let mended = match trouble {
            Trouble::Passing => {
                let moved = (self.furthest, self.feed.size);
                self.repository.client().again(&self.failures, &error, moved).await
            }
            Trouble::TooLarge => self.shrink(size, least),
            Trouble::Refused => in_parts && self.give_up_chunks(),
            Trouble::Other => false,
        };
        if !mended {
            return Err(self.too_large.take().unwrap_or(error));
        }
        let begun = match trouble {
            Trouble::Passing => !is_lost(&error),
            _ => trouble == Trouble::TooLarge && session.at > 0,
        };
        let may_resume = begun && !locked(&self.repository.shared.habits).whole;
        let next = if may_resume { self.repository.resumed(session).await? } else { None };
        let next = next.filter(|session| self.feed.size.is_none_or(|size| session.at <= size));
        let at = next.as_ref().map_or(0, |session| session.at);
        if !self.feed.reaches(at) {
            return Err(error);
        }
        if !self.progress(at) && size > SMALLEST && matches!(error.kind(), Kind::Network { .. }) {
            self.cuts += 1;
            if self.cuts == CUTS && self.shrink(size, least) {
                self.cuts = 0;
            }
        }
        if trouble == Trouble::TooLarge {
            self.too_large.get_or_insert(error);
        }
        Ok(next)
    }

    /// Takes chunks that are smaller than a request that was too large, if there are any.
    fn shrink(&mut self, size: u64, least: u64) -> bool {
        let mut habits = locked(&self.repository.shared.habits);
        let smaller = CHUNKS.into_iter().find(|chunk| *chunk.max(&least) < size);
        if habits.whole || smaller.is_none() {
            return false;
        }
        (self.chunk, habits.chunk) = (smaller, smaller);
        true
    }

    /// Sends everything in one request from now on; false where that was so before.
    fn give_up_chunks(&mut self) -> bool {
        self.chunk = None;
        locked(&self.repository.shared.habits).whole = true;
        !std::mem::replace(&mut self.whole, true)
    }
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It may be better next time.
    Passing,
    /// The request has too many bytes.
    TooLarge,
    /// The registry does not want it so.
    Refused,
    /// It would be the same in any other way.
    Other,
}

impl Trouble {
    fn of(error: &Error) -> Self {
        let Some(refusal) = error.refusal() else {
            return if error.is_passing() { Self::Passing } else { Self::Other };
        };
        let lost = refusal.names(&["BLOB_UPLOAD_UNKNOWN"]);
        match refusal.status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ if refusal.is_denial() => Self::Other,
            StatusCode::NOT_FOUND if !lost && refusal.method == Method::PATCH => Self::Refused,
            StatusCode::NOT_IMPLEMENTED => Self::Refused,
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => Self::Passing,
            _ if error.is_passing() => Self::Passing,
            _ => Self::Refused,
        }
    }
}

/// Whether the registry does not know the session.
fn is_lost(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| refusal.status == StatusCode::NOT_FOUND)
}

/// The method of the request that failed, if one did.
fn method(error: &Error) -> Option<&Method> {
    match error.kind() {
        Kind::Network { method, .. } => Some(method),
        Kind::Refused(refusal) => Some(&refusal.method),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
