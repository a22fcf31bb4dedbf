//! What every command is given: the streams, the surroundings, and the record of what it works on.
//!
//! What does not belong here: what any one command needs alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oras::error::IoContext;

use super::env::Env;
use super::failure::{Failure, Scene};
use super::log::{Level, Log};
use super::output::events::Events;
use super::signals::Signals;
use super::terminal::Terminal;

/// How long work that was given up may take to notice and to remove its unfinished files.
const PATIENCE: Duration = Duration::from_millis(800);

/// A block so large that the allocator maps it alone, and larger than any piece of a transfer.
const BLOCK: usize = 2 << 20;

/// The surroundings of a command. A clone is the same.
#[derive(Clone)]
pub(crate) struct App {
    /// The streams.
    pub(crate) terminal: Terminal,
    /// Environment, folders and clock.
    pub(crate) env: Env,
    /// What is said on stderr with the time.
    pub(crate) log: Arc<Log>,
    /// What happens, for programs.
    pub(crate) events: Arc<Events>,
    scene: Arc<Mutex<Scene>>,
}

impl App {
    /// The surroundings of the command that is typed so, and how much is to be told of its work.
    pub(crate) fn new(terminal: Terminal, env: Env, command: String, level: Level) -> Self {
        let scene = Scene { command, ..Scene::default() };
        let log = Arc::new(Log::new(terminal.clone(), env.clone(), level));
        let events = Arc::new(Events::new(terminal.clone()));
        Self { terminal, env, log, events, scene: Arc::new(Mutex::new(scene)) }
    }

    /// What is known of the run so far, for the words of a failure.
    pub(crate) fn scene(&self) -> Scene {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds to what is known of the run.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Scene)) {
        note(&mut self.scene.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Does the work of a command; a signal, or a stdout that nobody reads, ends it.
    pub(crate) fn wait(&self, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        self.run(self.unless_ended(Box::pin(work)))
    }

    /// One function for the work of all commands: written out for each, it would be 4 % of the program. It owns the work,
    /// so that what goes on beside it sees its end while there still is time to clean up.
    async fn unless_ended(
        &self,
        work: Pin<Box<dyn Future<Output = Result<(), Failure>> + '_>>,
    ) -> Result<(), Failure> {
        // Listened for before any work is done.
        let signals = Signals::listen()?;
        tokio::select! {
            biased;
            ending = signals.first() => Err(ending.failure()),
            failure = self.terminal.closed() => Err(failure),
            done = work => done,
        }
    }

    /// Does the work of a command that looks after signals by itself.
    #[expect(clippy::unused_self, reason = "work is done for somebody")]
    pub(crate) fn run<F>(&self, work: F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>>,
    {
        keep_memory();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().at("clone", "thread")?;
        let done = runtime.block_on(work);
        runtime.shutdown_timeout(PATIENCE);
        done
    }

    /// Does work that looks at the clock by itself, and leaves behind what it has begun. Where no thread can be had it is
    /// not done.
    #[expect(clippy::unused_self, reason = "work is done for somebody")]
    pub(crate) fn glance(&self, work: impl Future<Output = ()>) {
        if let Ok(runtime) =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
        {
            runtime.block_on(work);
            runtime.shutdown_background();
        }
    }
}

/// Has the allocator of glibc keep what is given back to it. As it comes, it hands the end of an arena to the system
/// whenever 128 KiB there are free, and a transfer, whose buffers are larger, asks for the same pages again at once:
/// some 70,000 page faults and 200 system calls a GiB. A block that was mapped alone and is given back raises that bound
/// to twice its size (`M_TRIM_THRESHOLD` in mallopt(3)). Its pages are never touched. To other allocators it is nothing.
fn keep_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(BLOCK)));
}
