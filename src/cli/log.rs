//! What is said on stderr with the time and a level, as oras does it for warnings.
//!
//! Warnings and what is tried again are always told; a registry may send the same one with every answer, and it is told once a run. What is
//! sent and answered is told with `--debug` only.
//!
//! What does not belong here: failures, and warnings of what was typed, which have no time.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use oras::error::Error;
use oras::transport::{Answered, Observer, Retrying, Sent};

use super::env::Env;
use super::output::events::Notice;
use super::output::text::visible;
use super::output::{retries, trace};
use super::terminal::Terminal;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Warnings.
    Warnings,
    /// Everything: `--debug`.
    Debug,
}

/// The log of one run.
pub(crate) struct Log {
    terminal: Terminal,
    env: Env,
    level: Level,
    exchanges: AtomicU64,
    warned: Mutex<HashSet<(String, String)>>,
}

impl Log {
    /// A log on stderr.
    pub(crate) fn new(terminal: Terminal, env: Env, level: Level) -> Self {
        Self { terminal, env, level, exchanges: AtomicU64::default(), warned: Mutex::default() }
    }

    /// Something the user should know of, although it is no failure.
    pub(crate) fn warning(&self, message: &str) {
        self.entry("WARNING", message);
        self.terminal.event(&Notice::Warning { message: message.trim_end(), host: None });
    }

    /// Whether everything is told.
    pub(crate) fn is_debug(&self) -> bool {
        self.level == Level::Debug
    }

    fn debug(&self, name: &str, message: impl FnOnce() -> String) {
        if self.is_debug() {
            let message = message();
            self.entry(name, &message);
            self.terminal.event(&Notice::Debug { message: &message });
        }
    }

    /// An entry is printed whole, so that those of exchanges at the same time do not mix.
    fn entry(&self, name: &str, message: &str) {
        self.terminal.say(&format!("[{}][{name}]: {message}\n\n", self.env.local_time()));
    }
}

impl Observer for Log {
    fn sent(&self, request: &Sent<'_>) -> u64 {
        let exchange = self.exchanges.fetch_add(1, Ordering::Relaxed);
        self.debug("DEBUG", || trace::request(exchange, request));
        exchange
    }

    fn answered(&self, exchange: u64, answer: &Answered<'_>) {
        self.debug("DEBUG", || trace::answer(exchange, answer));
    }

    fn failed(&self, exchange: u64, error: &Error) {
        self.debug("ERROR", || trace::failure(exchange, error));
    }

    fn retrying(&self, retry: &Retrying<'_>) {
        self.terminal.say(&retries::line(retry));
        self.terminal.event(&retries::notice(retry));
    }

    fn wants_bodies(&self) -> bool {
        self.is_debug()
    }

    fn warned(&self, registry: &str, text: &str) {
        let warning = (registry.to_owned(), text.to_owned());
        if self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(warning) {
            self.entry("WARNING", &format!("{}\n[Data]:\n  registry={registry}", visible(text)));
            self.terminal.event(&Notice::Warning { message: text, host: Some(registry) });
        }
    }
}
