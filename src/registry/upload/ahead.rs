//! A session that is opened while its blob is still being looked for.
//!
//! Over a long line a small blob waits for the ways there and back and for little else. To ask for a session at the same
//! time as for the blob saves one of them; where the blob is there, the session was in vain and is given up. So this is
//! done for a few blobs only, and where the registry is far away: many blobs share their ways anyway, and a registry is
//! not to be asked twice as much.
//!
//! Nothing else is different by it. Whether the blob is there is told as soon as that is known. The request is sent once,
//! and neither asks for a token nor for a password, so a registry that is to be opened first is opened by the search; and
//! if it fails, the upload opens a session of its own and tells what is wrong. What is given up costs no time either: that
//! goes on beside the next requests, and only at the end of the run it is waited for, a moment at most. A registry ends by
//! itself what was not given up.
//!
//! What does not belong here: which blobs are small enough, and which registry is far away.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use tokio::task::JoinHandle;

use super::super::repository::{Repository, locked};
use super::session::Session;
use crate::content::Source;
use crate::error::Result;
use crate::oci::Descriptor;

/// How many sessions are opened ahead in the life of a repository.
pub(super) const MOST: usize = 4;
/// How long the end of a run waits for sessions to be given up.
const PARTING: Duration = Duration::from_millis(250);

/// What was opened ahead.
#[derive(Default)]
pub(in super::super) struct Ahead {
    /// How many sessions.
    begun: AtomicUsize,
    /// Those that are being given up.
    parting: Mutex<Vec<JoinHandle<()>>>,
}

impl Ahead {
    /// Counts one more, if there may be one.
    fn begin(&self) -> bool {
        let more = |begun| (begun < MOST).then_some(begun + 1);
        self.begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

impl Repository {
    /// Whether a blob is missing; if so, the session for it may be open then.
    pub(in super::super) async fn lacks_blob(&self, blob: &Descriptor) -> Result<bool> {
        // The empty one is missing in a new repository only, and of those that were asked something most are not new.
        if blob.digest == Descriptor::empty().digest && self.client().has_answered() {
            return self.exists(blob).await.map(|there| !there);
        }
        // The search comes first in everything, so that nothing else is what a registry is opened by, or refuses.
        let looking = self.exists(blob);
        let may_go = pin!(self.client().may_go_ahead());
        let looking = match select(looking, may_go).await {
            Either::Right((true, looking)) if self.shared.ahead.begin() => looking,
            Either::Right((_, looking)) => return looking.await.map(|there| !there),
            Either::Left((there, _)) => return there.map(|there| !there),
        };
        let opening = tokio::spawn(self.clone().open_ahead());
        let there = looking.await;
        if let Ok(false) = there {
            if let Ok(Some(session)) = opening.await {
                locked(&self.shared.sessions).insert(blob.digest.clone(), session);
            }
        } else {
            let repository = self.clone();
            let parting = tokio::spawn(async move {
                if let Ok(Some(session)) = opening.await {
                    repository.give_up(&session).await;
                }
            });
            locked(&self.shared.ahead.parting).push(parting);
        }
        there.map(|there| !there)
    }

    /// A session, if it can be had at once.
    async fn open_ahead(self) -> Option<Session> {
        let response = self.client().send_as_known(&self.opening().once()).await.ok()?;
        self.opened(response).await.ok()
    }

    /// Gives up the sessions that nothing was put into.
    pub(in super::super) async fn give_up_rest(&self) {
        let left = std::mem::take(&mut *locked(&self.shared.sessions));
        let parting = std::mem::take(&mut *locked(&self.shared.ahead.parting));
        let left = join_all(left.values().map(|session| self.give_up(session)));
        let all = join(left, join_all(parting));
        // Whether they have ended is for the registry to know.
        drop(tokio::time::timeout(PARTING, all).await);
    }
}
