//! Uploads that take more than one request: sessions, and what arrived in them so far.
//!
//! A session is a name that nobody can guess and the bytes up to an offset; it knows no digest before its end, so the
//! content is checked when it is put in place. A session that nobody touches is forgotten, and there are never more
//! than a bounded number. What the answers look like is the matter of `blobs`. Source: distribution-spec, "Pushing a
//! blob in chunks".

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::random;
use super::store::Room;
use crate::content::{Body, ByteStream};
use crate::disk::{self, Spool};
use crate::error::Result;

/// All sessions.
pub(super) struct Uploads {
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    folder: Option<PathBuf>,
    most: usize,
    idle: Duration,
}

/// One upload that is not finished.
pub(super) struct Session {
    /// The repository it belongs to.
    pub(super) repository: String,
    /// What arrived. Who holds it is the only one to add to it.
    pub(super) received: tokio::sync::Mutex<Received>,
    touched: Mutex<Instant>,
}

/// The bytes of a session.
pub(super) struct Received {
    place: Place,
    room: Room,
}

enum Place {
    Memory(BytesMut),
    /// Made when the first bytes arrive: most sessions are finished by one request and need none.
    Folder(PathBuf, Option<Spool>),
}

impl Uploads {
    /// None yet. Without a folder they are kept in memory.
    pub(super) fn new(folder: Option<PathBuf>, most: usize, idle: Duration) -> Self {
        Self { sessions: Mutex::default(), folder, most, idle }
    }

    /// A new session, or nothing when there are too many.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn start(&self, repository: &str, room: Room) -> Result<Option<String>> {
        let name = random::name()?;
        let place = match &self.folder {
            None => Place::Memory(BytesMut::new()),
            Some(folder) => Place::Folder(folder.clone(), None),
        };
        let session = Session {
            repository: repository.to_owned(),
            received: tokio::sync::Mutex::new(Received { place, room }),
            touched: Mutex::new(Instant::now()),
        };
        self.forget_idle();
        let mut sessions = self.held();
        if sessions.len() >= self.most {
            return Ok(None);
        }
        sessions.insert(name.clone(), Arc::new(session));
        Ok(Some(name))
    }

    /// The session of that name in that repository.
    pub(super) fn find(&self, repository: &str, name: &str) -> Option<Arc<Session>> {
        self.forget_idle();
        let found = self.held().get(name).filter(|session| session.repository == repository).cloned()?;
        *found.touched.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Some(found)
    }

    /// Ends a session; its bytes go when the last one who has it lets go of it.
    pub(super) fn end(&self, name: &str) {
        self.held().remove(name);
    }

    /// Ends the sessions that nobody uses and nobody has touched for long.
    pub(super) fn forget_idle(&self) {
        let idle = self.idle;
        self.held().retain(|_, session| {
            let touched = *session.touched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::strong_count(session) > 1 || touched.elapsed() < idle
        });
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Received {
    /// How many bytes arrived.
    pub(super) fn offset(&self) -> u64 {
        match &self.place {
            Place::Memory(bytes) => bytes.len() as u64,
            Place::Folder(_, spool) => spool.as_ref().map_or(0, Spool::length),
        }
    }

    /// Takes the next bytes. What came before an error stays, so that the client can go on from there.
    ///
    /// # Errors
    /// Those of the stream and of the disk; no more room.
    pub(super) async fn append(&mut self, mut stream: ByteStream, most: u64) -> Result<()> {
        if let Place::Folder(folder, spool) = &mut self.place {
            let spool = match spool {
                Some(spool) => spool,
                None => spool.insert(Spool::within(folder).await?),
            };
            spool.resume().await?;
        }
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            if self.offset() + piece.len() as u64 > most {
                let text = format!("content is larger than the limit of {most} bytes");
                return Err(crate::error::Error::new(crate::error::Kind::TooLarge(text)));
            }
            self.room.grow(piece.len() as u64)?;
            match &mut self.place {
                Place::Memory(bytes) => bytes.extend_from_slice(&piece),
                Place::Folder(_, Some(spool)) => spool.append(&piece).await?,
                Place::Folder(_, None) => {}
            }
        }
        match &mut self.place {
            Place::Folder(_, Some(spool)) => spool.flush().await,
            _ => Ok(()),
        }
    }

    /// All that arrived, with the room it takes; nothing is left here. It can be read as long as the session is held.
    pub(super) fn take(&mut self) -> (Body, Room) {
        let room = self.room.split();
        let body = match &mut self.place {
            Place::Memory(bytes) => Body::bytes(bytes.split().freeze()),
            Place::Folder(_, None) => Body::bytes(Vec::new()),
            Place::Folder(_, Some(spool)) => {
                let path = spool.path().to_owned();
                Body::reopening(Some(spool.length()), move |from| {
                    let path = path.clone();
                    async move { disk::read(&path, from).await }
                })
            }
        };
        (body, room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Repositories, Storage};

    fn room() -> Room {
        Repositories::new(Storage::Memory { limit: 100 }).unwrap().room(0).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_are_few_and_end_when_nobody_touches_them() {
        let uploads = Uploads::new(None, 2, Duration::from_secs(60));
        let first = uploads.start("a", room()).unwrap().unwrap();
        let second = uploads.start("a", room()).unwrap().unwrap();
        assert_ne!(first, second);
        assert!(uploads.start("a", room()).unwrap().is_none());
        assert!(uploads.find("b", &first).is_none());
        tokio::time::advance(Duration::from_secs(40)).await;
        let held = uploads.find("a", &first).unwrap();
        tokio::time::advance(Duration::from_secs(40)).await;
        assert!(uploads.find("a", &second).is_none());
        assert_eq!(held.received.lock().await.offset(), 0);
        assert!(uploads.find("a", &first).is_some());
    }

    #[tokio::test]
    async fn what_came_before_an_error_stays() {
        let folder = tempfile::tempdir().unwrap();
        for place in [None, Some(folder.path().to_owned())] {
            let uploads = Uploads::new(place, 2, Duration::from_secs(60));
            let name = uploads.start("a", room()).unwrap().unwrap();
            let session = uploads.find("a", &name).unwrap();
            let mut received = session.received.lock().await;
            let cut = [Ok("ab".into()), Err(crate::error::Error::invalid("cut"))];
            received.append(futures_util::stream::iter(cut).boxed(), 9).await.unwrap_err();
            assert_eq!(received.offset(), 2);
            received.append(futures_util::stream::iter([Ok("cd".into())]).boxed(), 9).await.unwrap();
            assert_eq!(received.take().0.read(9).await.unwrap(), "abcd");
        }
    }
}
