//! Work on threads that may block: short, a few at a time, or long, as long as anybody waits for it.
//!
//! A thread cannot be stopped from outside. Long work is told by its [`Wanted`] that its result is not wanted any more,
//! because whoever waited for it was dropped, and ends at the next look. What it made so far goes as after any failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use crate::error::{Error, Kind, Result};

/// Turns of short pieces of work with files, of which 16 are done at once. A clone has the same ones.
///
/// A thread takes some hundred KiB, with its stack and its part of the heap, and no disk is faster with more of them.
/// They belong to those whose work it is, and not to the program, so that who waits for a lock does not hold up others.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(16)))
    }
}

impl Turns {
    /// Does a piece of work when it is its turn. It must not need another turn.
    pub async fn during<F: Future>(&self, work: F) -> F::Output {
        // Nobody closes it.
        let _turn = self.0.acquire().await.ok();
        work.await
    }

    /// Does a piece of work on a thread that may block when it is its turn.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn briefly<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        self.during(async { super::joined(tokio::task::spawn_blocking(work).await) }).await
    }
}

/// Whether the result of some work is still waited for. A clone tells the same.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    given_up: Arc<AtomicBool>,
}

impl Wanted {
    /// Fails when nobody waits any more. To be asked between pieces of the work.
    ///
    /// # Errors
    /// [`Kind::Interrupted`]: it was given up.
    pub fn check(&self) -> Result<()> {
        if self.given_up.load(Ordering::Relaxed) { Err(Error::new(Kind::Interrupted)) } else { Ok(()) }
    }
}

/// Gives the work up when it is dropped. After the end of the work that changes nothing.
struct Waiting(Wanted);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.given_up.store(true, Ordering::Relaxed);
    }
}

/// Does work on a thread that may block. Dropping this tells the work to end.
///
/// # Errors
/// Those of the work.
pub async fn work<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Wanted) -> Result<T> + Send + 'static,
{
    let waiting = Waiting(Wanted::default());
    let wanted = waiting.0.clone();
    super::joined(tokio::task::spawn_blocking(move || work(&wanted)).await)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_is_waited_for_is_done() {
        let done = work(|wanted| wanted.check().map(|()| 3)).await;
        assert_eq!(done.unwrap(), 3);
    }

    #[tokio::test]
    async fn only_so_many_have_a_turn_at_once() {
        let (turns, most, now) = (Turns::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = (0..100).map(|_| {
            turns.during(async {
                most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::Relaxed);
            })
        });
        futures_util::future::join_all(work).await;
        assert_eq!((most.into_inner(), now.into_inner()), (16, 0));
        assert_eq!(turns.briefly(|| Ok(3)).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_hears_of_it() {
        let (started, begun) = tokio::sync::oneshot::channel();
        let (tell, told) = mpsc::channel();
        let endless = work(move |wanted| {
            started.send(()).unwrap();
            while wanted.check().is_ok() {
                std::thread::yield_now();
            }
            tell.send("ended").unwrap();
            Ok(())
        });
        tokio::select! {
            biased;
            done = endless => done.unwrap(),
            _ = begun => {}
        }
        assert_eq!(told.recv().unwrap(), "ended");
    }
}
