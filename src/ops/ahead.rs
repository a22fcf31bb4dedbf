//! What is done for an artifact while its subject is still being looked for.
//!
//! Over a long line the subject is waited for, and the files can be read and the first few of them be looked for meanwhile.
//! Nothing else is different by it. Only when the subject was found is anything told of the files, and their failures come
//! after its own. The requests are few, go only where they are worth it, and leave nothing behind; each is sent once and
//! asks for no password, and what is not answered is asked again by whoever needs it.
//!
//! What does not belong here: what is made of the subject and the files.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use tokio::sync::Semaphore;

use super::pack::Packed;
use crate::content::Target;
use crate::error::Result;
use crate::oci::Descriptor;
use crate::progress::{Event, Reporter};
use crate::transfer::{Known, Limits, parse};

/// How many blobs are looked for before the subject is known.
const MOST: usize = 8;
/// How long their answers are waited for when the subject is known. They left with its own request.
const PATIENCE: Duration = Duration::from_millis(250);

/// Keeps back what is told of files until their subject is known.
pub(super) struct Held {
    reporter: Arc<dyn Reporter>,
    /// The titles of files, and nothing where there is none; no longer kept when the subject is known.
    kept: Mutex<Option<Vec<Option<String>>>>,
    /// Closed when the subject is known. There are no permits.
    known: Semaphore,
}

impl Held {
    pub(super) fn new(reporter: Arc<dyn Reporter>) -> Self {
        Self { reporter, kept: Mutex::new(Some(Vec::new())), known: Semaphore::new(0) }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Vec<Option<String>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what was kept back, and from now on everything at once.
    fn release(&self) {
        let mut kept = self.kept();
        for title in kept.take().into_iter().flatten() {
            self.reporter.report(title.as_deref().map_or(Event::Empty, Event::Preparing));
        }
        self.known.close();
    }

    /// Waits until the subject is known.
    async fn released(&self) {
        drop(self.known.acquire().await);
    }
}

impl Reporter for Held {
    fn report(&self, event: Event<'_>) {
        match (self.kept().as_mut(), event) {
            (Some(kept), Event::Preparing(title)) => kept.push(Some(title.to_owned())),
            (Some(kept), Event::Empty) => kept.push(None),
            // Nothing else is told of files before they are sent.
            _ => self.reporter.report(event),
        }
    }
}

/// Does something while the subject is looked for, and gives both. What goes wrong with the subject comes first, and then
/// the rest is not waited for.
pub(super) async fn beside<T>(
    subject: impl Future<Output = Result<Descriptor>>,
    work: impl Future<Output = Result<T>>,
    held: &Held,
) -> Result<(Descriptor, T)> {
    let (subject, done) = match select(pin!(subject), pin!(work)).await {
        Either::Left((subject, work)) => {
            let subject = subject?;
            held.release();
            (subject, work.await)
        }
        Either::Right((done, subject)) => {
            let subject = subject.await?;
            held.release();
            (subject, done)
        }
    };
    Ok((subject, done?))
}

/// Looks for the first few small blobs of what was packed, unless the subject is known before that is begun.
pub(super) async fn look(packed: &Packed, target: &dyn Target, held: &Held) -> Known {
    let known = Known::default();
    let Ok(document) = parse(&packed.root, &packed.bytes) else { return known };
    let released = pin!(held.released());
    let Either::Right((true, _)) = select(released, target.may_go_ahead()).await else { return known };
    let mut met = HashSet::new();
    let small = |node: &&Descriptor| !node.is_manifest() && Limits::is_small(node);
    let blobs = document.children().filter(small).filter(|node| met.insert(&node.digest)).take(MOST);
    let looks = join_all(blobs.map(|node| async {
        if let Some(there) = target.glance(node).await {
            known.found(node, there);
        }
    }));
    patiently(looks, held).await;
    known
}

/// Waits for answers, and when the subject is known only a moment longer.
async fn patiently(answers: impl Future, held: &Held) {
    let moment = async {
        held.released().await;
        tokio::time::sleep(PATIENCE).await;
    };
    select(pin!(answers), pin!(moment)).await;
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::error::Error;
    use crate::transfer::rigged::Heard;

    fn subject() -> Descriptor {
        Descriptor::of("a/b", b"subject")
    }

    fn held() -> (Arc<Heard>, Held) {
        let heard = Arc::new(Heard::default());
        (Arc::clone(&heard), Held::new(heard))
    }

    #[tokio::test]
    async fn a_subject_that_fails_is_told_first_and_waits_for_nothing() {
        let failed = |text: &str| Error::invalid(text.to_owned());
        let (heard, held) = held();
        let late = async {
            tokio::task::yield_now().await;
            Err(failed("subject"))
        };
        let works = async {
            held.report(Event::Preparing("a"));
            Err::<(), _>(failed("work"))
        };
        let told = [
            beside(late, works, &held).await.unwrap_err().to_string(),
            beside(ready(Err(failed("subject"))), pending::<Result<()>>(), &held)
                .await
                .unwrap_err()
                .to_string(),
        ];
        assert_eq!(told, ["subject"; 2]);
        assert!(heard.lines().is_empty());
        let told =
            beside(ready(Ok(subject())), ready(Err::<(), _>(failed("work"))), &held).await.unwrap_err();
        assert_eq!((told.to_string().as_str(), heard.lines().len()), ("work", 1));
    }

    #[tokio::test]
    async fn what_was_kept_back_is_told_in_order_as_soon_as_the_subject_is_known() {
        let (heard, held) = held();
        let (found, finding) = tokio::sync::oneshot::channel();
        let looked_for = async { Ok(finding.await.unwrap()) };
        let works = async {
            held.report(Event::Preparing("a"));
            held.report(Event::Preparing("b"));
            assert!(heard.lines().is_empty());
            found.send(subject()).unwrap();
            held.released().await;
            assert_eq!(heard.lines(), ["Preparing a", "Preparing b"]);
            held.report(Event::Preparing("c"));
            Ok(())
        };
        assert_eq!(beside(looked_for, works, &held).await.unwrap(), (subject(), ()));
        assert_eq!(heard.lines(), ["Preparing a", "Preparing b", "Preparing c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_do_not_come_are_waited_for_a_moment_after_the_subject() {
        let (_, held) = held();
        let start = tokio::time::Instant::now();
        let late = async {
            tokio::time::sleep(4 * PATIENCE).await;
            Ok(subject())
        };
        let works = async {
            patiently(pending::<()>(), &held).await;
            Ok(())
        };
        beside(late, works, &held).await.unwrap();
        assert_eq!(start.elapsed(), 5 * PATIENCE);
    }
}
