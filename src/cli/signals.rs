//! Signals that end the program: Ctrl-C, and SIGTERM where there are signals.
//!
//! The first one ends the work in good order, the second one ends the program at once, as does the first where the
//! work does not let itself be ended because it waits for a system call. Nothing is installed before there is work, so
//! that a program which has not begun ends as the system ends it.
//!
//! What does not belong here: what is cleaned up, which is done by dropping the work.

use std::time::Duration;

use oras::error::{Error, IoContext, Kind, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::failure::Failure;

/// How long work may take to notice that it is over.
const PATIENCE: Duration = Duration::from_millis(900);

/// What ended the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Somebody at the keyboard.
    Interrupt,
    /// Whoever looks after processes.
    Terminate,
}

/// The signals that are listened for.
pub(crate) struct Signals {
    first: oneshot::Receiver<Ending>,
    watch: JoinHandle<()>,
}

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self> {
        let source = system::Source::open()?;
        let (tell, first) = oneshot::channel();
        // A task of its own, so that it hears the signal also where the work blocks the thread that it runs on.
        let watch = tokio::spawn(async move {
            let ending = source.first().await;
            if tell.send(ending).is_ok() {
                tokio::time::sleep(PATIENCE).await;
                system::end_by(ending);
            }
        });
        Ok(Self { first, watch })
    }

    /// Waits for the first one.
    pub(crate) async fn first(self) -> Ending {
        let Ok(ending) = self.first.await else { return std::future::pending().await };
        self.watch.abort();
        ending
    }
}

impl Ending {
    /// The failure of a command that was ended so.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Interrupt => Error::new(Kind::Interrupted).into(),
            Self::Terminate => Failure::terminated(),
        }
    }

    /// Ends the program as the signal would have ended it, if that is how programs are ended here.
    pub(crate) fn end_program(self) {
        system::end_by(self);
    }
}

#[cfg(unix)]
mod system {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::{flag, low_level};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Ending, IoContext, Result};

    pub(super) struct Source {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Source {
        pub(super) fn open() -> Result<Self> {
            let over = Arc::new(AtomicBool::new(false));
            for (name, number) in [("SIGINT", SIGINT), ("SIGTERM", SIGTERM)] {
                // In this order: the one that sets the flag does not find it set.
                flag::register_conditional_default(number, Arc::clone(&over)).at("signal", name)?;
                flag::register(number, Arc::clone(&over)).at("signal", name)?;
            }
            let interrupt = signal(SignalKind::interrupt()).at("signal", "SIGINT")?;
            let terminate = signal(SignalKind::terminate()).at("signal", "SIGTERM")?;
            Ok(Self { interrupt, terminate })
        }

        pub(super) async fn first(mut self) -> Ending {
            tokio::select! {
                _ = self.interrupt.recv() => Ending::Interrupt,
                _ = self.terminate.recv() => Ending::Terminate,
            }
        }
    }

    pub(super) fn end_by(ending: Ending) {
        let number = match ending {
            Ending::Interrupt => SIGINT,
            Ending::Terminate => SIGTERM,
        };
        // It does not return, or the program ends as after any failure.
        let _ = low_level::emulate_default_handler(number);
    }
}

#[cfg(not(unix))]
mod system {
    use tokio::signal::windows::{CtrlC, ctrl_c};

    use super::{Ending, IoContext, Result};

    pub(super) struct Source(CtrlC);

    impl Source {
        pub(super) fn open() -> Result<Self> {
            Ok(Self(ctrl_c().at("signal", "Ctrl-C")?))
        }

        pub(super) async fn first(mut self) -> Ending {
            self.0.recv().await;
            Ending::Interrupt
        }
    }

    /// There is no such end here.
    pub(super) fn end_by(_: Ending) {}
}
